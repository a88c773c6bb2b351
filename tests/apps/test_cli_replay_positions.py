"""`trimtab replay` of a venue with derivatives markets: summary, events, metrics, resuming."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.apps.command_line import ask, write_case
from tests.apps.perp_case import PERP_BOOK, PERP_RULES, STEPS, write_perps
from trimtab.apps.printing import MARKET_LINES, SUMMARY_LINES

DECIMALS = {"ETH-PERP": 6, "BTC-USD": 6, "VOID-PERP": 4, "USD": 6, "ETH": 18, "BTC": 8}
PAYERS = ("own_margin", "penalty", "insurance", "backstop", "adl", "socialized")
LABELS = {key: label for label, key in SUMMARY_LINES}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_perps(tmp_path_factory.mktemp("perps") / "case")


@pytest.fixture(scope="module")
def done(case: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outputs of an undisturbed replay."""
    out = tmp_path_factory.mktemp("done") / "out"
    answer = ask("replay", case, "--out", out, "--format", "json", "--seed", 3)
    assert (answer.code, answer.err) == (0, "")
    assert json.loads(answer.out) == json.loads((out / "summary.json").read_text())
    return out


def summary(out: Path) -> dict[str, Any]:
    found = json.loads((out / "summary.json").read_text())
    assert isinstance(found, dict)
    return found


def rows_of(out: Path, name: str) -> list[dict[str, Any]]:
    table = duckdb.read_parquet(str(out / f"{name}.parquet"))
    return [dict(zip(table.columns, row, strict=True)) for row in table.fetchall()]


def of_kind(out: Path, kind: str) -> list[dict[str, Any]]:
    return [row for row in rows_of(out, "events") if row["kind"] == kind]


def value_of(rows: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(row["value"] or 0) for row in rows), Decimal(0))


def test_the_crash_closes_cuts_and_costs(done: Path) -> None:
    found = summary(done)
    assert (found["position_liquidations"], found["deleveragings"]) == (1, 4)
    assert found["conserved"] is True
    assert (found["liquidations"], found["repaid_value"]) == (0, "0")
    assert (found["insurance_value"], found["backstop_value"]) == ("44.785492", "25")
    assert found["unsafe_at_end"] == 0
    assert set(found["inputs"]) == {"rules.toml", "book.csv", "prices.csv", "funding.csv"}


def test_payers_sum_to_the_bad_debt(done: Path) -> None:
    found = summary(done)
    paid = {payer: Decimal(found[f"{payer}_value"]) for payer in PAYERS}
    assert sum(paid.values()) == Decimal(found["bad_debt_value"]) > 0
    for payer, value in paid.items():
        losses = [row for row in of_kind(done, "loss") if row["payer"] == payer]
        assert value_of(losses) == value, payer
    assert paid["insurance"] == 40 + Decimal(found["fee_value"]), "the fund and what it was paid"


@pytest.mark.parametrize(
    ("kind", "number", "value"),
    [
        ("liquidate_position", "position_liquidations", "closed_value"),
        ("deleverage", "deleveragings", "deleveraged_value"),
        ("fee", None, "fee_value"),
        ("loss", None, "bad_debt_value"),
        ("price_refused", "prices_refused", None),
        ("pause", "breaker_trips", None),
    ],
)
def test_the_summary_adds_up_the_events(
    done: Path, kind: str, number: str | None, value: str | None
) -> None:
    found, rows = summary(done), of_kind(done, kind)
    if number is not None:
        assert found[number] == len(rows)
    if value is not None:
        assert Decimal(found[value]) == value_of(rows)


def test_quantities_of_markets_are_whole_contracts(done: Path) -> None:
    rows = [row for row in rows_of(done, "events") if row["quantity"] is not None]
    assert {row["asset"] for row in rows} >= {"ETH-PERP", "USD"}
    for row in rows:
        quantity = Decimal(row["quantity"])
        places = -int(quantity.normalize().as_tuple().exponent)
        assert places <= DECIMALS[row["asset"]]
        assert quantity != 0
    for row in (*of_kind(done, "liquidate_position"), *of_kind(done, "deleverage")):
        assert row["asset"] == "ETH-PERP"
        assert row["price"] is not None


