"""The rules that the engine says itself, held against the twins on drawn cases; `--engine`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.apps.test_conformance import GROUPS, SHARED, lending, vector
from tests.house import checkout
from trimtab.apps.conformance import __main__ as conformance
from trimtab.apps.conformance.files import RecordedCase
from trimtab.apps.conformance.report import Outcome, judge
from trimtab.apps.conformance.tolerance import EXACT, parse_tolerance
from trimtab.units import DataError

ENGINE = conformance.all_rules(conformance.ENGINE)
TWINS = conformance.all_rules()
NEAR = parse_tolerance({"type": "relative", "value": 1e-9, "absolute_below": 1.0})
LIMITS = {
    "position_btc_base_quantums": 100_000_000,
    "min_position_notional_liquidated": 100,
    "max_position_portion_ppm": 1_000_000,
}
RAMP = {"base_fee": 20_000, "max_fee": 50_000, "last_active_slot": 0, "slot": 100_000}


def group(rule: str, expected: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    case = {"case": "one", "inputs": inputs, "expected": expected}
    return {"rule": rule, "tolerance": {"type": "exact"}, "cases": [case]}


def derivatives(*groups: dict[str, Any]) -> dict[str, Any]:
    return {"schema": "derivatives-vectors/2", "vectors": list(groups)}


def run(tmp_path: Path, *contents: object, engine: bool = True) -> int:
    paths = []
    for place, content in enumerate(contents):
        path = tmp_path / f"{place}.json"
        path.write_text(json.dumps(content))
        paths.append(str(path))
    return conformance.main([*(["--engine"] if engine else []), *paths])


def test_the_engine_answers_rules_that_a_twin_answers_too() -> None:
    assert set(ENGINE) < set(TWINS)
    assert all(ENGINE[rule] is not TWINS[rule] for rule in ENGINE)


def test_modules_of_the_engine_import_no_twin() -> None:
    folder = checkout.ROOT / "src/trimtab/apps/conformance"
    paths = sorted(folder.glob("engine_*.py"))
    assert len(paths) == len(conformance.ENGINE) + 1
    assert not [path.name for path in paths if "trimtab.protocols" in path.read_text()]


def test_rules_that_the_engine_does_not_say_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = group("dydx_partial_liquidation_limits", {"min": 100, "max": 50_000_000_000}, LIMITS)
    assert run(tmp_path, derivatives(good), GROUPS, lending(vector())) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["rule", "dydx_partial_liquidation_limits", "1"]
    assert lines[-1] == "1 passed, 0 failed, 0 unmapped"
    assert run(tmp_path, derivatives(good), GROUPS, engine=False) == 1, "the twins miss a rule"


def test_a_wrong_answer_of_the_engine_is_named_and_exits_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = group("drift_liquidation_fee_ramp", 49_999, RAMP)
    assert run(tmp_path, derivatives(bad)) == 1
    told = capsys.readouterr()
    assert told.err == ("failed: drift_liquidation_fee_ramp (one): expected 49999, found 50000\n")
    assert told.out.endswith("0 passed, 1 failed, 0 unmapped\n")


def test_an_input_that_is_missing_fails_its_case_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = {key: value for key, value in RAMP.items() if key != "slot"}
    good = group("drift_liquidation_fee_ramp", 50_000, RAMP)
    assert run(tmp_path, derivatives(group("drift_liquidation_fee_ramp", 1, short), good)) == 1
    told = capsys.readouterr()
    assert "raised DataError" in told.err
    assert told.out.endswith("1 passed, 1 failed, 0 unmapped\n")


def test_no_case_of_the_engine_is_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, lending(vector())) == 0
    assert capsys.readouterr().out.endswith("0 passed, 0 failed, 0 unmapped\n")


def test_a_bad_file_is_one_line_here_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, {"schema": "other"}) == DataError.exit_code == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: ")
    assert len(told.err.splitlines()) == 1


def test_an_option_that_is_none_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        conformance.main(["--motor", "any.json"])
    assert stop.value.code == 2
    assert "--engine" in capsys.readouterr().err


@pytest.mark.skipif(not SHARED.is_dir(), reason="no vectors beside the checkout")
def test_every_recorded_case_that_the_engine_says_passes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert conformance.main(["--engine", str(SHARED / "derivatives.json")]) == 0
    passed = int(capsys.readouterr().out.splitlines()[-1].split()[0])
    assert passed >= 33


def agree(rule: str, inputs: dict[str, Any], *, tolerance: Any = EXACT) -> None:
    """The engine's answer is the twin's."""
    case = RecordedCase(rule, "drawn", inputs, TWINS[rule](inputs), tolerance)
    verdict = judge(case, ENGINE)
    assert verdict.outcome is Outcome.PASSED, (inputs, verdict.complaints)


ppm = st.integers(0, 1_000_000)
some = st.integers(1, 10**12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**14), st.integers(0, 10**9), st.integers(1, 1_000_000))
def test_portions_of_a_position(size: int, least: int, portion: int) -> None:
    inputs = {
        "position_btc_base_quantums": size,
        "min_position_notional_liquidated": least,
        "max_position_portion_ppm": portion,
    }
    agree("dydx_partial_liquidation_limits", inputs)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 50_000), st.integers(0, 50_000), st.integers(0, 10**6))
def test_the_fee_ramp(base: int, more: int, slots: int) -> None:
    inputs = {"base_fee": base, "max_fee": base + more, "last_active_slot": 7, "slot": 7 + slots}
    agree("drift_liquidation_fee_ramp", inputs)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 10**15), st.integers(1, 10**15), st.integers(0, 10**15))
def test_a_loss_over_all_who_hold(loss: int, longs: int, shorts: int) -> None:
    inputs = {"loss_quote": -loss, "base_long": longs, "base_short": -shorts}
    agree("drift_socialised_loss_funding_delta", inputs)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**10), st.sampled_from((20, 25, 40)), st.integers(1, 10**9))
def test_tiers_of_maintenance(notional: int, leverage: int, floor: int) -> None:
    tiers = [[0, leverage], [floor, leverage // 2]]
    inputs = {"notional": notional, "tiers": tiers}
    agree("hyperliquid_margin_tiers", inputs, tolerance=NEAR)


@settings(max_examples=40, deadline=None)
@given(st.integers(10_000, 1_000_000), some, some, st.integers(0, 3 * 10**12))
def test_rates_that_rise_with_open_interest(
    rate: int, lower: int, more: int, interest: int
) -> None:
    inputs = {
        "initial_margin_ppm": rate,
        "oi_lower_cap": lower,
        "oi_upper_cap": lower + more,
        "oi_notional": interest,
    }
    agree("dydx_oi_scaled_imf_ppm", inputs)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(-(10**5), 10**5),
    st.integers(10**4, 10**9) | st.integers(-(10**9), -(10**4)),
    st.integers(1_000, 200_000),
    ppm,
)
def test_what_a_fill_gives_the_fund_or_takes(cash: int, size: int, price: int, fee: int) -> None:
    inputs = {
        "usdc_balance": cash,
        "position_btc_base_quantums": size,
        "fill_price_usd": price,
        "max_liquidation_fee_ppm": fee,
    }
    agree("dydx_insurance_fund_delta", inputs)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(-(10**5), 10**5),
    st.integers(10**4, 10**9) | st.integers(-(10**9), -(10**4)),
    st.integers(-(10**6), 10**6),
    st.integers(1, 4),
)
def test_the_price_of_bankruptcy(cash: int, btc: int, eth: int, part: int) -> None:
    """Of a quarter, a third, a half or all of a position, beside another or alone.

    A thousandth of the other's units keeps its margin whole, which the venue rounds up.
    """
    held = {"BTC": btc} | ({"ETH": 1_000 * eth} if eth else {})
    closed = -(abs(btc) // part or 1) * (1 if btc > 0 else -1)
    inputs = {
        "usdc_balance": cash,
        "positions_base_quantums": held,
        "close_market": "BTC",
        "delta_base_quantums": closed,
    }
    agree("dydx_bankruptcy_price", inputs)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 1_000),
    st.sampled_from((1, -1)),
    st.integers(1, 50),
    st.integers(10, 5_000),
    st.integers(1, 99),
)
def test_the_liquidation_price_of_an_isolated_position(
    wallet: int, side: int, amount: int, entry: int, rate: int
) -> None:
    assume(side < 0 or wallet < amount * entry)  # else no price liquidates the long
    inputs = {
        "side": side,
        "wallet_balance": wallet,
        "amount": amount,
        "entry": entry,
        "mm_rate": f"0.{rate:03}",
    }
    agree("binance_isolated_liquidation_price", inputs, tolerance=NEAR)
