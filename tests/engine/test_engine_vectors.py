"""The engine's own rules, as data, say what deployed derivatives venues do.

Recorded cases where the shared files are there; and always random cases against the exact twins of
`protocols`, which the recorded cases pin on their side.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from tests.engine.recorded_shapes import made
from tests.house import checkout
from trimtab.apps.conformance import __main__ as conformance
from trimtab.apps.conformance.files import read_cases
from trimtab.apps.conformance.report import Outcome, judge

SHARED = checkout.ROOT.parent / "shared" / "vectors" / "derivatives.json"
TWINS, ENGINE = conformance.all_rules(), conformance.all_rules(conformance.ENGINE)
NAMED = {
    *("dydx_oi_scaled_imf_ppm", "dydx_initial_margin_quote_quantums", "dydx_bankruptcy_price"),
    *("dydx_fillable_price", "dydx_insurance_fund_delta", "dydx_partial_liquidation_limits"),
    *("dydx_deleveraging_at_bankruptcy_price", "drift_base_to_cover_margin_shortage"),
    *("drift_perp_if_fee", "drift_liquidation_fee_ramp", "drift_socialised_loss_funding_delta"),
    *("drift_size_adjusted_weights", "mango_stable_price", "synthetix_v3_margins"),
    *("synthetix_v3_cross_margin_pnl", "synthetix_v3_max_liquidatable_amount"),
    *("gmx_adl_trigger", "hyperliquid_margin_tiers", "binance_usdm_liquidation_price"),
    "bybit_liquidation_price",
}


def test_the_engine_answers_every_rule_it_is_asked_for():
    assert NAMED <= ENGINE.keys() <= TWINS.keys()


def test_no_module_of_the_engine_s_answers_imports_a_twin():
    for module in conformance.ENGINE:
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
        assert "trimtab.protocols" not in source, module.__name__


@pytest.mark.shared
def test_the_engine_reproduces_every_recorded_case():
    cases = [case for case in read_cases(SHARED) if case.rule in ENGINE]
    verdicts = [judge(case, ENGINE) for case in cases]
    wrong = [(v.case.rule, v.case.label, v.complaints) for v in verdicts]
    assert len(cases) >= 30
    assert {case.rule for case in cases} >= NAMED
    assert all(v.outcome is Outcome.PASSED for v in verdicts), wrong


# Where the engine's unit or rounding is another: an absolute bound, and one in parts of the answer.
BOUNDS: dict[str, tuple[int | str, str]] = {
    # The chain cuts a scaled rate to a part in a million; the engine keeps 18 places.
    "dydx_initial_margin_quote_quantums": (1, "1e-4"),
    "dydx_bankruptcy_price": (1, "0"),
    "dydx_insurance_fund_delta": (1, "0"),
    "dydx_partial_liquidation_limits": (1, "0"),
    "drift_base_to_cover_margin_shortage": (1, "0"),
    "drift_perp_if_fee": (1, "0"),
    "drift_size_adjusted_weights": (1, "0"),
    "mango_stable_price": ("1e-9", "1e-9"),
}
EVERYWHERE = ("1e-12", "1e-12")


def parts(answer: object) -> dict[str, Fraction]:
    found = answer if isinstance(answer, dict) else {"": answer}
    return {name: Fraction(value) for name, value in found.items() if value is not None}


@pytest.mark.parametrize("rule", sorted(NAMED))
def test_random_cases_agree_with_the_exact_twin(rule):
    random = Random(rule)
    compared = 0
    for _ in range(40 if rule != "mango_stable_price" else 8):
        inputs = made(rule, random)
        try:
            twin = parts(TWINS[rule](inputs))
        except Exception:  # a twin that refuses a case has no opinion to agree with
            continue
        absolute, relative = (Fraction(bound) for bound in BOUNDS.get(rule, EVERYWHERE))
        found = parts(ENGINE[rule](inputs))
        for name, value in twin.items():
            apart = abs(found[name] - value)
            assert apart <= absolute + relative * abs(value), (inputs, name, value, found[name])
            compared += 1
    assert compared >= 8, rule
