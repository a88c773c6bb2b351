"""A protocol's own configuration file, JSON, with every number exact."""

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn

from trimtab.adapters.files.encoding import read_text
from trimtab.units import DataError

TEXT_LENGTH_MAX = 16 * 2**20


def read_configuration(path: Path) -> dict[str, Any]:
    """Return the object of a JSON file: integers as `int`, decimals as `Decimal`, never a float.

    Raises:
        DataError: missing, unreadable, too long, not JSON or no object; says where.
    """
    text = read_text(path)
    if len(text) > TEXT_LENGTH_MAX:
        limit = f"at most {TEXT_LENGTH_MAX} characters"
        raise DataError("the file is too long", where=path.name, expected=limit)
    try:
        found = json.loads(text, parse_float=Decimal, parse_constant=_refused)
    except RecursionError:
        raise DataError("the objects are nested too deeply", where=path.name) from None
    except json.JSONDecodeError as error:
        raise DataError(
            "the file is not JSON", where=path.name, row=error.lineno, found=error.msg
        ) from None
    except (ValueError, InvalidOperation) as error:
        raise DataError("a number cannot be read", where=path.name, found=str(error)) from None
    if not isinstance(found, dict):
        raise DataError("the file holds no object", where=path.name, expected="{...}")
    return found


def _refused(constant: str) -> NoReturn:
    raise ValueError(constant)
