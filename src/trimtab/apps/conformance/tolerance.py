"""When an answer counts as the expected one: exactly, or within the bound that the case states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from trimtab.units import DataError

_SUFFIX: Final = "_tolerance"
_TARGET: Final = "_target"
_WITHIN: Final = "within_tolerance"
_SHOWN_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far an answer may lie from the expected number.

    Args:
        bound: largest distance; 0 is exact.
        relative: the bound is a fraction of the expected magnitude, not a distance.
        absolute_below: with `relative`, expected magnitudes under this are held to the bound as a
            distance.
    """

    bound: Fraction = Fraction(0)
    relative: bool = False
    absolute_below: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        assert self.bound >= 0, f"negative bound: {self.bound}"

    def covers(self, expected: Fraction, found: Fraction) -> bool:
        """Return whether `found` is close enough to `expected`; the bound itself is inside."""
        scale = Fraction(1)
        if self.relative and abs(expected) >= self.absolute_below:
            scale = abs(expected)
        return abs(found - expected) <= self.bound * scale


EXACT: Final = Tolerance()


def parse_tolerance(spec: Any) -> Tolerance:
    """Return the tolerance that a file's `tolerance` object states.

    Args:
        spec: `{"type": "exact"}`, `{"type": "relative", "value": r, "absolute_below": b}` or
            `{"type": "absolute", "value": a}`; numbers or decimal texts.

    Raises:
        DataError: another form.
    """
    kind = spec.get("type") if isinstance(spec, Mapping) else None
    if kind == "exact":
        return EXACT
    if kind not in ("relative", "absolute"):
        raise DataError(
            "the tolerance is of no known type",
            found=str(kind),
            expected="exact, relative or absolute",
        )
    bound, below = number_of(spec.get("value")), number_of(spec.get("absolute_below", 0))
    if bound is None or bound < 0 or below is None:
        raise DataError("the tolerance has no usable value", found=str(spec.get("value")))
    return Tolerance(bound, relative=kind == "relative", absolute_below=below)


def number_of(value: Any) -> Fraction | None:
    """Return the exact value of a number or of the text of one; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal | Fraction):
        return None
    if isinstance(value, str) and "/" in value:
        return None
    try:
        return Fraction(value)
    except (ValueError, OverflowError):
        return None


def differences(expected: Any, found: Any, *, tolerance: Tolerance) -> list[str]:
    """Return what is wrong with an answer, one line per place; empty when it is the expected one.

    Args:
        expected: the case's `expected`.
        found: what the rule answered; keys that are not expected are ignored.
        tolerance: of every number, save those with a bound of their own inside `expected`: a key
            `x_tolerance` bounds `x`, `x_y` and `x_y_target` (answered as `x_y`) as a distance, and
            `within_tolerance` is the truth that all of them keep it.
    """
    if not isinstance(expected, Mapping) and isinstance(found, Mapping) and len(found) == 1:
        (found,) = found.values()
    return list(_differences(expected, found, tolerance=tolerance, place=""))


def _differences(expected: Any, found: Any, *, tolerance: Tolerance, place: str) -> Iterator[str]:
    if isinstance(expected, Mapping):
        yield from _of_mapping(expected, found, tolerance=tolerance, place=place)
    elif _is_list(expected):
        yield from _of_list(expected, found, tolerance=tolerance, place=place)
    elif not _alike(expected, found, tolerance=tolerance):
        yield _complaint(place, expected, found=found)


def _of_mapping(
    expected: Mapping[str, Any], found: Any, *, tolerance: Tolerance, place: str
) -> Iterator[str]:
    if not isinstance(found, Mapping):
        yield _complaint(place, expected, found=found)
        return
    bounds = {key: bound for key in expected if (bound := _bound_for(key, expected)) is not None}
    yield from _of_bounded(expected, found, bounds=bounds, place=place)
    stated = {key for key in expected if bounds and key.endswith(_SUFFIX)}
    for key in expected.keys() - bounds.keys() - stated:
        where = f"{place}.{key}" if place else key
        if key not in found:
            yield f"{where}: not answered"
        else:
            yield from _differences(expected[key], found[key], tolerance=tolerance, place=where)


def _of_bounded(
    expected: Mapping[str, Any],
    found: Mapping[str, Any],
    *,
    bounds: Mapping[str, Fraction],
    place: str,
) -> Iterator[str]:
    wrong = []
    for key, bound in bounds.items():
        answer = found.get(key.removesuffix(_TARGET))
        if not _alike(expected[key], answer, tolerance=Tolerance(bound)):
            wrong.append(
                _complaint(f"{place}.{key}" if place else key, expected[key], found=answer)
            )
    if not bounds:
        return
    if expected.get(_WITHIN, True) is True:
        yield from wrong
    elif not wrong:
        yield f"{place}.{_WITHIN}: expected {expected[_WITHIN]}, found True".removeprefix(".")


def _bound_for(key: str, expected: Mapping[str, Any]) -> Fraction | None:
    """The bound that `expected` itself sets on a key: of the longest prefix that has one."""
    if key.endswith(_SUFFIX):
        return None
    name = key.removesuffix(_TARGET)
    while name:
        bound = number_of(expected.get(name + _SUFFIX))
        if bound is not None:
            return bound
        name = name.rpartition("_")[0]
    return None


def _of_list(
    expected: Sequence[Any], found: Any, *, tolerance: Tolerance, place: str
) -> Iterator[str]:
    if not _is_list(found) or len(found) != len(expected):
        yield _complaint(place, expected, found=found)
        return
    for index, (one, other) in enumerate(zip(expected, found, strict=True)):
        yield from _differences(one, other, tolerance=tolerance, place=f"{place}[{index}]")


def _alike(expected: Any, found: Any, *, tolerance: Tolerance) -> bool:
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    wanted, given = number_of(expected), number_of(found)
    if wanted is None or given is None:
        return type(expected) is type(found) and bool(expected == found)
    return tolerance.covers(wanted, given)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _complaint(place: str, expected: Any, *, found: Any) -> str:
    words = f"expected {_shown(expected)}, found {_shown(found)}"
    return f"{place}: {words}" if place else words


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 3] + "..."
