"""The parts of a report: figures as shown, bars, thinned columns, rules in words."""

from dataclasses import replace

import numpy as np
import pytest

from trimtab.apps.report.bars import bucket_names, distance_bars, waterfalls
from trimtab.apps.report.ends import Cause, ends_of
from trimtab.apps.report.ledger import cash_rows, loss_rows, pool_rows
from trimtab.apps.report.rule_words import differences, keeper_words, liquidation_words
from trimtab.apps.report.shown import (
    cell,
    counted,
    duration,
    health,
    listed,
    moment,
    money,
    percent,
    plain_text,
    price,
    printable,
    sentence,
    short_number,
)
from trimtab.apps.report.thinning import bins, heat, peaks, per_bin
from trimtab.model import (
    AssetRules,
    BookRow,
    Case,
    LiquidationRules,
    Payer,
    ReplayRules,
    Rules,
    Sizing,
    Tick,
)
from trimtab.simulation import Sample, replay
from trimtab.units import NANOSECONDS, WAD

CASE = Case(
    "parts",
    Rules(
        "parts",
        "USD",
        {
            "ETH": AssetRules(
                "ETH",
                decimals=18,
                max_ltv_wad=80 * WAD // 100,
                liquidation_end_wad=83 * WAD // 100,
                liquidation_threshold_wad=83 * WAD // 100,
                liquidation_bonus_wad=5 * WAD // 100,
            ),
            "USD": AssetRules("USD", decimals=18),
        },
        {},
    ),
    (BookRow("alice", "ETH", 10 * WAD), BookRow("alice", "USD", -1500 * WAD)),
    (Tick(0, (("ETH", 200 * WAD),)), Tick(60 * NANOSECONDS, (("ETH", 100 * WAD),))),
)


@pytest.mark.parametrize(
    ("value_wad", "text"),
    [
        (0, "0 USD"),
        (1, "<0.01 USD"),
        (-1, ">−0.01 USD"),
        (12 * WAD + WAD // 2, "12.50 USD"),
        (-99 * WAD, "−99.00 USD"),
        (119_257 * WAD, "119,257 USD"),
        (6_854_191 * WAD, "6.85 million USD"),
        (123_456_789 * WAD, "123 million USD"),
        (5 * 10**9 * WAD, "5.00 billion USD"),
    ],
)
def test_money_keeps_about_three_figures(value_wad: int, text: str) -> None:
    assert money(value_wad, "USD").text.replace("\u00a0", " ") == text


def test_money_has_the_exact_figure_behind_it() -> None:
    value_wad = 6_854_190 * WAD + 555_827_875_251_915_678
    assert money(value_wad, "USD").exact == "6854190.555827875251915678 USD"
    assert cell(10**18 + 1).exact == "1.000000000000000001"


def test_health_is_cut_off_so_that_unsafe_never_looks_safe() -> None:
    assert health(WAD - 1).text == "0.9999"
    assert health(WAD).text == "1.0000"
    assert health(None).text == "no debt"


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.0, "0"), (0.00001, "<0.1"), (-0.00001, ">−0.1"), (-0.482, "−48.2"), (1.0, "100")],
)
def test_percent_never_shows_something_as_nothing(fraction: float, text: str) -> None:
    assert percent(fraction).text == f"{text}\u202f%"
    assert percent(0.5, signed=True).text == "+50.0\u202f%"


@pytest.mark.parametrize(
    ("value", "text"),
    [(7910.0, "7,910"), (195.0, "195.00"), (1.005, "1.0050"), (0.0001234, "0.0001234"), (0, "–")],
)
def test_prices_have_about_five_figures(value: float, text: str) -> None:
    assert price(value).text == text


def test_times_and_lengths_of_time() -> None:
    assert moment(0).text.replace("\u00a0", " ") == "1 January 1970, 00:00 UTC"
    assert moment(1_500_000_000).exact == "1970-01-01T00:00:01.500Z"
    lengths = [260, 600, 5400, 86_400, 1.5]
    shown = [duration(int(s * NANOSECONDS)).replace("\u00a0", " ") for s in lengths]
    assert shown == ["260 seconds", "10 minutes", "1.5 hours", "1 day", "1.5 seconds"]


def test_sentences_keep_their_figures() -> None:
    told = sentence("{} owe {}.", counted(2, "account"), money(5 * WAD, "USD"))
    assert plain_text([told]) == "2 accounts owe 5.00 USD."
    assert plain_text([listed([("a",), ("b",), ("c",)])]) == "a, b and c"


def test_numbers_on_axes_are_short() -> None:
    values = [0, 950, 999.9, 1500, 2.5e6, -3e9]
    assert [short_number(v) for v in values] == ["0", "950", "1k", "1.5k", "2.5m", "−3bn"]


