"""Curve LLAMMA v2: a loan's health, where its bands go, and soft and hard liquidation.

Source: curvefi/curve-stablecoin, commit cf1d05fb: curve_stablecoin/controller.vy; the market itself
is in `llamma_bands`, `llamma_exchange` (soft liquidation is a swap) and `llamma_shares`.

Units: debts and amounts in native units, prices, discounts, fractions and health in wad; health is
signed and a loan may be liquidated below zero.
"""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.protocols.llamma_bands import DEAD_SHARES, SKIPPED_MAX, Grid
from trimtab.protocols.llamma_exchange import Market
from trimtab.protocols.llamma_math import logarithm_wad
from trimtab.protocols.llamma_shares import (
    LlammaRefusal,
    Range,
    Refused,
    holdings,
    value_down,
    withdraw,
)
from trimtab.units import (
    WAD,
    div_down,
    div_floor,
    mul_div_down,
    mul_div_up,
    wad_mul_down,
    wad_mul_up,
)


@dataclass(frozen=True, slots=True)
class Loan:
    """One loan: its bands, its debt in native units, and its own liquidation discount in wad."""

    position: Range
    debt: int
    discount_wad: int


@dataclass(frozen=True, slots=True)
class LoanHealth:
    """What decides: x_down, the borrowed asset that a slow fall turns the loan into.

    health_wad: floor(x_down * (1 - discount) / debt) - 1, with `is_full` plus what the collateral
    above its first band is worth over the band's price; below zero liquidates. x, y: what the
    loan owns now.
    """

    x_down: int
    health_wad: int
    above_band_wad: int
    x: int
    y: int
    is_liquidatable: bool


@dataclass(frozen=True, slots=True)
class HardLiquidation:
    """A fraction of a loan closed.

    repaid: debt closed; removed_wad: the share of the loan's bands that went for it; x, y: what
    came out of them; from_liquidator: borrowed asset they add; to_liquidator_x: what they get of
    it; they get all of y. loan: None once the debt is gone.
    """

    repaid: int
    removed_wad: int
    x: int
    y: int
    from_liquidator: int
    to_liquidator_x: int
    health_before_wad: int
    loan: Loan | None
    market: Market


def health(loan: Loan, market: Market, *, oracle_price: int, is_full: bool = True) -> LoanHealth:
    """Return a loan's health; liquidation uses the full one, opening and changing a loan does not.

    Args:
        oracle_price: after its limit (`limit_oracle`), in wad.
    """
    assert loan.debt > 0, "a loan has a debt"
    assert 0 <= loan.discount_wad < WAD, f"discount out of range: {loan.discount_wad}"
    x_down = value_down(market, loan.position, oracle_price=oracle_price)
    x, y = holdings(market, loan.position)
    above = 0
    first = loan.position.first_band
    if is_full and first > market.active_band:
        gap = max(0, oracle_price - market.grid.oracle_price_up(first))
        above = div_down(gap * y * market.y_precision, loan.debt * market.x_precision)
    own = mul_div_down(x_down, WAD - loan.discount_wad, loan.debt) - WAD
    return LoanHealth(
        x_down=x_down,
        health_wad=own + above,
        above_band_wad=above,
        x=x,
        y=y,
        is_liquidatable=own + above < 0,
    )


def liquidate(
    loan: Loan,
    market: Market,
    *,
    oracle_price: int,
    fraction_wad: int = WAD,
    is_approved: bool = False,
    x_min: int = 0,
    market_discount_wad: int | None = None,
) -> HardLiquidation | Refused:
    """Close a fraction of a loan against the same fraction of its bands, or a little less of them.

    Args:
        fraction_wad: of the debt, up to one.
        is_approved: the borrower or someone they approved; needs no unhealthy loan, takes the whole
            fraction of the bands and brings the loan's discount up to date.
        x_min: least borrowed asset expected from the bands.
        market_discount_wad: the controller's discount now, for an approved call.

    Rounding: the debt closed up, the bands removed down.
    """
    assert 0 < fraction_wad <= WAD, f"fraction out of range: {fraction_wad}"
    checked = health(loan, market, oracle_price=oracle_price)
    if not is_approved and not checked.is_liquidatable:
        return Refused(LlammaRefusal.NOT_UNHEALTHY, checked.health_wad, -1)
    repaid = wad_mul_up(loan.debt, fraction_wad)
    limit = 0 if is_approved else loan.discount_wad
    removed = WAD if repaid == loan.debt else removed_fraction_wad(fraction_wad, limit)
    out = withdraw(market, loan.position, fraction_wad=removed)
    if out.x < x_min:
        return Refused(LlammaRefusal.SLIPPAGE, out.x, x_min)
    discount = loan.discount_wad
    if is_approved and market_discount_wad is not None:
        discount = market_discount_wad
    after = Loan(out.position, loan.debt - repaid, discount) if repaid < loan.debt else None
    if after is not None and checked.health_wad >= 0:
        end = health(after, out.market, oracle_price=oracle_price, is_full=False)
        if end.health_wad < 0:
            return Refused(LlammaRefusal.ENDS_UNHEALTHY, end.health_wad, 0)
    return HardLiquidation(
        repaid=repaid,
        removed_wad=removed,
        x=out.x,
        y=out.y,
        from_liquidator=max(0, repaid - out.x),
        to_liquidator_x=max(0, out.x - repaid),
        health_before_wad=checked.health_wad,
        loan=after,
        market=out.market,
    )