def test_a_close_is_the_quantity_at_the_mark(done: Path) -> None:
    """The taker buys at half a percent under the mark, and the value is at that price."""
    (row,) = of_kind(done, "liquidate_position")
    assert (row["account"], row["quantity"]) == ("bob/iso", "-0.249199")
    assert Decimal(row["price"]) == Decimal(1930) * Decimal("0.995")
    closed = abs(Decimal(row["quantity"])) * Decimal(row["price"])
    assert Decimal(row["value"]) == closed


def test_cuts_take_from_shorts_at_the_bankruptcy_price(done: Path) -> None:
    rows = of_kind(done, "deleverage")
    assert [row["account"] for row in rows] == ["eve/iso", "dee", "dee", "cat"]
    assert all(Decimal(row["quantity"]) > 0 for row in rows), "a short shrinks by a purchase"
    marks = {row["step"]: row["mark_ETH-PERP"] for row in rows_of(done, "metrics")}
    for row in rows:
        assert Decimal(row["price"]) > Decimal(str(marks[2 if row["reason"] != "bob" else 3]))


def test_cuts_keep_both_sides_of_a_market_equal(done: Path) -> None:
    """What shorts lose in size the bankrupt longs lost: 4, 0.750801 and 3 contracts."""
    cut: dict[str, Decimal] = {}
    for row in of_kind(done, "deleverage"):
        cut[row["reason"]] = cut.get(row["reason"], Decimal(0)) + Decimal(row["quantity"])
    assert cut == {"ann": 4, "bob/iso": 1 - Decimal("0.249199"), "bob": 3}


@pytest.mark.parametrize(
    "key",
    [
        *("liquidations", "repaid_value", "seized_value", "bonus_value", "fee_value"),
        *("bad_debt_value", "position_liquidations", "closed_value", "deleveraged_value"),
        *(f"{payer}_value" for payer in PAYERS),
    ],
)
def test_the_last_row_of_the_metrics_is_the_summary(done: Path, key: str) -> None:
    last = rows_of(done, "metrics")[-1]
    assert last[key] == pytest.approx(float(summary(done)[key]), abs=1e-9, rel=1e-12)


def test_metrics_of_the_first_row_are_those_of_health(case: Path, done: Path) -> None:
    totals = json.loads(ask("health", case, "--format", "json").out)["totals"]
    first = rows_of(done, "metrics")[0]
    for column, key in (
        ("notional_value", "notional"),
        ("debt_value", "debt"),
        ("collateral_value", "collateral"),
        ("shortfall_value", "shortfall"),
    ):
        assert first[column] == pytest.approx(float(totals[key]), rel=1e-12)


def test_metrics_say_each_market_at_each_step(done: Path) -> None:
    rows = rows_of(done, "metrics")
    assert [row["mark_ETH-PERP"] for row in rows] == [float(mark or 2000) for _, mark, _ in STEPS]
    assert [row["funding_rate_ETH-PERP"] for row in rows] == [0, *[0.001] * 2, *[-0.0004] * 3]
    assert all(row["long_VOID-PERP"] == row["short_VOID-PERP"] == 0 for row in rows)
    assert rows[0]["long_ETH-PERP"] == rows[0]["short_ETH-PERP"] == 16_000
    assert rows[-1]["long_ETH-PERP"] == 0
    assert rows[0]["insurance_capital"] == 40
    assert rows[-1]["insurance_capital"] == rows[-1]["backstop_equity"] == 0
    growing = ("closed_value", "deleveraged_value", "bad_debt_value", "fee_value")
    for name in growing:
        column = [row[name] for row in rows]
        assert column == sorted(column)


