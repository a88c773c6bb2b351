"""TOML to plain tables, with every decimal kept as the text it was written in."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trimtab.adapters.files.encoding import read_text
from trimtab.units import RulesError

# The parser's time is quadratic in the depth of a dotted key: a short line bounds it.
TEXT_LENGTH_MAX = 4 * 2**20
LINE_LENGTH_MAX = 2**14

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class DecimalText:
    """A TOML float as written, so that it never becomes one."""

    text: str


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file; a float in it is a `DecimalText`.

    Raises:
        DataError: missing, unreadable or not UTF-8.
        RulesError: no TOML; the row says where.
    """
    text = read_text(path)
    longest = max((len(line) for line in text.splitlines()), default=0)
    if len(text) > TEXT_LENGTH_MAX or longest > LINE_LENGTH_MAX:
        raise RulesError(
            "the file is too long",
            where=path.name,
            expected=f"at most {TEXT_LENGTH_MAX} characters, {LINE_LENGTH_MAX} in a line",
        )
    try:
        return tomllib.loads(text, parse_float=DecimalText)
    except RecursionError:
        raise RulesError("the tables are nested too deeply", where=path.name) from None
    except ValueError as error:
        # Not every one is a TOMLDecodeError: an integer of 5,000 digits is a plain ValueError.
        raise _not_toml(str(error), where=path.name) from None


def _not_toml(reason: str, *, where: str) -> RulesError:
    place = _PLACE.search(reason)
    row = int(place[1]) if place and place[1] else None
    clause = reason[: place.start()] if place else reason
    return RulesError("the file is not TOML", where=where, row=row, found=clause)
