"""Read the files of recorded cases: schemas lending-vectors/2 and derivatives-vectors/2."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NoReturn

from trimtab.apps.conformance.tolerance import Tolerance, number_of, parse_tolerance
from trimtab.units import DataError


@dataclass(frozen=True, slots=True)
class RecordedCase:
    """One case of one rule.

    Args:
        rule: the stable name that the case is run by.
        label: what the file calls the case; shown, and never decided by.
        inputs: as the file has them.
        expected: a mapping, a list or one value.
        tolerance: of the numbers in `expected`.
    """

    rule: str
    label: str
    inputs: Mapping[str, Any]
    expected: Any
    tolerance: Tolerance


def read_cases(path: Path) -> list[RecordedCase]:
    """Return the cases of a file, in its order.

    Raises:
        DataError: no such file, no JSON, another schema, or a case without rule, inputs, expected
            or tolerance.
    """
    content = _parsed(path)
    schema = content.get("schema") if isinstance(content, dict) else None
    read = _READERS.get(schema) if isinstance(schema, str) else None
    if read is None:
        raise DataError(
            "the file has no schema that is known here",
            where=str(path),
            found=str(schema),
            expected=" or ".join(_READERS),
        )
    entries = content.get("vectors")
    if not isinstance(entries, list):
        raise DataError("the file has no list of vectors", where=str(path))
    return [
        case
        for row, entry in enumerate(entries, start=1)
        for case in _located(path, row, entry=entry, read=read)
    ]


def whole(inputs: Mapping[str, Any], name: str) -> int:
    """Return the integer that the inputs hold under a name, signed, exactly.

    Raises:
        DataError: nothing there, or no integer.
    """
    value = number_of(inputs.get(name))
    if value is None or value.denominator != 1:
        raise DataError(
            "the input is not an integer",
            column=name,
            found=str(inputs.get(name)),
            expected="decimal digits",
        )
    return value.numerator


def _parsed(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text, parse_float=Decimal, parse_constant=_not_finite)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError("the file cannot be read", where=str(path), hint=reason) from None
    except (ValueError, RecursionError) as error:
        raise DataError("the file is not JSON", where=str(path), hint=str(error)) from None


def _not_finite(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


Reader = Callable[[Mapping[str, Any]], Iterator[RecordedCase]]


def _located(path: Path, row: int, *, entry: Any, read: Reader) -> list[RecordedCase]:
    try:
        return list(read(_mapping(entry, "the vector")))
    except DataError as error:
        raise error.located(where=str(path), row=row) from None


def _lending(entry: Mapping[str, Any]) -> Iterator[RecordedCase]:
    tolerance = parse_tolerance(entry.get("tolerance"))
    yield _case(entry, _rule(entry), label=str(entry.get("id", "")), tolerance=tolerance)


def _derivatives(group: Mapping[str, Any]) -> Iterator[RecordedCase]:
    rule, tolerance = _rule(group), parse_tolerance(group.get("tolerance"))
    cases = group.get("cases")
    if not isinstance(cases, list):
        raise DataError("the group has no list of cases", column="cases")
    for case in cases:
        entry = _mapping(case, "the case")
        yield _case(entry, rule, label=str(entry.get("case", "")), tolerance=tolerance)


_READERS: Final[Mapping[str, Reader]] = {
    "lending-vectors/2": _lending,
    "derivatives-vectors/2": _derivatives,
}


def _case(entry: Mapping[str, Any], rule: str, *, label: str, tolerance: Tolerance) -> RecordedCase:
    if "expected" not in entry:
        raise DataError("the case says nothing that is expected", column="expected", found=label)
    inputs = _mapping(entry.get("inputs"), "the case's inputs")
    return RecordedCase(rule, label, inputs, entry["expected"], tolerance)


def _rule(entry: Mapping[str, Any]) -> str:
    rule = entry.get("rule")
    if not isinstance(rule, str) or not rule:
        raise DataError("the vector names no rule", column="rule", found=str(rule))
    return rule


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"{what} is no object", found=str(value))
    return value
