"""Morpho Blue: a market, and its two assets as sections of `rules.toml`."""

from dataclasses import dataclass

from trimtab.adapters.chains.case_texts import Section, flag, price_text, ratio_text
from trimtab.adapters.chains.morpho_accrual import Totals
from trimtab.adapters.chains.tokens import Token
from trimtab.units import WAD, YEAR_SECONDS, format_decimal, mul_div_down

PRICE_DECIMALS = 36
INCENTIVE_CURSOR_WAD = 3 * WAD // 10
INCENTIVE_MAX_WAD = 115 * WAD // 100
RATE_MAX_WAD = 10 * WAD


@dataclass(frozen=True, slots=True)
class Market:
    """One market at the block.

    Args:
        key: its id.
        price: of the collateral in the loan asset, scaled by 10**(36 + loan - collateral decimals).
        rate_wad: borrow rate per second since its last update.
        totals: brought to the block's time.
    """

    key: str
    loan: Token
    collateral: Token
    lltv_wad: int
    price: int
    rate_wad: int
    totals: Totals


def loan_section(market: Market, *, outside: int) -> Section:
    """Return the section of the loan asset, which backs nothing.

    The rate is the block's, at any utilization: the model's own target moves with time.
    """
    year_wad = min(market.rate_wad * YEAR_SECONDS, RATE_MAX_WAD)
    return {
        "decimals": str(market.loan.decimals),
        "base_rate": ratio_text(year_wad, 18),
        "reserve_factor": ratio_text(market.totals.fee_wad, 18),
        "external_supply": format_decimal(outside, market.loan.decimals),
    }


def collateral_section(market: Market) -> Section:
    """Return the section of the collateral: one loan-to-value for borrowing and liquidation."""
    return {
        "decimals": str(market.collateral.decimals),
        "max_ltv": ratio_text(market.lltv_wad, 18),
        "liquidation_threshold": ratio_text(market.lltv_wad, 18),
        "liquidation_bonus": ratio_text(incentive_wad(market.lltv_wad) - WAD, 18),
        "borrowable": flag(False),
    }


def liquidation_section() -> Section:
    """Return how a market liquidates: any part of a debt, up to all of it."""
    return {"sizing": '"close_factor"', "close_factor": "1", "spiral": '"allow"'}


def collateral_price(market: Market) -> str:
    """Return the price of the collateral in the loan asset, as decimal text, rounded down."""
    places = PRICE_DECIMALS + market.loan.decimals - market.collateral.decimals
    return price_text(market.price, places)


def rate_notes(market: Market, loan: str) -> list[str]:
    """Return the note on a rate beyond what a case takes."""
    if market.rate_wad * YEAR_SECONDS <= RATE_MAX_WAD:
        return []
    return [f"{loan}: its rate is above 1000 % a year, which a case cannot hold"]


def incentive_wad(lltv_wad: int) -> int:
    """Return the liquidation incentive factor, wad: at most 1.15, rounded down."""
    # min(1.15, 1 / (1 - 0.3 x (1 - lltv)))
    shrink_wad = WAD - mul_div_down(INCENTIVE_CURSOR_WAD, WAD - lltv_wad, WAD)
    return min(INCENTIVE_MAX_WAD, mul_div_down(WAD, WAD, shrink_wad))
