"""The documents and tables of a result: exact text, absent where nothing is, and sums that hold."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.cases import small_case, small_rules
from trimtab.apps import front
from trimtab.apps.summaries import (
    account_document,
    event_columns,
    health_document,
    health_totals,
    metric_columns,
    replay_summary,
    versions,
    wad_text,
)
from trimtab.model import Case, Event, EventKind, Explanation, Level, Payer
from trimtab.model.schema import EVENTS
from trimtab.simulation import ReplayRun, Standing, TimedEvent, replay, standing
from trimtab.units import WAD

KEYS = ("accounts", "collateral", "debt", "equity", "liquidatable", "shortfall")


@pytest.fixture(scope="module")
def found() -> Standing:
    return standing(small_case())


@pytest.fixture(scope="module")
def run() -> ReplayRun:
    return replay(small_case(), seed=11)


def exact(text: str | None) -> Decimal:
    assert isinstance(text, str), text
    assert "e" not in text.lower()
    return Decimal(text)


@given(st.integers(-(10**60), 10**60))
def test_a_wad_is_told_to_its_last_digit(value_wad: int) -> None:
    text = wad_text(value_wad)
    assert text is not None
    with localcontext(prec=200):
        assert exact(text).scaleb(18) == value_wad
    assert not (("." in text) and text.endswith("0"))
    assert text == "0" or text.strip("-").lstrip("0") != ""


def test_nothing_is_not_zero() -> None:
    assert wad_text(None) is None
    assert wad_text(0) == "0"


def test_versions_are_texts() -> None:
    told = versions()
    assert list(told) == ["python", "trimtab", "numpy", "duckdb"]
    assert all(text and text[0].isdigit() for text in told.values())


def test_totals_of_a_book_worked_out_by_hand(found: Standing) -> None:
    """ETH 2,000, BTC 30,000; in dollars, by account: ann, bob, cyd, dee, eve, fay."""
    totals = health_totals(found)
    assert exact(totals["collateral"]) == 20_000 + 9_000 + 18_000 + 50_000 + 14_000 + 2
    assert exact(totals["debt"]) == 12_000 + 5_600 + 12_000 + 11_100 + Decimal("1.59")
    assert exact(totals["equity"]) == exact(totals["collateral"]) - exact(totals["debt"])
    assert (totals["accounts"], totals["accounts_with_debt"]) == (6, 5)
    assert (totals["liquidatable"], totals["liquidatable_debt"]) == (0, "0")
    assert totals["shortfall"] == "0"


def test_a_shortfall_is_of_those_under_water_alone() -> None:
    """At 700 for ether, eve holds 4,900 against 11,100; others' equity does not help her."""
    case = small_case()
    found = standing(case, at_ns=case.ticks[6].at_ns)
    eve = next(account for account in found.accounts if account.account == "eve")
    assert wad_text(eve.equity_wad) == "-6200"
    totals = health_totals(found)
    under = [account for account in found.accounts if account.equity_wad < 0]
    assert exact(totals["shortfall"]) == sum(-exact(wad_text(a.equity_wad)) for a in under) > 6200
    assert totals["liquidatable"] == sum(account.liquidatable for account in found.accounts)


def test_the_totals_are_of_the_book_whoever_is_listed(found: Standing) -> None:
    whole = health_document(found, found.accounts)
    part = health_document(found, found.accounts[:1])
    assert part["totals"] == whole["totals"]
    assert part["accounts"] == whole["accounts"][:1]
    assert "against" not in whole
    assert health_document(found, (), changes=())["against"] == {
        "newly_liquidatable": 0,
        "debt": "0",
        "missing": "0",
        "accounts": [],
    }