def test_the_histogram_of_exposure_sums_to_debt_and_notional(done: Path) -> None:
    for row in rows_of(done, "metrics"):
        buckets = [value for name, value in row.items() if name.startswith("debt_health_from_")]
        assert sum(buckets) == pytest.approx(row["debt_value"] + row["notional_value"], rel=1e-9)


def lines_of(out: Path) -> list[bytes]:
    return (out / "journal.jsonl").read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize("kept", range(1, 8))
def test_resuming_in_the_middle_gives_the_same_run(
    case: Path, done: Path, tmp_path: Path, kept: int
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    assert len(lines_of(done)) == 1 + len(STEPS)
    (out / "journal.jsonl").write_bytes(b"".join(lines_of(done)[:kept]))
    answer = ask("replay", case, "--out", out, "--resume", "--format", "json", "--seed", 3)
    assert answer.code == 0, answer.err
    assert summary(out) == summary(done)
    assert rows_of(out, "events") == rows_of(done, "events")
    assert (out / "metrics.parquet").read_bytes() == (done / "metrics.parquet").read_bytes()
    assert (out / "report.html").read_bytes() == (done / "report.html").read_bytes()
    assert lines_of(out) == lines_of(done)


def test_a_journal_of_other_funding_is_of_another_run(
    case: Path, done: Path, tmp_path: Path
) -> None:
    other = write_perps(
        tmp_path / "case", funding=(case / "funding.csv").read_text().replace("0.001", "0.002")
    )
    out = tmp_path / "out"
    out.mkdir()
    (out / "journal.jsonl").write_bytes(b"".join(lines_of(done)))
    answer = ask("replay", other, "--out", out, "--resume", "--seed", 3)
    assert answer.code == 3
    assert "journal.jsonl" in answer.complaint


def told(answer_out: str) -> set[str]:
    """The lines of a printed summary, by their label."""
    lines = (line.strip() for line in answer_out.splitlines())
    labels = [label.strip() for label in LABELS.values()]
    return {label for line in lines for label in labels if line.startswith(f"{label}  ")}


def test_the_terminal_says_of_markets_what_happened_there(case: Path, tmp_path: Path) -> None:
    answer = ask("replay", case, "--out", tmp_path / "out")
    seen = told(answer.out)
    matters = {"position_liquidations", "closed_value", "deleveragings", "deleveraged_value"}
    assert {LABELS[key] for key in matters} <= seen
    assert not {LABELS[key] for key in set(MARKET_LINES) - matters} & seen
    assert "12,225.68" in answer.out


def test_the_terminal_of_a_lending_venue_has_no_lines_of_markets(tmp_path: Path) -> None:
    answer = ask("replay", write_case(tmp_path / "case"), "--out", tmp_path / "out")
    assert answer.code == 0
    assert not {LABELS[key] for key in MARKET_LINES} & told(answer.out)
    assert "debt repaid" in told(answer.out)


def test_without_deleveraging_the_rest_is_socialized(tmp_path: Path) -> None:
    rules = PERP_RULES.replace('policy = "queue"', 'policy = "none"')
    out = tmp_path / "out"
    case = write_perps(tmp_path / "case", rules=rules)
    assert ask("replay", case, "--out", out, "--format", "json").code == 0
    found = summary(out)
    assert (found["deleveragings"], found["adl_value"], found["deleveraged_value"]) == (0, "0", "0")
    assert Decimal(found["socialized_value"]) > 600
    assert found["conserved"] is True


def test_a_book_without_positions_replays_with_every_key(done: Path, tmp_path: Path) -> None:
    book = "\n".join(line for line in PERP_BOOK.splitlines() if "-PERP" not in line)
    book = "\n".join(line for line in book.splitlines() if "BTC-USD" not in line) + "\n"
    out = tmp_path / "out"
    case = write_perps(tmp_path / "case", book=book)
    assert ask("replay", case, "--out", out, "--format", "json").code == 0
    assert summary(out).keys() == summary(done).keys()
    assert summary(out)["closed_value"] == "0"
    assert {"long_ETH-PERP", "insurance_capital"} <= rows_of(out, "metrics")[0].keys()
