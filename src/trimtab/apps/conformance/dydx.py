"""The rules of recorded dYdX v4 cases.

The cases name no market parameters: those of the venue's tests stand here, as the groups'
`conventions` say (BTC 50,000 and ETH 3,000 USD, initial margin 20 %, half of it maintenance).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from trimtab.apps.conformance.files import whole
from trimtab.apps.conformance.scaled import scaled
from trimtab.protocols.dydx import LiquidityTier, Market, Position, initial_margin, initial_ppm
from trimtab.protocols.dydx_liquidation import (
    Account,
    BlockLimits,
    FillablePrice,
    bankruptcy_price,
    deleverage,
    fillable_price_wad,
    insurance_delta,
    liquidatable_range,
)
from trimtab.units import WAD, div_floor, pow10

Inputs = Mapping[str, Any]

_USDC: Final = 6
_TIER: Final = LiquidityTier(200_000, maintenance_fraction_ppm=500_000)
_COIN_DECIMALS: Final = {"BTC": 8, "ETH": 9}
_PRICES_USD: Final = {"BTC": 50_000, "ETH": 3_000}


def _market(name: str) -> Market:
    return Market(_TIER, _PRICES_USD[name], atomic_resolution=-_COIN_DECIMALS[name])


def _account(usdc: int, sizes: Mapping[str, int]) -> Account:
    return Account(usdc, {name: Position(_market(name), size) for name, size in sizes.items()})


def _btc_account(inputs: Inputs) -> Account:
    size = whole(inputs, "position_btc_base_quantums")
    return _account(scaled(inputs, "usdc_balance", decimals=_USDC), {"BTC": size})


def _tier(inputs: Inputs) -> LiquidityTier:
    def optional(name: str) -> int:
        return whole(inputs, name) if name in inputs else 0

    return LiquidityTier(
        whole(inputs, "initial_margin_ppm"),
        open_interest_lower=optional("oi_lower_cap"),
        open_interest_upper=optional("oi_upper_cap"),
    )


def _initial_ppm(inputs: Inputs) -> int:
    return initial_ppm(_tier(inputs), whole(inputs, "oi_notional"))


def _initial_margin(inputs: Inputs) -> int:
    return initial_margin(
        _tier(inputs),
        whole(inputs, "position_notional"),
        open_interest=whole(inputs, "oi_notional") if "oi_notional" in inputs else 0,
        user_imf_ppm=whole(inputs, "custom_imf_ppm") if "custom_imf_ppm" in inputs else 0,
    )


def _bankruptcy_price(inputs: Inputs) -> int:
    held = inputs["positions_base_quantums"]
    sizes = {name: whole(held, name) for name in held}
    account = _account(scaled(inputs, "usdc_balance", decimals=_USDC), sizes)
    return bankruptcy_price(
        account, inputs["close_market"], delta=whole(inputs, "delta_base_quantums")
    )


def _fillable_price(inputs: Inputs) -> Fraction:
    config = FillablePrice(
        whole(inputs, "bankruptcy_adjustment_ppm"), whole(inputs, "spread_to_mmr_ppm")
    )
    price = fillable_price_wad(_btc_account(inputs), "BTC", config=config)
    return Fraction(price * pow10(_COIN_DECIMALS["BTC"]), WAD * pow10(_USDC))


def _insurance(inputs: Inputs) -> int:
    account = _btc_account(inputs)
    size = account.positions["BTC"].size
    # USD per coin with six decimals, times base quantums of 1e-8.
    paid = size * scaled(inputs, "fill_price_usd", decimals=_USDC)
    return insurance_delta(
        account,
        "BTC",
        delta=-size,
        fill_quote=div_floor(paid, pow10(_COIN_DECIMALS["BTC"])),
        fee_ppm_max=whole(inputs, "max_liquidation_fee_ppm"),
    )


def _limits(inputs: Inputs) -> dict[str, int]:
    limits = BlockLimits(
        whole(inputs, "min_position_notional_liquidated"),
        whole(inputs, "max_position_portion_ppm"),
    )
    size = abs(whole(inputs, "position_btc_base_quantums"))
    # A base quantum of BTC is 1e-8 coins: 500 quote quantums at 50,000 USD.
    least, most = liquidatable_range(size * 500, limits)
    return {"min": least, "max": most}


def _deleveraging(inputs: Inputs) -> dict[str, Fraction]:
    def account(side: str) -> Account:
        size = scaled(inputs, f"{side}_btc", decimals=_COIN_DECIMALS["BTC"])
        return _account(scaled(inputs, f"{side}_usdc", decimals=_USDC), {"BTC": size})

    liquidated = account("liq")
    size = liquidated.positions["BTC"].size
    price = Fraction(abs(bankruptcy_price(liquidated, "BTC", delta=-size)), abs(size))
    after = deleverage(liquidated, [account("off")], name="BTC")
    unit = pow10(_USDC)
    return {
        "bankruptcy_price": price * Fraction(pow10(_COIN_DECIMALS["BTC"]), unit),
        "offset_usdc_after": Fraction(after.counterparties[0].quote, unit),
        "liquidated_usdc_after": Fraction(after.account.quote, unit),
    }


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    "dydx_bankruptcy_price": _bankruptcy_price,
    "dydx_deleveraging_at_bankruptcy_price": _deleveraging,
    "dydx_fillable_price": _fillable_price,
    "dydx_initial_margin_quote_quantums": _initial_margin,
    "dydx_insurance_fund_delta": _insurance,
    "dydx_oi_scaled_imf_ppm": _initial_ppm,
    "dydx_partial_liquidation_limits": _limits,
}