def removed_fraction_wad(fraction_wad: int, limit_wad: int) -> int:
    """Return ((1 + h / 2) / (1 + h) (1 - f) + f) f in wad: the bands that go for a fraction f.

    Args:
        limit_wad: h, the loan's discount, or 0 for who is approved.

    Rounding: down at each step; 0 and the whole are exact.
    """
    assert 0 <= fraction_wad <= WAD, f"fraction out of range: {fraction_wad}"
    if limit_wad == 0 or fraction_wad == WAD:
        return fraction_wad
    half = WAD + div_down(limit_wad, 2)
    kept = mul_div_down(half, WAD - fraction_wad, WAD + limit_wad)
    return wad_mul_down(kept + fraction_wad, fraction_wad)


def debt_now(initial_debt: int, rate_multiplier_wad: int, *, multiplier_then_wad: int) -> int:
    """Return a debt grown by the market's interest multiplier since it was written down, up."""
    return mul_div_up(initial_debt, rate_multiplier_wad, multiplier_then_wad)


def effective_collateral(grid: Grid, collateral: int, *, bands: int, discount_wad: int) -> int:
    """Return what collateral spread over bands counts for, per unit of the first band's price.

    Args:
        collateral: 18 decimals; discount_wad: the loan discount; a little more is taken for the
            rounding of dead shares.

    Rounding: down per band.
    """
    dust = mul_div_down(DEAD_SHARES, WAD, max(div_down(collateral, bands), DEAD_SHARES))
    kept = WAD - min(discount_wad + dust, WAD)
    part = mul_div_down(collateral, kept, grid.sqrt_ratio_wad * bands)
    total = part
    for _ in range(1, bands):
        part = grid.narrowed(part)
        total += part
    return total


def first_band_for(
    market: Market,
    collateral: int,
    *,
    debt: int,
    bands: int,
    discount_wad: int,
    oracle_price: int,
) -> int | Refused:
    """Return the first band of a new loan: the furthest down that still covers its debt.

    Args:
        collateral, debt: native units; bands: 4 to 50; discount_wad: the loan discount, larger
            than the liquidation discount.

    Returns:
        The band, or why there is none: the debt would reach above the oracle's price or into bands
        that are in liquidation.
    """
    assert debt > 0, "a loan has a debt"
    active = market.active_band
    effective = effective_collateral(
        market.grid,
        collateral * market.y_precision,
        bands=bands,
        discount_wad=discount_wad,
    )
    top = market.grid.oracle_price_up(active)
    ratio_wad = mul_div_down(effective, top, debt * market.x_precision + 1)
    if ratio_wad == 0:
        return Refused(LlammaRefusal.AMOUNT_TOO_LOW, ratio_wad, 1)
    steps = div_floor(logarithm_wad(ratio_wad), market.grid.log_ratio_wad)
    band = min(steps, SKIPPED_MAX - bands) + active
    if band <= active and not _is_skippable(market, down_to=band - 1):
        return Refused(LlammaRefusal.DEBT_TOO_HIGH, band, active + 1)
    price_up = market.grid.oracle_price_up(band)
    if price_up > oracle_price:
        return Refused(LlammaRefusal.DEBT_TOO_HIGH, price_up, oracle_price)
    return band


def to_liquidate(loan: Loan, market: Market, *, fraction_wad: int, is_approved: bool) -> int:
    """Return the borrowed asset that a liquidator has to bring for a fraction of a loan."""
    limit = 0 if is_approved else loan.discount_wad
    x = holdings(market, loan.position)[0]
    covered = wad_mul_down(x, removed_fraction_wad(fraction_wad, limit))
    return max(0, wad_mul_up(loan.debt, fraction_wad) - covered)


def _is_skippable(market: Market, *, down_to: int) -> bool:
    """Whether no band from the active one down to `down_to`, itself left out, holds x."""
    between = range(market.active_band, down_to, -1)
    return len(between) <= SKIPPED_MAX and not any(market.bands_x.get(n, 0) for n in between)
