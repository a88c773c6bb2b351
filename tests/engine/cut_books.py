"""One long against three shorts, and what cutting them tells."""

from __future__ import annotations

from tests.engine.markets import PERP, cash, held, opened, rules_with
from tests.engine.venues import at
from trimtab.model import (
    AdlPolicy,
    AdlPrice,
    DeleveragingRules,
    EventKind,
    Payer,
    commands,
)
from trimtab.units import WAD

SHORTS = ("lean", "rich", "third")


def adl(key: str = "a", names=SHORTS, *, size=None, seconds: int = 0):
    return commands.Deleverage(at(seconds), key, PERP, tuple(names), size)


def venue(policy=AdlPolicy.WATER_FILL, price=AdlPrice.BANKRUPTCY, **sections):
    """a is long 10 on 2,000; three shorts of leverage 10, 4 and 0.1 at 2,000."""
    rules = rules_with(deleveraging=DeleveragingRules(policy, price), **sections)
    return opened(
        rules,
        *(cash("a", 2000), held("a", 10)),
        *(cash("lean", 800), held("lean", -4)),
        *(cash("rich", 2000), held("rich", -4)),
        *(cash("third", 40_000), held("third", -2)),
    )


def cut_of(outcome) -> dict[str, int]:
    return {e.account: e.quantity for e in outcome.events if e.kind is EventKind.DELEVERAGE}


def losses(outcome) -> list[tuple[Payer, int]]:
    return [(e.payer, e.value // WAD) for e in outcome.events if e.kind is EventKind.LOSS]
