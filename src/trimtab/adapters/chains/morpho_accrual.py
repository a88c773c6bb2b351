"""Morpho Blue: a market's totals brought to a later time, and what shares are worth then.

A node tells the totals of the last update alone, and the call that accrues returns nothing. This
is what `accrueInterest` would store. Source: morpho-org/morpho-blue 3085651a, Morpho.sol
(_accrueInterest), MathLib.sol (wTaylorCompounded), SharesMathLib.sol.
"""

from dataclasses import dataclass, replace

from trimtab.units import WAD, mul_div_down, mul_div_up

VIRTUAL_SHARES = 10**6
VIRTUAL_ASSETS = 1


@dataclass(frozen=True, slots=True)
class Totals:
    """The words of `market(id)`, in their order: native units, shares, seconds UTC, wad."""

    supply_assets: int
    supply_shares: int
    borrow_assets: int
    borrow_shares: int
    updated_s: int
    fee_wad: int


def accrued(totals: Totals, rate_wad: int, *, elapsed_s: int) -> Totals:
    """Return the totals some seconds later.

    Args:
        totals: as stored.
        rate_wad: borrow rate per second, wad.
        elapsed_s: seconds since the last update, zero or more.

    Returns:
        Interest rounded down; the fee is minted as supply shares.
    """
    assert elapsed_s >= 0, f"time runs backwards: {elapsed_s}"
    if not elapsed_s:
        return totals
    # x + x^2/2 + x^3/6, each term rounded down, for x = rate x seconds
    first = rate_wad * elapsed_s
    second = mul_div_down(first, first, 2 * WAD)
    third = mul_div_down(second, first, 3 * WAD)
    interest = mul_div_down(totals.borrow_assets, first + second + third, WAD)
    supply_assets = totals.supply_assets + interest
    fee = mul_div_down(interest, totals.fee_wad, WAD)
    minted = mul_div_down(
        fee,
        totals.supply_shares + VIRTUAL_SHARES,
        supply_assets - fee + VIRTUAL_ASSETS,
    )
    return replace(
        totals,
        supply_assets=supply_assets,
        supply_shares=totals.supply_shares + minted,
        borrow_assets=totals.borrow_assets + interest,
        updated_s=totals.updated_s + elapsed_s,
    )


def supplied(totals: Totals, shares: int) -> int:
    """Return what supply shares are worth, native units, rounded down."""
    return mul_div_down(
        shares, totals.supply_assets + VIRTUAL_ASSETS, totals.supply_shares + VIRTUAL_SHARES
    )


def owed(totals: Totals, shares: int) -> int:
    """Return what borrow shares owe, native units, rounded up."""
    return mul_div_up(
        shares, totals.borrow_assets + VIRTUAL_ASSETS, totals.borrow_shares + VIRTUAL_SHARES
    )
