"""`--engine`: the same cases through the engine, and only the rules that it says."""

import json

import pytest

from trimtab.apps.conformance import __main__ as conformance

EXACT = {"type": "exact"}


def group(rule, expected, **inputs):
    case = {"case": "one", "inputs": inputs, "expected": expected}
    return {"rule": rule, "tolerance": EXACT, "cases": [case]}


def limits(most):
    """A position of 5,000 quote quantums, of which a tenth is 500 and the least 100."""
    return group(
        "dydx_partial_liquidation_limits",
        {"min": 100, "max": most},
        position_btc_base_quantums=10,
        min_position_notional_liquidated=100,
        max_position_portion_ppm=100_000,
    )


OTHER = group("deribit_venue_rule", 1, size=1)


@pytest.fixture
def run(tmp_path, capsys):
    """Run groups with some options; return the exit code and the lines of output."""

    def run_groups(*groups, options=("--engine",)):
        path = tmp_path / "cases.json"
        path.write_text(json.dumps({"schema": "derivatives-vectors/2", "vectors": list(groups)}))
        code = conformance.main([*options, str(path)])
        return code, capsys.readouterr().out.splitlines()

    return run_groups


def test_a_case_that_the_engine_gets_wrong_fails(run):
    code, lines = run(limits(501))
    assert (code, lines[-1]) == (1, "0 passed, 1 failed, 0 unmapped")


def test_a_case_that_it_gets_right_passes(run):
    code, lines = run(limits(500))
    assert (code, lines[-1]) == (0, "1 passed, 0 failed, 0 unmapped")


def test_rules_that_it_does_not_say_are_left_out(run):
    assert run(OTHER) == (
        0,
        ["rule    passed    failed  unmapped", "0 passed, 0 failed, 0 unmapped"],
    )


def test_without_the_option_they_are_unmapped(run):
    code, lines = run(OTHER, options=())
    assert (code, lines[-1]) == (1, "0 passed, 0 failed, 1 unmapped")