def test_the_debt_at_stake_is_the_sum_of_its_accounts(found: Standing) -> None:
    rules = small_rules()
    ether = replace(rules.assets["ETH"], liquidation_threshold_wad=WAD // 2)
    changes = front.compare(found, replace(rules, assets={**rules.assets, "ETH": ether}))
    told = health_document(found, (), changes=changes)["against"]
    assert told["newly_liquidatable"] == len(told["accounts"]) == 4
    for key in ("debt", "missing"):
        assert exact(told[key]) == sum(exact(one[key]) for one in told["accounts"])
    missing = [exact(one["missing"]) for one in told["accounts"]]
    assert missing == sorted(missing, reverse=True)
    assert {one["account"]: one["missing"] for one in told["accounts"]}["ann"] == "2000"


def test_an_account_says_what_it_has_not(found: Standing) -> None:
    """Dee owes nothing: no health, no liquidation price; 28,701.59 of what she lent is lent on.

    Of the pool's cash, 60 came from the two funds.
    """
    dee = next(account for account in found.accounts if account.account == "dee")
    document = account_document(dee, found.case.rules)
    missing = [key for key, value in document.items() if value is None]
    assert missing == ["health_factor", "distance_up"]
    assert (document["leverage"], document["distance"]) == ("1", "1")
    assert document["liquidation_price"] == {}
    assert document["withdrawable"] == {"USD": "21358.41"}
    broke = replace(dee, leverage_wad=None, equity_wad=-WAD)
    assert account_document(broke, found.case.rules)["leverage"] is None


def test_amounts_have_the_decimals_of_their_asset(found: Standing) -> None:
    units = {"USD": 1, "BTC": 1, "ETH": 1}
    blank: Explanation = replace(
        found.accounts[0],
        withdrawable=units,
        borrowable={},
        excess_wad=dict.fromkeys(Level, -1),
    )
    document = account_document(blank, found.case.rules)
    assert document["withdrawable"] == {
        "USD": "0.000001",
        "BTC": "0.00000001",
        "ETH": "0.000000000000000001",
    }
    assert {document[f"excess_{level}"] for level in Level} == {"-0.000000000000000001"}


def test_the_summary_is_the_tally_in_exact_text(run: ReplayRun) -> None:
    summary, tally = replay_summary(run), run.tally
    assert json.loads(json.dumps(summary)) == summary
    assert (summary["from"], summary["to"]) == ("2023-11-14T22:13:20Z", "2023-11-14T23:33:20Z")
    assert (summary["accounts"], summary["steps"], summary["seed"]) == (6, 9, 11)
    assert summary["inputs"] == {}
    for key in ("repaid", "seized", "bonus", "fee", "bad_debt"):
        with localcontext(prec=100):
            assert exact(summary[f"{key}_value"]).scaleb(18) == getattr(tally, f"{key}_wad")
    assert summary["liquidations"] == sum(e.event.kind is EventKind.LIQUIDATE for e in run.events)
    paid = sum(exact(summary[f"{payer}_value"]) for payer in Payer)
    assert paid == exact(summary["bad_debt_value"]) > 0
    assert summary["unsafe_at_end"] == len(run.unwanted)


def test_a_case_that_was_read_names_its_inputs() -> None:
    case = small_case((2000, 1990))
    named = replace(case, input_hashes={"book.csv": "ab"})
    assert replay_summary(replay(named))["inputs"] == {"book.csv": "ab"}
    assert replay_summary(replay(replace(case, input_hashes=None)))["inputs"] == {}


def test_the_table_of_events_has_the_columns_of_the_design(run: ReplayRun) -> None:
    table = event_columns(run.events, run.case.rules)
    assert list(table) == [column.name for column in EVENTS]
    assert {len(column) for column in table.values()} == {len(run.events)}
    assert table["seq"] == list(range(len(run.events)))
    assert table["timestamp"] == sorted(table["timestamp"])
    assert [row for row in table["state_hash"] if row][-1] == run.state_hash


@pytest.mark.parametrize("kind", EventKind)
def test_an_event_of_any_kind_is_one_row_of_exact_text(kind: EventKind) -> None:
    payer = Payer.BACKSTOP if kind is EventKind.LOSS else None
    event = Event(kind, "ann", "BTC", -150_000_001, 3 * WAD + 1, -7, payer, "why", 5)
    table = event_columns([TimedEvent(9, 4, event, "abc")], small_rules())
    (row,) = zip(*table.values(), strict=True)
    assert row == (
        *(9, 4, "ann", str(kind), "BTC", "-1.50000001", "3.000000000000000001"),
        *("-0.000000000000000007", "backstop" if payer else None, "why", "abc"),
    )


@pytest.mark.parametrize("kind", EventKind)
def test_what_an_event_does_not_say_is_absent(kind: EventKind) -> None:
    table = event_columns([TimedEvent(0, 0, Event(kind))], small_rules())
    assert {name: column[0] for name, column in table.items() if column[0] is not None} == {
        "timestamp": 0,
        "seq": 0,
        "kind": kind.value,
    }


def test_a_quantity_of_no_asset_of_the_venue_has_no_decimals() -> None:
    events = [TimedEvent(0, 0, Event(EventKind.RULE, asset="near", quantity=5))]
    table = event_columns(events, small_rules())
    assert (table["asset"], table["quantity"]) == (["near"], [None])
    assert all(column == [] for column in event_columns((), small_rules()).values())


def test_metrics_are_floats_beside_their_time_and_step(run: ReplayRun) -> None:
    table = metric_columns(run)
    assert list(table)[:2] == ["timestamp", "step"]
    assert table["step"] == list(range(9))
    assert table["timestamp"] == [tick.at_ns for tick in run.case.ticks]
    # At the last step nobody owes anything, and a column is floats all the same.
    assert table["accounts_with_debt"][-1] == 0
    assert all(type(cell) is float for name in list(table)[2:] for cell in table[name])
    assert table["bad_debt_value"][-1] == pytest.approx(run.tally.bad_debt_wad / WAD)
    assert table["price_ETH"] == [2000, 1990, 1800, 1500, 1450, 1100, 700, 900, 1200]


def test_health_and_replay_speak_of_the_same_book(small: Case) -> None:
    totals = health_totals(standing(small))
    assert totals["accounts"] == replay_summary(replay(small))["accounts"]
    assert set(KEYS) < set(totals)
