"""Recorded cases of single rules, answered by the engine's functions: rates, sizes, fees, pace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

from trimtab.apps.conformance.engine_venue import (
    EXACT_PER_USDC,
    USD,
    Opened,
    draft_of,
    open_case,
    venue_of,
)
from trimtab.apps.conformance.files import whole
from trimtab.apps.conformance.scaled import from_wad, scaled_value, wad
from trimtab.engine import market_mark
from trimtab.engine.margin import liability_weight_wad, weights
from trimtab.engine.perps.losses import funding_charge
from trimtab.engine.perps.requirement import oi_scaled_wad, requirement
from trimtab.engine.perps.sizing import (
    insurance_fee_wad,
    liquidator_fee_wad,
    portion_bounds,
    size_for,
    window_cap_of,
    window_left,
)
from trimtab.engine.stable_price import followed, started
from trimtab.model import (
    Account,
    AssetRules,
    BookRow,
    Level,
    MarketRules,
    OracleRules,
    PositionLiquidationRules,
)
from trimtab.units import WAD, DataError, div_down, div_up, mul_div_down, pow10

Inputs = Mapping[str, Any]

# Parts per million, and per ten thousand, in wad.
_PPM: Final = pow10(12)
_BPS: Final = pow10(14)
# 0.4 s, the length of a Solana slot in the ramp's own count: one slot is taken as one second.
_SLOT_SECONDS: Final = 1
_RAMP_SLOTS: Final = 1500


def _optional(inputs: Inputs, name: str) -> int:
    return whole(inputs, name) if name in inputs else 0


def _margin_of(inputs: Inputs, *, notional: int, asked_ppm: int = 0) -> tuple[int, int]:
    """The initial rate (wad) and requirement (quote quantums) of a notional in a market.

    Notional and open interest are sizes of a contract of one quote unit, six decimals.
    """
    rate = max(1, whole(inputs, "initial_margin_ppm") * _PPM)
    rules = MarketRules(
        "COIN-PERP",
        rate,
        rate,
        asset="COIN",
        decimals=6,
        oi_lower_wad=_optional(inputs, "oi_lower_cap") * _PPM,
        oi_upper_wad=_optional(inputs, "oi_upper_cap") * _PPM,
    )
    rows = [BookRow("a", "COIN-PERP", _optional(inputs, "oi_notional"), entry_price_wad=WAD)]
    store = open_case(venue_of([Opened(rules, 6, WAD)]), BookRow("a", USD, WAD), *rows)
    mark = market_mark(draft_of(store), "COIN-PERP")
    needed = requirement(
        notional, mark, level=Level.INITIAL, price_wad=WAD, asked_wad=asked_ppm * _PPM
    )
    return oi_scaled_wad(rate, mark), div_up(needed, EXACT_PER_USDC * WAD)


def _initial_ppm(inputs: Inputs) -> int:
    return div_down(_margin_of(inputs, notional=0)[0], _PPM)


def _initial_margin(inputs: Inputs) -> int:
    asked = _optional(inputs, "custom_imf_ppm")
    return _margin_of(inputs, notional=whole(inputs, "position_notional"), asked_ppm=asked)[1]


def _limits(inputs: Inputs) -> dict[str, int]:
    # A base quantum of BTC is 1e-8 coins: 500 quote quantums at 50,000 USD.
    notional = abs(whole(inputs, "position_btc_base_quantums")) * 500
    least, most = portion_bounds(
        notional,
        portion_wad=whole(inputs, "max_position_portion_ppm") * _PPM,
        least_wad=whole(inputs, "min_position_notional_liquidated"),
    )
    return {"min": least, "max": most}


def _base_to_cover(inputs: Inputs) -> int:
    """Base units of 1e-9; unlimited (2^64 - 1) where the fees eat what closing frees."""
    rate, price = whole(inputs, "margin_ratio") * _BPS, whole(inputs, "oracle_price")
    quote = whole(inputs, "quote_oracle_price")
    # Shortage and fees count in the quote token, whose price the insurance fee leaves out.
    fees = whole(inputs, "liquidator_fee") * _PPM * quote + whole(inputs, "if_fee") * _PPM * 10**6
    found = size_for(
        whole(inputs, "margin_shortage") * pow10(9) * WAD * 10**6,
        unit=price,
        rate_wad=rate * quote,
        fees_wad=fees,
    )
    if found is None:
        return (1 << 64) - 1
    # The protocol rounds down where the engine closes a unit more.
    exact = whole(inputs, "margin_shortage") * pow10(9) * WAD * 10**6
    return found if found * price * (rate * quote - fees) == exact else found - 1


def _insurance_fee(inputs: Inputs) -> int:
    price = mul_div_down(
        whole(inputs, "oracle_price"), whole(inputs, "quote_oracle_price"), pow10(6)
    )
    notional = mul_div_down(whole(inputs, "base_amount"), price, pow10(9))
    fee = insurance_fee_wad(
        whole(inputs, "max_if_fee") * _PPM,
        rate_wad=whole(inputs, "margin_ratio") * _BPS,
        liquidator_wad=whole(inputs, "liquidator_fee") * _PPM,
        shortage=whole(inputs, "margin_shortage") * WAD,
        notional=notional,
        share=PositionLiquidationRules().fee_margin_share_wad,
    )
    return div_down(fee, _PPM)


def _liquidator_fee(inputs: Inputs) -> int:
    rules = replace(
        PositionLiquidationRules(),
        fee_ramp_delay_seconds=_RAMP_SLOTS * _SLOT_SECONDS,
        fee_ramp_wad=_PPM,
    )
    market = MarketRules(
        "COIN-PERP",
        WAD,
        WAD,
        asset="COIN",
        liquidator_fee_wad=whole(inputs, "base_fee") * _PPM,
        liquidator_fee_max_wad=whole(inputs, "max_fee") * _PPM,
    )
    slots = whole(inputs, "slot") - whole(inputs, "last_active_slot")
    return div_down(liquidator_fee_wad(market, rules, seconds=slots * _SLOT_SECONDS), _PPM)


def _funding_delta(inputs: Inputs) -> int:
    units = whole(inputs, "base_long") + abs(whole(inputs, "base_short"))
    # Charged in whole quote units of 1e-6 a coin; the index has three places more.
    return funding_charge(abs(whole(inputs, "loss_quote")) * pow10(9), units) * 1000


def _weight(inputs: Inputs) -> int:
    """Weights of 1e-4: an asset's is cut, a liability's too, as the program's division does."""
    weight = whole(inputs, "weight") * _BPS
    rules = AssetRules(
        "COIN",
        decimals=9,
        max_ltv_wad=weight,
        liquidation_end_wad=weight,
        liquidation_threshold_wad=weight,
        liability_weight_wad=weight,
        size_factor_wad=whole(inputs, "imf_factor") * _PPM,
    )
    amount = whole(inputs, "token_amount_1e9")
    if inputs.get("kind") == "liability":
        return div_down(liability_weight_wad(rules, amount), _BPS)
    if inputs.get("kind") != "asset":
        raise DataError("the kind is not known", column="kind", expected="asset or liability")
    return div_down(weights(Account("a"), rules, category=None, amount=amount).maintenance, _BPS)


