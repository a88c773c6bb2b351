"""Who is not in the picture of liquidation prices, and why: said beside it."""

from dataclasses import dataclass

import numpy as np

from trimtab.apps.report.ends import Ends
from trimtab.apps.report.shown import (
    NO_BREAK,
    Sentence,
    Shown,
    counted,
    listed,
    money,
    price,
    sentence,
)
from trimtab.apps.report.story import owed_words
from trimtab.apps.report.thinning import Heat
from trimtab.engine import Draft, explain
from trimtab.simulation import ReplayRun
from trimtab.units import fixed_of


@dataclass(slots=True)
class _Part:
    accounts: int = 0
    debt: float = 0.0


def left_out_words(run: ReplayRun, ends: Ends, *, grid: Heat) -> list[Sentence]:
    """How many accounts, with how much debt after the first step, the picture does not hold.

    They are liquidated above a price of the asset (they owe more of it than they hold), at no price
    of it, or at one beyond the edges of the picture. Debts are estimates, as in the picture.
    """
    sample, asset, quote = run.metrics.samples[0], run.metrics.asset, run.case.rules.quote
    draft = Draft(ends.opening, run.case.ticks[0].at_ns)
    above, never, beyond = _Part(), _Part(), _Part()
    lowest = np.inf
    columns = (sample.debt.tolist(), sample.liquidation_price.tolist())
    for key, debt, at in zip(run.metrics.screen.keys, *columns, strict=True):
        if debt <= 0 or grid.low <= at <= grid.high:
            continue
        part = never if at != at else beyond
        if part is never:
            told = explain(draft.account(key), draft)
            if told.liquidation_side.get(asset) == "above":
                part = above
                lowest = min(lowest, told.liquidation_price_wad[asset] / 10**18)
        part.accounts, part.debt = part.accounts + 1, part.debt + debt
    edges = (price(grid.low), price(grid.high))
    parts = [
        _words(
            above,
            f"when {asset} rises, the nearest above {{}}{NO_BREAK}{quote}",
            price(lowest),
            run=run,
        ),
        _words(never, f"at no price of {asset}", run=run),
        _words(beyond, f"at a price below {{}} or above {{}}{NO_BREAK}{quote}", *edges, run=run),
    ]
    some = [part for part in parts if part]
    number = above.accounts + never.accounts + beyond.accounts
    if not some:
        return []
    debt = money(fixed_of(above.debt + never.debt + beyond.debt, 18), quote)
    head = sentence(
        f"Left out, after the first step, {'is' if number == 1 else 'are'} {{}} with {{}} of "
        f"{owed_words(run)}: ",
        *(counted(number, "account"), debt),
    )
    return [(*head, *listed(some), ".")]


def _words(part: _Part, where: str, *figures: Shown, run: ReplayRun) -> Sentence:
    """One reason with its accounts and their debt; nothing where it has none."""
    if not part.accounts:
        return ()
    owed = money(fixed_of(part.debt, 18), run.case.rules.quote)
    verb = "is" if part.accounts == 1 else "are"
    who = f"{part.accounts:,} ({{}}) {verb} liquidated "
    return sentence(who + where, owed, *figures)
