"""Rules of recorded cases, one venue after another, held to properties and worked figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.apps.conformance import (
    deribit,
    drift,
    euler,
    exchanges,
    fluid,
    gearbox,
    gmx,
    hyperliquid,
    liquity,
    llamma,
    nautilus,
    span,
)
from trimtab.apps.conformance.scaled import from_wad, scaled, scaled_value, wad
from trimtab.units import WAD, DataError, NumberError

Rule = Callable[[Mapping[str, Any]], Any]
VENUES = (deribit, drift, euler, exchanges, gearbox, gmx, hyperliquid, llamma, nautilus, span)
RULES: dict[str, Rule] = {name: rule for venue in VENUES for name, rule in venue.RULES.items()}
FEES = {"fee_interest_bps": 5000, "fee_liquidation_bps": 150, "liquidation_discount_bps": 9600}
LIMITED = settings(max_examples=40, deadline=None)


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_rule_without_its_inputs_is_refused(name: str) -> None:
    with pytest.raises((DataError, KeyError)):
        RULES[name]({})


def test_venues_without_a_recorded_case_have_no_rule() -> None:
    assert (fluid.RULES, liquity.RULES) == ({}, {})


@LIMITED
@given(st.integers(-(10**40), 10**40), st.integers(0, 30))
def test_a_scaled_number_is_the_number_times_its_places(raw: int, decimals: int) -> None:
    sign, size = "-" if raw < 0 else "", abs(raw)
    text = f"{sign}{size // 10**decimals}" + (
        f".{size % 10**decimals:0{decimals}}" if decimals else ""
    )
    assert scaled_value(text, decimals=decimals) == raw
    assert scaled({"x": text}, "x", decimals=decimals) == raw


def test_digits_past_the_last_place_are_cut() -> None:
    assert wad({"x": "0." + "9" * 30}, "x") == WAD - 1
    assert scaled({"x": "1.99"}, "x", decimals=0) == 1
    assert (from_wad(WAD // 2), from_wad(None)) == (Fraction(1, 2), None)


def test_a_default_stands_in_for_what_is_missing_alone() -> None:
    assert wad({}, "x", default=2) == 2 * WAD
    assert wad({"x": 0}, "x", default=2) == 0
    with pytest.raises(DataError, match="the input is missing"):
        wad({}, "x")


@pytest.mark.parametrize("value", [None, True, [], {}, 1.5, b"1", "", "x", "0x1"])
def test_what_is_no_number_has_no_scale(value: Any) -> None:
    with pytest.raises((DataError, NumberError)):
        scaled({"x": value}, "x", decimals=18)


@LIMITED
@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 9999))
def test_gearbox_pays_out_no_more_than_there_is(debt: int, total: int, interest: int) -> None:
    paid = RULES["gearbox_v3.liquidation_payments_waterfall"](
        FEES | {"debt": debt, "accrued_interest": interest, "total_value": total}
    )
    assert paid["amount_to_pool"] + paid["remaining_funds"] <= total
    assert min(paid.values()) >= 0
    assert not (paid["profit"] and paid["loss"])
    assert paid["loss"] <= debt + interest


@pytest.mark.parametrize(("surcharge_bps", "remaining"), [(0, 1450), (100, 1369), (200, 1287)])
def test_gearbox_charges_a_transfer_to_the_owner(surcharge_bps: int, remaining: int) -> None:
    inputs = {"debt": 5000, "accrued_interest": 2000, "total_value": 10_000}
    paid = RULES["gearbox_v3.liquidation_payments_waterfall"](
        FEES | inputs | {"token_transfer_fee_bps": surcharge_bps}
    )
    assert (paid["profit"], paid["loss"]) == (1150, 0)
    assert paid["remaining_funds"] == remaining


RAMPS = {
    "gearbox_v3.liquidation_threshold_ramp": lambda a, b, t, d: {
        "lt_initial": a,
        "lt_final": b,
        "seconds_since_ramp_start": t,
        "duration": d,
    },
    "euler_v2.liquidation_ltv_ramp": lambda a, b, t, d: {
        "initial": a,
        "target": b,
        "elapsed": t,
        "duration": d,
    },
}


@pytest.mark.parametrize("name", sorted(RAMPS))
@LIMITED
@given(st.integers(1, 9000), st.integers(1, 9000), st.integers(1, 10**6), st.data())
def test_a_ramp_falls_from_its_start_to_its_end(
    name: str, one: int, two: int, duration: int, data: st.DataObject
) -> None:
    high, low = max(one, two), min(one, two)
    times = sorted(data.draw(st.lists(st.integers(0, duration), min_size=2, max_size=5)))
    run = [RULES[name](RAMPS[name](high, low, at, duration)) for at in [0, *times, duration]]
    assert run == sorted(run, reverse=True)
    assert (run[0], run[-1]) == (high, low)


def test_euler_sells_nothing_of_a_healthy_position() -> None:
    sound = {"bal": 10**20, "cprice": 4 * 10**17, "ltv": 3000, "debt": 5 * 10**18, "maxdisc": 2000}
    found = RULES["euler_v2.checkliquidation"](sound | {"dprice": 22 * 10**17})
    assert (found["max_repay"], found["max_yield"]) == (0, 0)
    worse = RULES["euler_v2.checkliquidation"](sound | {"dprice": 28 * 10**17, "maxdisc": 1100})
    assert worse["max_repay"] == 5 * 10**18
    # Debt worth 14 is bought at a discount: 14 / 0.89 worth of collateral, cut, at 0.4 each.
    assert worse["max_yield"] == 14 * WAD * 100 // 89 * 10 // 4
    assert worse["discount_factor"] == 89 * WAD // 100


@LIMITED
@given(st.integers(-40, 40), st.integers(50, 300))
def test_bands_of_llamma_meet_at_their_edges(band: int, steepness: int) -> None:
    price = 3000 * WAD
    inputs = {"A": steepness, "base_price": price, "p_oracle": price}
    here, above = (
        RULES["curve_llamma_v2.band_prices"](inputs | {"n": n}) for n in (band, band + 1)
    )
    assert here["p_oracle_down"] == above["p_oracle_up"] < here["p_oracle_up"]
    # The market's price of a band rises as the band lies lower: it moves against the oracle's.
    assert here["p_current_down"] < here["p_current_up"]
    ratio = Fraction(here["p_oracle_down"], here["p_oracle_up"])
    assert abs(ratio - Fraction(steepness - 1, steepness)) < Fraction(1, 10**14)


@LIMITED
@given(
    st.sampled_from(["binance", "gate_okx", "bybit"]), st.integers(1, 20), st.integers(10, 10**5)
)
def test_a_long_ends_below_its_entry_and_a_short_above(
    venue: str, leverage: int, entry: int
) -> None:
    margin = str(Fraction(entry, leverage).limit_denominator(1).numerator or 1)
    rules = {
        "binance": ("binance_isolated_liquidation_price", {"wallet_balance": margin}),
        "gate_okx": ("gate_okx_liquidation_price", {"margin": margin, "mmr": "0.01"}),
        "bybit": ("bybit_liquidation_price", {"leverage": leverage, "mmr": "0.01"}),
    }
    name, own = rules[venue]
    shared = {"amount": 1, "entry": entry, "mm_rate": "0.01"}
    long, short = (RULES[name]({**shared, **own, "side": side}) for side in (1, -1))
    assert short is not None
    assert (0 if long is None else long) < entry < short


def test_other_positions_of_a_wallet_as_sums_or_one_by_one() -> None:
    cross = {"side": 1, "wallet_balance": "1000", "amount": "2", "entry": "900", "mm_rate": "0.01"}
    other = {"side": -1, "amount": "3", "entry": "10", "mark": "12", "mm_rate": "0.05"}
    rule = RULES["binance_usdm_liquidation_price"]
    listed = rule(cross | {"others": [other]})
    assert listed == rule(cross | {"other": other})
    assert listed == rule(cross | {"upnl_other": "-6", "tmm_other": "1.8"})
    # (1000 - 6 - 1.8 - 2 * 900) / (2 * 0.01 - 2)
    assert float(listed) == pytest.approx((992.2 - 1800) / (0.02 - 2), abs=1e-12)


def test_the_bankruptcy_of_an_inverse_contract_is_one_over_its_leverage_away() -> None:
    rule = RULES["bybit_inverse_bankruptcy_price"]
    long, short = (rule({"entry": 100, "leverage": 4, "side": side}) for side in (1, -1))
    assert rule({"entry": 100, "leverage": 4}) == long == 80
    assert float(short) == pytest.approx(100 * 4 / 3)


@pytest.mark.parametrize(("kind", "answer"), [("asset", 8000), ("liability", 12_000)])
def test_drift_without_a_size_factor_keeps_the_weight(kind: str, answer: int) -> None:
    inputs = {"token_amount_1e9": 10**15, "weight": answer, "imf_factor": 0, "kind": kind}
    rule = RULES["drift_size_adjusted_weights"]
    assert rule(inputs) == answer
    sized = rule(inputs | {"imf_factor": 10_000})
    assert (sized < answer) == (kind == "asset")
    with pytest.raises(DataError, match="asset or liability"):
        rule(inputs | {"kind": "both"})


def test_drift_covers_a_shortage_by_its_margin_ratio() -> None:
    inputs = {"margin_shortage": 10**7, "margin_ratio": 1000, "oracle_price": 10**8}
    more = {"liquidator_fee": 0, "if_fee": 0, "quote_oracle_price": 10**6}
    rule = RULES["drift_base_to_cover_margin_shortage"]
    # 10 of quote short at 10 percent of margin: 100 of quote, one unit at 100.
    assert rule(inputs | more) == 10**9
    assert rule(inputs | more | {"liquidator_fee": 10_000}) > 10**9


@LIMITED
@given(st.integers(0, 3 * 10**8))
def test_tiers_of_maintenance_join_where_they_meet(notional: int) -> None:
    tiers = [[0, 40], [150_000_000, 20]]
    rule = RULES["hyperliquid_margin_tiers"]
    found = rule({"notional": notional, "tiers": tiers})
    lower, upper = Fraction(notional, 80), Fraction(notional, 40) - 1_875_000
    assert found == max(lower, upper)


def test_gmx_deleverages_above_its_factor_alone() -> None:
    inputs = {"pool_long_tokens": 1000, "size_usd": 2_000_000, "entry": 5000, "price": 10_000}
    rule = RULES["gmx_adl_trigger"]
    shown = {most: rule(inputs | {"max_pnl_factor_for_adl": most}) for most in ("0.1", "0.2")}
    assert [one["enabled"] for one in shown.values()] == [1, 0]
    assert {one["factor"] for one in shown.values()} == {Fraction(1, 5)}
    assert shown["0.1"]["pnl"] * 5 == shown["0.1"]["pool"] == 10_000_000


@pytest.mark.parametrize(("model", "margin"), [("standard", 25_000), ("leveraged", 2500)])
def test_nautilus_divides_by_leverage_in_one_model(model: str, margin: int) -> None:
    inputs = {"model": model, "qty": 10, "price": 5000, "rate": "0.5"}
    rule = RULES["nautilus_leveraged_margin"]
    assert rule(inputs | {"leverage": 10}) == margin
    assert rule(inputs) == 25_000, "one is no leverage"


def test_span_scans_for_the_worst_of_sixteen() -> None:
    rule = RULES["span_scan_risk_covered_write"]
    gains = [*range(1, 16), -7]
    arrays = {"risk_array_a_pnl": gains, "risk_array_b_pnl": [-one for one in gains]}
    one = rule({"positions": {"a": 2, "b": 0}, **arrays})
    other = rule({"positions": {"a": 0, "b": 2}, **arrays})
    both = rule({"positions": {"a": 3, "b": 3}, **arrays})
    assert {one["scan_risk"], other["scan_risk"]} == {14, 30}
    assert both["scan_risk"] == 0, "what offsets in every scenario is no risk"


@LIMITED
@given(st.integers(1, 10**6), st.integers(1, 15))
def test_an_inverse_perpetual_gains_less_than_it_loses(size: int, percent: int) -> None:
    rule = RULES["deribit_inverse_perp_risk_vector"]
    up, down = (rule({"btc_value": size, "shock": f"{sign}0.{percent:02}"}) for sign in ("", "-"))
    assert 0 < up < -down
    exact = size * (1 - 1 / (1 + Fraction(percent, 100)))
    assert abs(up - exact) <= Fraction(size, 10**15)