def _stable_price(inputs: Inputs) -> Fraction | None:
    rules, now_s = OracleRules(stable_price=True), 0
    stable = started(wad(inputs, "start_price"), now_s)
    for step, count, price in inputs["segments"]:
        seconds = whole({"step": step}, "step")
        for _ in range(whole({"steps": count}, "steps")):
            now_s += seconds
            price_wad = scaled_value(price, decimals=18)
            stable = followed(stable, price_wad, now_s=now_s, rules=rules)
    return from_wad(stable.price_wad)


def _windows(inputs: Inputs) -> dict[str, Fraction | None]:
    """The sliding window; a case that lets an empty one through by its skew is not the engine's."""
    seconds = whole(inputs, "window_s")
    cap = window_cap_of(
        wad(inputs, "maker_fee") + wad(inputs, "taker_fee"),
        skew_scale=wad(inputs, "skew_scale"),
        multiplier_wad=wad(inputs, "multiplier"),
        window_seconds=seconds,
    )
    answer = {"window_cap": from_wad(cap)}
    entries: tuple[tuple[int, int], ...] = ()
    for place, (at, requested) in enumerate(inputs["events"]):
        now_s, size = whole({"t": at}, "t"), scaled_value(requested, decimals=18)
        left, entries = window_left(entries, cap=cap, now_s=now_s, seconds=seconds)
        amount = min(size, left) if cap else size
        entries = (*entries, (now_s, amount))
        answer[f"e{place}"] = from_wad(amount)
    return answer


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    "drift_base_to_cover_margin_shortage": _base_to_cover,
    "drift_liquidation_fee_ramp": _liquidator_fee,
    "drift_perp_if_fee": _insurance_fee,
    "drift_size_adjusted_weights": _weight,
    "drift_socialised_loss_funding_delta": _funding_delta,
    "dydx_initial_margin_quote_quantums": _initial_margin,
    "dydx_oi_scaled_imf_ppm": _initial_ppm,
    "dydx_partial_liquidation_limits": _limits,
    "mango_stable_price": _stable_price,
    "synthetix_v3_max_liquidatable_amount": _windows,
}
