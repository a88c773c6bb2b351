"""Who would be unsafe at other prices, before anybody acts: exact sums, one moment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from trimtab.model import Case, Tick
from trimtab.simulation.feed import first_prices
from trimtab.simulation.standing import standing
from trimtab.units import UsageError, fixed_of, float_of

_WAD_DECIMALS = 18


@dataclass(frozen=True, slots=True)
class FailingAccount:
    """An unsafe account: values in the quote; an equity below 0 is under water."""

    account: str
    group: str
    collateral: float
    debt: float
    equity: float


def shocked_case(case: Case, moves: Mapping[str, float]) -> Case:
    """Return a case whose book stands at its first prices moved by fractions.

    Args:
        moves: fraction by asset, above -1; markets of an asset move with it.

    Raises:
        UsageError: an asset that the rules do not name, or a fraction that is none.
    """
    prices = first_prices(case)
    for name, fraction in moves.items():
        if name not in case.rules.assets and name not in case.rules.markets:
            raise UsageError(f"shock: {name} is no asset of the case's rules")
        if not -1.0 < fraction < math.inf:
            raise UsageError(f"shock: {name} moves by {fraction}, expected a number above -1")
    factors = dict(moves)
    for name, market in case.rules.markets.items():
        factors[name] = factors.get(name, moves.get(market.asset, 0.0))
    moved = {name: _moved(price, factors.get(name, 0.0)) for name, price in prices.items()}
    tick = Tick(case.ticks[0].at_ns, tuple(sorted(moved.items())))
    return replace(case, ticks=(tick,), observations=(), funding=())


def _moved(price_wad: int, fraction: float) -> int:
    """A price moved by a fraction; at least the smallest there is."""
    if fraction == 0.0:
        return price_wad
    return max(fixed_of(float_of(price_wad, _WAD_DECIMALS) * (1.0 + fraction), _WAD_DECIMALS), 1)


def failing_accounts(case: Case, moves: Mapping[str, float]) -> tuple[FailingAccount, ...]:
    """Return accounts that a shock makes unsafe, the least equity per debt first."""
    found = [
        FailingAccount(
            one.account,
            one.group,
            float_of(one.collateral_wad, _WAD_DECIMALS),
            float_of(one.debt_wad, _WAD_DECIMALS),
            float_of(one.equity_wad, _WAD_DECIMALS),
        )
        for one in standing(shocked_case(case, moves)).accounts
        if one.liquidatable
    ]
    return tuple(sorted(found, key=_nearest))


def _nearest(one: FailingAccount) -> tuple[float, str, str]:
    return one.equity / one.debt if one.debt > 0.0 else one.equity, one.account, one.group
