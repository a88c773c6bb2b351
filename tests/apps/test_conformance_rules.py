"""The rules of Aave, Morpho and Compound, run as the runner runs them on numbers of our own.

Each expected number is worked out beside its case, not taken from a recorded file.
"""

import json
from pathlib import Path

import pytest

from trimtab.apps.conformance import __main__ as conformance
from trimtab.apps.conformance.files import RecordedCase, read_cases
from trimtab.apps.conformance.report import Outcome, judge
from trimtab.apps.conformance.tolerance import EXACT

RAY = 10**27
WAD = 10**18
MAX = 2**256 - 1

# rule of two operands: [(first, second, expected)]
BINARY = {
    "aave_v3.percentmul_half_up": [(3, 5_000, 2), (MAX, 0, 0), (10**30, 10_001, 10**26 * 10_001)],
    "aave_v3.percentmulfloor": [(3, 5_000, 1), (9_999, 1, 0), (10_000, 1, 1)],
    "aave_v3.percentmulceil": [(3, 5_000, 2), (0, 9_999, 0), (10_001, 1, 2)],
    "aave_v3.percentdiv_half_up": [(1, 20_000, 1), (1, 20_001, 0), (7, 30_000, 2)],
    "aave_v3.percentdivfloor": [(7, 30_000, 2), (2, 10_500, 1), (21, 10_500, 20)],
    "aave_v3.percentdivceil": [(7, 30_000, 3), (2, 10_500, 2), (21, 10_500, 20)],
    "aave_v3.waddiv_half_up": [(1, 3, 333333333333333333), (2, 3, 666666666666666667)],
    "aave_v3.raydiv_half_up": [(2, 3, (2 * RAY + 1) // 3), (0, 7, 0)],
    "aave_v3.raydivfloor": [(2, 3, 2 * RAY // 3), (RAY, RAY, RAY)],
    "aave_v3.raydivceil": [(2, 3, 2 * RAY // 3 + 1), (RAY, RAY, RAY)],
    "aave_v3.raymulceil": [(1, 1, 1), (RAY, 5, 5), (RAY + 1, 5, 6)],
    "aave_v3_0.wadmul": [(5, WAD // 10, 1), (4, WAD // 10, 0)],
    "aave_v3_0.waddiv": [(1, 3, 333333333333333333)],
    "aave_v3_0.raymul": [(5, RAY // 10, 1), (4, RAY // 10, 0)],
    "aave_v3_0.raydiv": [(2, 3, (2 * RAY + 1) // 3)],
}


def answer_of(rule, inputs):
    return conformance.all_rules()[rule](inputs)


def verdict_of(rule, inputs, expected):
    case = RecordedCase(rule, "ours", inputs, expected, EXACT)
    return judge(case, conformance.all_rules())


@pytest.mark.parametrize("rule", BINARY)
def test_rules_of_two_operands(rule):
    first, second = ("value", "percentage") if "percent" in rule else ("a", "b")
    for one, other, expected in BINARY[rule]:
        verdict = verdict_of(rule, {first: str(one), second: str(other)}, str(expected))
        assert verdict.outcome is Outcome.PASSED, verdict.complaints
        missed = verdict_of(rule, {first: str(one), second: str(other)}, str(expected + 1))
        assert missed.outcome is Outcome.FAILED


@pytest.mark.parametrize(("a", "b", "c", "expected"), [(6, 5, 3, 10), (7, 5, 3, 12), (0, 9, 7, 0)])
def test_mul_div_up(a, b, c, expected):
    assert answer_of("aave_v3.muldivceil", {"a": a, "b": b, "c": c}) == expected


def test_index_factors():
    half_year = {"rate_ray": str(RAY // 10), "seconds": str(15_768_000)}
    assert answer_of("aave_v3.linear_index_factor", half_year) == RAY + RAY // 20
    x = RAY // 20
    series = RAY + x + x * x // RAY // 2 + x * x // RAY * x // RAY // 6
    for rule in (
        "aave_v3.compounded_index_factor",
        "aave_v3.compounded_index_factor_derived_exact_value_exact",
    ):
        assert abs(answer_of(rule, half_year) - series) <= 2


def test_rates_above_the_kink():
    """90 % used: 1 + 4 % and half of 60 % is 35 %; suppliers get 90 % of 90 % of it."""
    inputs = {
        "total_debt": "900",
        "available_liquidity": "100",
        "unbacked_or_deficit": "0",
        "optimal_bps": "8000",
        "base_bps": "100",
        "slope1_bps": "400",
        "slope2_bps": "6000",
        "reserve_factor_bps": "1000",
    }
    expected = {
        "variable_borrow_rate": str(35 * 10**25),
        "liquidity_rate": str(RAY * 35 * 81 // 10_000),
    }
    verdict = verdict_of("aave_v3.kinked_rate_strategy_v2", inputs, expected)
    assert verdict.outcome is Outcome.PASSED, verdict.complaints


LIQUIDATION = {
    "coll_balance": str(10**18),
    "debt_balance": str(1_700 * 10**6),
    "coll_price": str(2_000 * 10**8),
    "debt_price": str(10**8),
    "coll_decimals": "18",
    "debt_decimals": "6",
    "lt": "8250",
    "bonus": "10500",
    "fee": "1000",
    "debt_to_cover": str(MAX),
}


def test_a_liquidation_of_the_oldest_version():
    """Half of 1700 buys 0.425 ETH at par and 0.44625 with the bonus, a tenth of which is fee."""
    expected = {
        "debt_repaid": str(850 * 10**6),
        "collateral_to_liquidator": "444125000000000000",
        "protocol_fee": "2125000000000000",
        "health_factor_before": "970588235294117647",
    }
    rule = "aave_v3_0.liquidationcall_single_collateral_single_debt"
    verdict = verdict_of(rule, LIQUIDATION, expected)
    assert verdict.outcome is Outcome.PASSED, verdict.complaints
    safe = {**LIQUIDATION, "debt_balance": str(1_650 * 10**6)}
    assert answer_of(rule, safe) == {"refused": "healthy", "health_factor_before": WAD}


def test_aave_v4():
    bonus = {
        "health_factor_for_max_bonus": str(9 * 10**17),
        "bonus_factor_bps": "2000",
        "health_factor": str(95 * 10**16),
        "max_bonus_bps": "11000",
    }
    assert answer_of("aave_v4.variable_liquidation_bonus", bonus) == 10_600
    to_target = {
        "total_debt_value_ray": str(10**30 * RAY),
        "debt_unit": str(10**6),
        "debt_price": str(10**8),
        "collateral_factor_bps": "5000",
        "liquidation_bonus_bps": "10000",
        "health_factor": str(9 * 10**17),
        "target_health_factor": str(WAD),
    }
    # 10000 dollars of debt, a tenth short of one, each dollar helps by a half: 2000 dollars.
    rule = "aave_v4.debt_to_restore_target_health_factor_rounded_up"
    assert answer_of(rule, to_target) == 2_000 * 10**6 * RAY


V4_AMOUNTS = {
    "hfm": str(8 * 10**17),
    "lbf": "5000",
    "coll_bal": str(3_000 * 10**6),
    "debt_bal": str(5 * WAD),
    "cover": str(3 * WAD),
    "tdv": str(10**30),
    "hf": str(8 * 10**17),
    "thf": str(WAD),
    "mx": "12000",
    "cf": "5000",
    "dp": str(2_000 * 10**8),
    "du": str(WAD),
    "cp": str(10**8),
    "cu": str(10**6),
    "fee": "1000",
}


def test_a_short_collateral_in_aave_v4():
    """3000 of collateral pays for 3000 / 1.2 / 2000 = 1.25; a tenth of the bonus of 500 is fee."""
    expected = {
        "collateral_to_liquidate": str(3_000 * 10**6),
        "collateral_to_liquidator": str(2_950 * 10**6),
        "debt_to_liquidate": str(125 * 10**16),
    }
    verdict = verdict_of("aave_v4.liquidation_amounts", V4_AMOUNTS, expected)
    assert verdict.outcome is Outcome.PASSED, verdict.complaints
    thin = {**V4_AMOUNTS, "coll_bal": str(6_900 * 10**6), "cover": str(25 * 10**17)}
    assert answer_of("aave_v4.liquidation_amounts", thin) == {"refused": "dust"}


MORPHO = {
    "lltv": str(86 * 10**16),
    "price0": str(2_000 * 10**36),
    "price1": str(1_900 * 10**36),
    "supply_assets": str(10**22),
    "borrow_assets_initial": str(1_700 * WAD),
    "collateral": str(WAD),
    "elapsed": "0",
    "borrow_rate_per_second_wad": "0",
    "mode": "shares",
    "input": str(1_700 * WAD * 10**6),
}


def test_morpho():
    rule = "morpho_blue.liquidate_after_interest_accrual"
    found = answer_of(rule, MORPHO)
    assert found["repaid_assets"] == 1_700 * WAD
    assert found["post"]["borrower_shares"] == found["post"]["total_borrow_assets"] == 0
    healthy = {**MORPHO, "price1": MORPHO["price0"]}
    assert answer_of(rule, healthy) == {"refused": "healthy"}
    poor = {**MORPHO, "borrow_assets_initial": str(1_721 * WAD)}
    assert answer_of(rule, poor) == {"refused": "insufficient_collateral"}
    assert verdict_of(rule, {**MORPHO, "mode": "both"}, {}).outcome is Outcome.FAILED
    assert answer_of("morpho_blue.liquidation_incentive_factor", {"lltv": "0"}) == 115 * 10**16


COMET = {"base_price": str(10**8), "base_scale": str(10**6), "asset_scale": str(WAD)}


@pytest.mark.parametrize(
    ("principal", "index", "collateral", "liquidatable"),
    [
        (-1_700 * 10**6, 10**15, WAD, False),
        (-1_700 * 10**6 - 1, 10**15, WAD, True),
        (-850 * 10**6, 2 * 10**15, WAD, False),
        (-850 * 10**6 - 1, 2 * 10**15, WAD, True),
        (-1, 10**15, 0, True),
        (0, 10**15, 0, False),
    ],
)
def test_who_is_liquidatable_in_compound(principal, index, collateral, liquidatable):
    inputs = {
        **COMET,
        "base_principal_signed": str(principal),
        "base_borrow_index": str(index),
        "collateral_balance": str(collateral),
        "asset_price": str(2_000 * 10**8),
        "liquidate_collateral_factor": str(85 * 10**16),
    }
    assert answer_of("compound_v3.isliquidatable", inputs) is liquidatable


SALE = {
    **COMET,
    "base_amount": str(1_916 * 10**6),
    "asset_price": str(2_000 * 10**8),
    "liquidation_factor": str(93 * 10**16),
    "store_front_price_factor": str(60 * 10**16),
}


def test_the_store_front():
    assert answer_of("compound_v3.quotecollateral", SALE) == WAD
    sale = {**SALE, "min_amount": str(WAD), "reserves_before": "-5", "target_reserves": "0"}
    rule = "compound_v3.buycollateral_amount_out"
    assert answer_of(rule, sale) == {
        "collateral_out": WAD,
        "reserves_after": 1_916 * 10**6 - 5,
    }
    assert answer_of(rule, {**sale, "reserves_before": "0"}) == {"refused": "not_for_sale"}
    assert answer_of(rule, {**sale, "min_amount": str(WAD + 1)}) == {"refused": "too_much_slippage"}


def test_absorption_and_its_refusal():
    rule = "compound_v3.absorb_debt_with_no_collateral_is_paid_by_reserves"
    inputs = {"borrower_principals": ["-5"], "total_borrow_before": "5", "reserves_before": "3"}
    found = answer_of(rule, inputs)
    assert found["base_paid_out"] == [5]
    assert (found["total_borrow_after"], found["reserves_after"]) == (0, -2)
    safe = {**inputs, "borrower_principals": ["5"]}
    assert answer_of(rule, safe) == {"refused": "not_liquidatable"}
    assert verdict_of(rule, {**inputs, "borrower_principals": "5"}, {}).outcome is Outcome.FAILED


def test_rates_with_a_bound_of_their_own(tmp_path: Path):
    """Twice as much borrowed as supplied: 200 % used, the high slope on 120 % of it."""
    inputs = {
        "total_supply_principal": "100",
        "total_borrow_principal": "200",
        "supply_index": str(10**15),
        "borrow_index": str(10**15),
        "supply_kink": str(8 * 10**17),
        "borrow_kink": str(8 * 10**17),
        "supply_year": ["0", str(4 * 10**16), str(4 * 10**17)],
        "borrow_year": [str(10**16), str(5 * 10**16), str(3 * 10**17)],
        "seconds_per_year": "31536000",
    }
    expected = {
        "utilization": str(2 * WAD),
        "annual_supply_target": str(32 * 10**15 + 48 * 10**16),
        "annual_borrow_target": str(10**16 + 4 * 10**16 + 36 * 10**16),
        "annual_tolerance": "200000000",
        "within_tolerance": True,
    }
    rule = "compound_v3.utilization_and_per_second_rates"
    vector = {"rule": rule, "inputs": inputs, "expected": expected, "tolerance": {"type": "exact"}}
    path = tmp_path / "rates.json"
    path.write_text(json.dumps({"schema": "lending-vectors/2", "vectors": [vector]}))
    (case,) = read_cases(path)
    verdict = judge(case, conformance.all_rules())
    assert verdict.outcome is Outcome.PASSED, verdict.complaints
    short = {**inputs, "supply_year": ["0", "1"]}
    assert verdict_of(rule, short, expected).outcome is Outcome.FAILED
