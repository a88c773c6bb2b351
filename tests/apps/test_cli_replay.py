"""`trimtab replay`: its outputs, its journal, and going on after an interruption."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.apps.command_line import BOOK, RULES, ask, prices_text, write_case

SUMMARY_KEYS = {
    *("schema", "venue", "quote", "from", "to", "accounts", "steps", "liquidations"),
    *("repaid_value", "seized_value", "bonus_value", "fee_value", "bad_debt_value"),
    *("own_margin_value", "penalty_value", "insurance_value", "backstop_value", "adl_value"),
    *("position_liquidations", "closed_value", "deleveragings", "deleveraged_value"),
    *("prices_refused", "breaker_trips"),
    *("socialized_value", "backstop_transfers", "margin_calls", "unsafe_at_end"),
    *("unsafe_debt_value", "conserved", "state_hash", "seed", "versions", "inputs"),
}
EVENT_COLUMNS = [
    *("timestamp", "seq", "account", "kind", "asset", "quantity", "price", "value"),
    *("payer", "reason", "state_hash"),
]
OUTPUTS = {"events.parquet", "metrics.parquet", "summary.json", "report.html", "journal.jsonl"}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("case") / "small")


@pytest.fixture(scope="module")
def done(case: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outputs of an undisturbed replay."""
    out = tmp_path_factory.mktemp("done") / "out"
    answer = ask("replay", case, "--out", out, "--format", "json", "--seed", 5)
    assert (answer.code, answer.err) == (0, "")
    assert json.loads(answer.out) == json.loads((out / "summary.json").read_text())
    return out


def summary(out: Path) -> dict[str, object]:
    found = json.loads((out / "summary.json").read_text())
    assert isinstance(found, dict)
    return found


def events(out: Path) -> list[tuple[object, ...]]:
    return duckdb.read_parquet(str(out / "events.parquet")).fetchall()


def test_the_summary_has_its_schema_and_every_key(done: Path) -> None:
    found = summary(done)
    assert found.keys() == SUMMARY_KEYS
    assert found["schema"] == "trimtab.replay/1"
    assert (found["accounts"], found["steps"], found["seed"]) == (4, 9, 5)
    assert found["conserved"] is True
    inputs = found["inputs"]
    assert isinstance(inputs, dict)
    assert set(inputs) == {"rules.toml", "book.csv", "prices.csv"}


def test_values_are_exact_text_and_payers_add_up(done: Path) -> None:
    found = summary(done)
    values = {key: Decimal(str(found[key])) for key in SUMMARY_KEYS if key.endswith("_value")}
    assert all(isinstance(found[key], str) for key in values)
    payers = ("own_margin", "penalty", "insurance", "backstop", "adl", "socialized")
    assert values["bad_debt_value"] == sum(values[f"{payer}_value"] for payer in payers) > 0
    assert values["insurance_value"] == 40


def test_exactly_the_outputs_appear(done: Path) -> None:
    assert {path.name for path in done.iterdir()} == OUTPUTS
    assert not [path for path in done.parent.iterdir() if path != done]
    page = (done / "report.html").read_text()
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_events_have_the_stable_columns_and_add_up_to_the_summary(done: Path) -> None:
    table = duckdb.read_parquet(str(done / "events.parquet"))
    assert table.columns == EVENT_COLUMNS
    rows = [dict(zip(EVENT_COLUMNS, row, strict=True)) for row in table.fetchall()]
    assert [row["seq"] for row in rows] == list(range(len(rows)))
    found = summary(done)
    for kind, key in (
        ("liquidate", "repaid_value"),
        ("seize", "seized_value"),
        ("bonus", "bonus_value"),
        ("loss", "bad_debt_value"),
    ):
        total = sum(Decimal(row["value"] or 0) for row in rows if row["kind"] == kind)
        assert total == Decimal(str(found[key])), kind
    assert {row["payer"] for row in rows if row["kind"] == "loss"} == {"insurance", "socialized"}
    hashes = [row["state_hash"] for row in rows if row["kind"] == "checkpoint"]
    assert hashes[-1] == found["state_hash"]


def test_metrics_have_a_row_for_each_step(done: Path) -> None:
    table = duckdb.read_parquet(str(done / "metrics.parquet"))
    assert table.columns[:2] == ["timestamp", "step"]
    assert {"debt_value", "accounts_unsafe", "price_ETH"} <= set(table.columns)
    assert [row[1] for row in table.fetchall()] == list(range(9))


def test_the_table_prints_the_same_run(case: Path, done: Path, tmp_path: Path) -> None:
    answer = ask("replay", case, "--out", tmp_path / "out")
    assert answer.code == 0
    assert str(summary(done)["state_hash"])[:16] in answer.out
    assert "conserved to the last unit" in answer.err
    assert answer.err.splitlines()[-1].startswith("report: ")


def lines_of(done: Path) -> list[bytes]:
    return (done / "journal.jsonl").read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize("kept", range(11))
