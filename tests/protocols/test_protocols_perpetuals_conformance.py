"""The rules of the perpetuals venues on other numbers than the recorded ones."""

from decimal import Decimal
from fractions import Fraction

import pytest

from trimtab.apps.conformance import (
    drift,
    dydx,
    exchanges,
    gmx,
    hyperliquid,
    mango,
    nautilus,
    synthetix,
)
from trimtab.units import DataError

RULES = {
    **drift.RULES,
    **dydx.RULES,
    **exchanges.RULES,
    **gmx.RULES,
    **hyperliquid.RULES,
    **mango.RULES,
    **nautilus.RULES,
    **synthetix.RULES,
}
FILL = {"bankruptcy_adjustment_ppm": 1_000_000, "spread_to_mmr_ppm": 100_000}
SHORT = {"usdc_balance": 4_499, "position_btc_base_quantums": -10_000_000}
BTC_CROSS = {
    "side": 1,
    "wallet_balance": Decimal("1535443.01"),
    "amount": Decimal("109.488"),
    "entry": Decimal("32481.98"),
    "mm_rate": Decimal("0.025"),
    "mm_amount": Decimal("16300.0"),
}
ETH_BESIDE = {
    "amount": Decimal("3683.979"),
    "entry": Decimal("1456.84"),
    "mark": Decimal("1335.18"),
    "mm_rate": Decimal("0.1"),
    "mm_amount": 135365,
}
WINDOW = {
    "maker_fee": Decimal("0.007"),
    "taker_fee": Decimal("0.003"),
    "skew_scale": 1_000,
    "multiplier": 1,
    "window_s": 10,
}


@pytest.mark.parametrize(
    ("rule", "inputs", "found"),
    [
        ("dydx_fillable_price", {**SHORT, **FILL}, 50_500),
        (
            "dydx_oi_scaled_imf_ppm",
            {
                "initial_margin_ppm": 200_000,
                "oi_lower_cap": 0,
                "oi_upper_cap": 3,
                "oi_notional": 1,
            },
            466_666,
        ),
        (
            "dydx_bankruptcy_price",
            {
                "usdc_balance": 5_000,
                "positions_base_quantums": {"BTC": -10_000_000},
                "close_market": "BTC",
                "delta_base_quantums": 10_000_000,
            },
            -5_000_000_000,
        ),
        (
            "drift_base_to_cover_margin_shortage",
            {
                "margin_shortage": 10**7,
                "margin_ratio": 100,
                "liquidator_fee": 10_000,
                "if_fee": 0,
                "oracle_price": 10**8,
                "quote_oracle_price": 10**6,
            },
            2**64 - 1,
        ),
        (
            "drift_size_adjusted_weights",
            {"kind": "asset", "token_amount_1e9": 10**12, "imf_factor": 10_000, "weight": 9_000},
            8_357,
        ),
        ("mango_init_health", {"token3": Decimal("-0.5")}, Decimal("-7.5")),
        (
            "hyperliquid_margin_tiers",
            {"notional": 2, "tiers": [[0, 25], [Decimal("1.0"), 15]]},
            None,
        ),
        (
            "bybit_inverse_bankruptcy_price",
            {"side": -1, "entry": Decimal("100.0"), "leverage": 5},
            125,
        ),
        (
            "nautilus_leveraged_margin",
            {"model": "standard", "qty": 10, "price": 5_000, "rate": Decimal("0.35")},
            17_500,
        ),
        (
            "nautilus_leveraged_margin",
            {"model": "leveraged", "qty": 1, "price": 1, "rate": 1, "leverage": 0},
            "error",
        ),
    ],
)
def test_other_numbers_of_the_same_rule(rule, inputs, found):
    answer = RULES[rule](inputs)
    if found is None:
        found = Fraction(1, 50) + Fraction(1, 30)
    if isinstance(found, str):
        assert answer == found
    else:
        assert Fraction(answer) == pytest.approx(Fraction(found), abs=1e-17)


def test_the_other_positions_as_sums_or_as_positions():
    rule = RULES["binance_usdm_liquidation_price"]
    summed = rule(
        {**BTC_CROSS, "upnl_other": Decimal("-448192.89"), "tmm_other": Decimal("356512.508")}
    )
    listed = rule({**BTC_CROSS, "others": [ETH_BESIDE]})
    single = rule({**BTC_CROSS, "other": ETH_BESIDE})
    # freqtrade's own test of this wallet: 26316.89.
    assert Fraction(summed) == pytest.approx(Fraction("26316.89"), rel=1e-5)
    assert listed == single
    assert Fraction(listed) == pytest.approx(Fraction(summed), rel=1e-6)


def test_a_sold_long_is_deleveraged_at_its_price():
    found = RULES["dydx_deleveraging_at_bankruptcy_price"](
        {"liq_usdc": -45_001, "liq_btc": 1, "off_usdc": 70_000, "off_btc": Decimal("-1.0")}
    )
    assert found["bankruptcy_price"] == 45_001
    assert found["offset_usdc_after"] == 24_999
    assert found["liquidated_usdc_after"] == 0


def test_a_window_with_a_calm_exception():
    rule = RULES["synthetix_v3_max_liquidatable_amount"]
    events = [[0, 100], [1, 30]]
    strict = rule({**WINDOW, "events": events})
    calm = rule({**WINDOW, "events": events, "max_pd": Decimal("0.5"), "skew": 10})
    assert (strict["e1"], calm["e1"]) == (0, 30)


def test_a_losing_side_is_not_deleveraged():
    found = RULES["gmx_adl_trigger"](
        {
            "pool_long_tokens": 10,
            "size_usd": 1_000,
            "entry": 100,
            "price": 50,
            "max_pnl_factor_for_adl": Decimal("0.1"),
        }
    )
    assert found == {"pnl": -500, "pool": 500, "factor": -1, "enabled": 0}


@pytest.mark.parametrize(
    ("rule", "inputs"),
    [
        ("drift_size_adjusted_weights", {"kind": "neither"}),
        ("bybit_liquidation_price", {"side": 1, "entry": True, "leverage": 1, "mmr": 0}),
        ("bybit_liquidation_price", {"side": 1, "leverage": 1, "mmr": 0}),
    ],
)
def test_bad_inputs_are_said(rule, inputs):
    with pytest.raises(DataError):
        RULES[rule](inputs)
