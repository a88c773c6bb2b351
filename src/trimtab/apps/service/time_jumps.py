"""Leaps of the venue's time: interest runs through them at once, and nobody sees it run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trimtab.engine import Draft, MemoryStore
from trimtab.units import NANOSECONDS, Time, format_decimal, mul_div_down, mul_div_up

DAY_NS = 86_400 * NANOSECONDS
KEPT_MAX = 10
WHAT_TO_DO = "replay the case (--speed), or serve a book of today"


@dataclass(frozen=True, slots=True)
class Jump:
    """The venue's time went from one moment to another at once (ns UTC).

    The debts are of the whole venue (wad of the quote, rounded up), at the prices before; what
    lies between them is the interest of the time that was leapt over.
    """

    from_ns: int
    to_ns: int
    debt_before_wad: int
    debt_after_wad: int

    @property
    def interest_wad(self) -> int:
        """What was accrued, wad of the quote."""
        return self.debt_after_wad - self.debt_before_wad


class TimeWatch:
    """Notes where the venue's time leaps by more than a day; the writer's alone, others read."""

    def __init__(self, at_ns: int, told: Callable[[Jump], object]) -> None:
        """Begin at the venue's time.

        Arguments:
            told: hears of each leap, on the writer's thread: it must return at once.
        """
        self.jumps: tuple[Jump, ...] = ()
        self._at_ns = at_ns
        self._told = told

    def reach(self, at_ns: int, store: MemoryStore, *, expected: bool) -> None:
        """Look at the time of the next unit of work, before it is done.

        Arguments:
            expected: whether the time is the work's own, as a replayed row's.
        """
        before_ns, self._at_ns = self._at_ns, max(self._at_ns, at_ns)
        if expected or at_ns - before_ns <= DAY_NS:
            return
        jump = Jump(before_ns, at_ns, debt_wad(store, before_ns), debt_wad(store, at_ns))
        self.jumps = (*self.jumps, jump)[-KEPT_MAX:]
        self._told(jump)


def debt_wad(store: MemoryStore, at_ns: int) -> int:
    """What all accounts owe at a time, at the prices that stand; wad of the quote, rounded up.

    Assets without a price count nothing.
    """
    draft, total = Draft(store, at_ns), 0
    for asset in draft.rules.assets:
        mark = draft.mark_if_priced(asset)
        if mark is not None:
            total += mark.pool.borrowed * mark.unit
    return mul_div_up(total, 1, 10**36)


def about_jump(jump: Jump, quote: str) -> dict[str, Any]:
    """A leap as the log tells it: times ISO 8601 UTC, amounts in the quote."""
    return {
        "from": Time(jump.from_ns).text(),
        "to": Time(jump.to_ns).text(),
        "days": days_of(jump),
        "debt_before": amount_text(jump.debt_before_wad),
        "debt_after": amount_text(jump.debt_after_wad),
        "interest": amount_text(jump.interest_wad),
        "quote": quote,
        "advice": WHAT_TO_DO,
    }


def jump_text(jump: Jump, quote: str) -> str:
    """A leap in one sentence for people."""
    return (
        f"the venue's time leapt {days_of(jump):,} days, from {_second(jump.from_ns)} to "
        f"{_second(jump.to_ns)}: {_grouped(jump.interest_wad)} {quote} of interest was "
        f"accrued at once, debt {_grouped(jump.debt_before_wad)} to "
        f"{_grouped(jump.debt_after_wad)}; if that is not meant, {WHAT_TO_DO}"
    )


def days_of(jump: Jump) -> int:
    """Whole days that were leapt over."""
    return mul_div_down(jump.to_ns - jump.from_ns, 1, DAY_NS)


def _second(at_ns: int) -> str:
    return Time(mul_div_down(at_ns, 1, NANOSECONDS) * NANOSECONDS).text()


def _grouped(amount_wad: int) -> str:
    whole, _, cents = amount_text(amount_wad).partition(".")
    return f"{int(whole):,}" + (f".{cents:0<2}" if cents else "")


def amount_text(amount_wad: int) -> str:
    """A value in the quote to two decimals, rounded up, as decimal text."""
    return format_decimal(mul_div_up(amount_wad, 100, 10**18), 2)