def test_resuming_after_any_line_gives_the_same_run(
    case: Path, done: Path, tmp_path: Path, kept: int
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "journal.jsonl").write_bytes(b"".join(lines_of(done)[:kept]))
    answer = ask("replay", case, "--out", out, "--resume", "--seed", 5)
    assert answer.code == 0, answer.err
    assert summary(out) == summary(done)
    assert events(out) == events(done)
    assert (out / "metrics.parquet").read_bytes() == (done / "metrics.parquet").read_bytes()
    assert lines_of(out) == lines_of(done)


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_torn_last_line_is_done_again(case: Path, done: Path, tmp_path: Path, cut: int) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "journal.jsonl").write_bytes((done / "journal.jsonl").read_bytes()[:-cut])
    assert ask("replay", case, "--out", out, "--resume", "--seed", 5).code == 0
    assert summary(out) == summary(done)
    assert lines_of(out) == lines_of(done)


def refused(case: Path, out: Path, journal: bytes, *more: object) -> str:
    out.mkdir()
    (out / "journal.jsonl").write_bytes(journal)
    answer = ask("replay", case, "--out", out, "--resume", *(more or ("--seed", 5)))
    assert answer.code == 3
    assert (out / "journal.jsonl").read_bytes() == journal
    assert {path.name for path in out.iterdir()} == {"journal.jsonl"}
    return answer.complaint


def test_a_corrupted_line_is_refused_by_its_number(case: Path, done: Path, tmp_path: Path) -> None:
    lines = lines_of(done)
    lines[3] = lines[3].replace(b'"step":2', b'"step":3')
    assert "row 4" in refused(case, tmp_path / "out", b"".join(lines))


def test_a_missing_line_is_refused(case: Path, done: Path, tmp_path: Path) -> None:
    lines = lines_of(done)
    assert "row 4" in refused(case, tmp_path / "out", b"".join(lines[:3] + lines[4:]))


def test_a_journal_of_another_case_is_refused(done: Path, tmp_path: Path) -> None:
    other = write_case(tmp_path / "other", book=BOOK.replace("ann,ETH,10", "ann,ETH,11"))
    complaint = refused(other, tmp_path / "out", b"".join(lines_of(done)))
    assert "another run" in complaint
    assert "--resume" in complaint


def test_a_journal_of_another_seed_is_refused(case: Path, done: Path, tmp_path: Path) -> None:
    journal = b"".join(lines_of(done))
    assert "seed" in refused(case, tmp_path / "out", journal, "--seed", 6)


def test_without_resume_an_old_journal_is_replaced(case: Path, done: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "journal.jsonl").write_text("anything\n")
    assert ask("replay", case, "--out", out, "--seed", 5).code == 0
    assert lines_of(out) == lines_of(done)


def test_resume_without_a_journal_starts_anew(case: Path, done: Path, tmp_path: Path) -> None:
    assert ask("replay", case, "--out", tmp_path / "o", "--resume", "--seed", 5).code == 0
    assert summary(tmp_path / "o") == summary(done)


def test_files_of_others_in_the_folder_stay(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    assert ask("replay", case, "--out", out).code == 0
    assert (out / "notes.txt").read_text() == "mine"
    assert {path.name for path in out.iterdir()} == OUTPUTS | {"notes.txt"}


BAD_CASES = {
    "no rules": {"rules": "nonsense = ["},
    "unknown asset": {"book": BOOK.replace("bob,BTC", "bob,XBT")},
    "a price of zero": {"prices": prices_text().replace("ETH,1990", "ETH,0")},
    "too little supply": {"rules": RULES + "\n[assets.X]\ndecimals = 2\nexternal_supply = 1\n"},
}


@pytest.mark.parametrize("name", BAD_CASES)
def test_a_bad_case_leaves_no_output(tmp_path: Path, name: str) -> None:
    texts = dict(BAD_CASES[name])
    if name == "too little supply":
        texts["book"] = BOOK + "ann,X,-5,\n"
        texts["prices"] = prices_text() + "2020-01-01T00:00:00Z,X,1\n"
    case, out = write_case(tmp_path / "case", **texts), tmp_path / "deep" / "out"
    answer = ask("replay", case, "--out", out)
    assert answer.code == 3
    assert answer.complaint
    assert {path.name for path in tmp_path.iterdir()} == {"case"}


def test_an_output_that_cannot_be_written_is_bad_data(case: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = ask("replay", case, "--out", tmp_path / "file" / "out")
    assert answer.code == 3
    assert answer.complaint
    assert ask("replay", case, "--out", tmp_path / "file").code == 3


def test_a_folder_in_the_place_of_an_output_is_not_replaced(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "summary.json").mkdir(parents=True)
    answer = ask("replay", case, "--out", out)
    assert answer.code == 3
    assert answer.complaint
    assert (out / "summary.json").is_dir()
