"""Where accounts stand at a moment, what other rules change, and the columns of a replay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.simulation.cases import START_NS, STEP_SECONDS, run_of, small_case
from trimtab.model import Case
from trimtab.model.settings import PERCENT
from trimtab.simulation import AT_RISK_HEALTH, HEALTH_EDGES, Standing, compare, standing
from trimtab.simulation.metrics import SAMPLES_MAX
from trimtab.units import NANOSECONDS, WAD, DataError

STEP_NS = STEP_SECONDS * NANOSECONDS


def healths(found: Standing) -> dict[str, int | None]:
    return {account.account: account.health_wad for account in found.accounts}


def test_the_first_tick_is_the_books_own_moment(small: Case) -> None:
    found = standing(small)
    assert found.as_of_ns == START_NS
    assert healths(found)["ann"] == 16_000 * WAD // 12_000
    assert [account.account for account in found.accounts] == sorted(healths(found))


def test_excess_zero_is_safe(small: Case) -> None:
    tie = standing(small, at_ns=START_NS + 3 * STEP_NS)  # ETH at 1500: 12,000 against 12,000
    ann = next(account for account in tie.accounts if account.account == "ann")
    assert ann.health_wad == WAD
    assert not ann.liquidatable
    assert ann.distance_wad == 0


def test_prices_count_up_to_the_moment_and_no_further(small: Case) -> None:
    just_before = standing(small, at_ns=START_NS + 2 * STEP_NS - 1)
    at_tick = standing(small, at_ns=START_NS + 2 * STEP_NS)
    assert healths(just_before)["ann"] == 15_920 * WAD // 12_000
    assert healths(at_tick)["ann"] == 14_400 * WAD // 12_000


def test_a_moment_after_the_last_price_uses_the_last_price(small: Case) -> None:
    last = standing(small, at_ns=small.ticks[-1].at_ns)
    assert healths(standing(small, at_ns=small.ticks[-1].at_ns + 1)) == healths(last)


def test_a_moment_before_the_first_price_is_refused(small: Case) -> None:
    with pytest.raises(DataError, match="no prices at that time"):
        standing(small, at_ns=START_NS - 1)


def test_a_lender_has_no_health_and_no_leverage_to_speak_of(small: Case) -> None:
    lender = next(account for account in standing(small).accounts if account.account == "dee")
    assert lender.health_wad is None
    assert lender.leverage_wad == WAD
    assert lender.distance_wad == WAD


def test_the_same_rules_make_nobody_newly_unsafe(small: Case) -> None:
    assert compare(standing(small), small.rules) == []


def test_stricter_rules_name_who_falls_and_by_how_much(small: Case) -> None:
    found = standing(small)
    ether = replace(
        small.rules.assets["ETH"],
        max_ltv_wad=40 * PERCENT,
        liquidation_end_wad=55 * PERCENT,
        liquidation_threshold_wad=55 * PERCENT,
    )
    stricter = replace(small.rules, assets={**small.rules.assets, "ETH": ether})
    changes = {change.account: change for change in compare(found, stricter)}
    assert set(changes) == {"ann", "bob", "eve/loop", "fay"}
    assert changes["ann"].missing_wad == (12_000 - 11_000) * WAD
    assert changes["ann"].debt_wad == 12_000 * WAD
    missing = [change.missing_wad for change in compare(found, stricter)]
    assert missing == sorted(missing, reverse=True)


def test_metrics_have_a_row_for_each_step(small: Case) -> None:
    metrics = run_of(small).metrics
    assert metrics.at_ns == [tick.at_ns for tick in small.ticks]
    assert {len(column) for column in metrics.columns.values()} == {len(small.ticks)}
    first = {name: column[0] for name, column in metrics.columns.items()}
    assert first["collateral_value"] == pytest.approx(111_002)
    assert first["debt_value"] == pytest.approx(40_701.59)
    assert first["accounts_with_debt"] == 5
    assert first["price_ETH"] == 2000
    assert first["health_min"] == pytest.approx(1.6 / 1.59)


def test_running_totals_never_fall(small: Case) -> None:
    columns = run_of(small).metrics.columns
    for name in ("liquidations", "repaid_value", "seized_value", "bonus_value", "bad_debt_value"):
        assert columns[name] == sorted(columns[name]), name


def test_debt_by_health_adds_up_to_all_debt(small: Case) -> None:
    columns = run_of(small).metrics.columns
    buckets = [columns[f"debt_health_from_{edge:g}"] for edge in HEALTH_EDGES]
    for step, debt in enumerate(columns["debt_value"]):
        assert sum(bucket[step] for bucket in buckets) == pytest.approx(debt)
    assert AT_RISK_HEALTH in HEALTH_EDGES
    place = HEALTH_EDGES.index(AT_RISK_HEALTH)
    for step, risky in enumerate(columns["debt_at_risk_value"]):
        assert sum(bucket[step] for bucket in buckets[:place]) == pytest.approx(risky)


def test_samples_hold_the_first_and_the_last_step_and_stay_few() -> None:
    run = run_of(small_case((2000.0, *(1990 + number % 7 for number in range(600)), 1995.0)))
    times = [sample.at_ns for sample in run.metrics.samples]
    assert (times[0], times[-1]) == (run.case.ticks[0].at_ns, run.case.ticks[-1].at_ns)
    assert len(times) <= SAMPLES_MAX
    assert times == sorted(set(times))
    assert run.metrics.asset == "USD"


def test_samples_say_where_liquidations_would_start() -> None:
    case = small_case((2000, 1900))
    sample = run_of(replace(case, book=case.book[:2])).metrics.samples[0]
    assert sample.price == 2000
    assert np.allclose(sample.liquidation_price, [1500])
    assert np.allclose(sample.health, [4 / 3])