def test_signs_that_cannot_be_seen_are_spelled_out() -> None:
    assert printable("a\u202eb\x00\ud800") == "a\\u202eb\\u0000\\ud800"
    assert printable("Ünïcødé 名前") == "Ünïcødé 名前"


def test_thinned_lines_keep_their_lows_and_highs() -> None:
    values = np.random.default_rng(1).normal(size=10_000)
    kept = peaks(values, 100)
    assert len(kept) <= 102
    assert {0, 9_999, int(values.argmin()), int(values.argmax())} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()


def test_bins_add_up_to_the_running_total() -> None:
    running = np.cumsum(np.arange(1000.0))
    assert per_bin(running, bins(1000, 7)).sum() == running[-1]
    assert per_bin(running, bins(1000, 5000)).tolist() == list(range(1000))


def _sample(at_ns: int, price_now: float, at: list[float], debt: list[float]) -> Sample:
    one = np.ones(len(at))
    return Sample(at_ns, one, np.array(debt), one, np.array(at), price_now)


def test_the_heat_map_holds_the_debt_of_each_moment() -> None:
    samples = [
        _sample(0, 200.0, [150.0, np.nan], [10.0, 99.0]),
        _sample(100, 180.0, [150.0, 170.0], [10.0, 5.0]),
        _sample(200, 100.0, [np.nan, np.nan], [0.0, 0.0]),
    ]
    grid = heat(samples)
    assert grid is not None
    assert grid.debt.sum(axis=0).tolist() == [10.0, 15.0]  # one column from each step to the next
    assert grid.low < 100.0 < 200.0 < grid.high


def test_no_heat_map_without_debt_on_the_asset() -> None:
    assert heat([_sample(0, 200.0, [np.nan], [5.0])] * 2) is None
    assert heat([_sample(0, 0.0, [np.nan], [0.0])] * 2) is None


def test_distances_put_each_debt_in_one_place() -> None:
    at = [210.0, 200.0, 195.0, 179.0, 20.0, np.nan]
    sample = _sample(0, 200.0, at, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    rows = distance_bars([sample])
    assert [row.bars[0].value.text for row in rows] == [
        *("1.00", "6.00", "0", "8.00", "0", "0", "16.00", "32.00")
    ]


def test_buckets_are_named_by_their_edges() -> None:
    plain = [name.replace("\u2060", "").replace("\u00a0", " ") for name in bucket_names((0, 1, 2))]
    assert plain == ["< 1", "1 – 2", "≥ 2"]


def test_the_waterfall_falls_to_nothing() -> None:
    run = replay(CASE)
    (fall,) = waterfalls([("only", run)])
    assert run.tally.bad_debt_wad > 0
    assert fall.steps[-1].remaining.text == "0"
    assert sum(step.bar.width for step in fall.steps) == pytest.approx(100, abs=1)
    assert fall.steps[0].name == "Own margin"
    (row,) = loss_rows(run)
    assert row.total.exact == fall.total.value.exact
    assert len(row.paid) == len(Payer)


def test_ledgers_agree_to_the_last_unit() -> None:
    run = replay(CASE)
    ends = ends_of(run)
    assert all(row.agrees and row.difference.text == "0" for row in cash_rows(run, ends))
    assert all(row.agrees for row in pool_rows(run))
    assert ends.debt_wad == 1500 * WAD
    assert ends.collateral_wad == 2000 * WAD


def test_why_an_account_is_left_unsafe() -> None:
    fell = (*CASE.ticks[:1], Tick(60 * NANOSECONDS, (("ETH", 175 * WAD),)))
    gas = replace(CASE, ticks=fell, replay=ReplayRules(gas_cost_wad=10**6 * WAD))
    assert [left.cause for left in ends_of(replay(gas)).left] == [Cause.GAS]
    slow = replace(CASE, ticks=fell, replay=ReplayRules(delay_blocks=1000))
    assert [left.cause for left in ends_of(replay(slow)).left] == [Cause.WAITING]


def test_only_rules_that_differ_are_listed() -> None:
    assert differences([CASE, CASE]) == []
    whole = replace(CASE.rules, liquidation=LiquidationRules(sizing=Sizing.WHOLE))
    (line,) = differences([CASE, replace(CASE, rules=whole)])
    assert line.key == "liquidation.sizing"
    assert line.values == ("target_health", "whole")
    assert line.doc


def test_rules_are_told_in_words() -> None:
    assert "lifts the account's health to 1.05" in plain_text(liquidation_words(CASE))
    busy = replace(CASE, replay=ReplayRules(capital_wad=5000 * WAD, delay_blocks=20))
    words = plain_text(keeper_words(busy))
    assert "Gas costs nothing." in words
    assert "5,000 USD for one price step" in words
    assert "4 minutes after" in words
