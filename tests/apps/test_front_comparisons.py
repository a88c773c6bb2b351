"""The front door between runs: other rules, tables of accounts, journals, and the demo's seed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trimtab
from tests.apps.command_line import ask, write_case
from tests.simulation.cases import small_case
from trimtab.adapters.files import open_journal, read_journal
from trimtab.apps import front, summaries
from trimtab.model import Case
from trimtab.model import commands as c
from trimtab.simulation import StepRecord
from trimtab.units import DataError, NumberError, RulesError

BOOK = """\
account,instrument,quantity,category
ann,ETH,10,
ann,USDC,-12000,
bob,STETH,3,near
bob,ETH,-2,near
"""
RULES = """\
[venue]
name = "small"
quote = "USD"

[assets.ETH]
decimals = 18
max_ltv = 0.75
liquidation_threshold = 0.80
liquidation_bonus = 0.05

[assets.STETH]
decimals = 18
underlying = "ETH"
max_ltv = 0.70
liquidation_threshold = 0.75

[assets.USDC]
decimals = 6

[categories.near]
assets = ["ETH", "STETH"]
max_ltv = 0.90
liquidation_threshold = 0.93
"""
PRICES = "timestamp,asset,price\n" + "".join(
    f"2020-01-01T00:{minute:02}:00Z,{asset},{price}\n"
    for minute, ether in ((0, 2000), (10, 1900), (20, 1400))
    for asset, price in (("ETH", ether), ("USDC", 1))
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(
        tmp_path_factory.mktemp("case") / "small", rules=RULES, book=BOOK, prices=PRICES
    )


@pytest.fixture(scope="module")
def case(folder: Path) -> Case:
    return trimtab.load_case(folder)


@pytest.fixture
def other(tmp_path: Path) -> Callable[[str, str], Path]:
    """Rules in which every `before` is `after`."""

    def written(before: str, after: str) -> Path:
        assert before in RULES
        path = tmp_path / "other.toml"
        path.write_text(RULES.replace(before, after))
        return path

    return written


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ('quote = "USD"', 'quote = "USDC"', "venue.quote"),
        ("[assets.USDC]", "[assets.USDT]", "assets.USDC"),
        ("decimals = 6", "decimals = 8", "assets.USDC.decimals"),
        ('underlying = "ETH"\n', "", "assets.STETH.underlying"),
        ('underlying = "ETH"', 'underlying = "USDC"', "assets.STETH.underlying"),
        ("categories.near", "categories.far", "categories.near"),
    ],
)
def test_other_rules_must_mean_the_same_things(
    case: Case, other: Callable[[str, str], Path], before: str, after: str, key: str
) -> None:
    path = other(before, after)
    with pytest.raises(RulesError, match=re.escape(f"other.toml: key {key}:")) as caught:
        trimtab.health(case, against=path)
    assert caught.value.column == key
    assert caught.value.expected


def test_a_refusal_of_other_rules_is_one_line(
    folder: Path, other: Callable[[str, str], Path]
) -> None:
    answer = ask("health", folder, "--against", other('quote = "USD"', 'quote = "USDC"'))
    assert answer.code == 3
    assert "venue.quote" in answer.complaint


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('name = "small"', 'name = "another"'),
        ("[categories.near]", "[assets.GOLD]\ndecimals = 2\n\n[categories.near]"),
        ("liquidation_bonus = 0.05", "liquidation_bonus = 0.10"),
        ("max_ltv = 0.70", "max_ltv = 0.10"),
    ],
)
def test_what_moves_no_threshold_makes_nobody_unsafe(
    case: Case, other: Callable[[str, str], Path], before: str, after: str
) -> None:
    found = trimtab.health(case, against=other(before, after))
    assert found.changes == ()
    assert found.accounts == trimtab.health(case).accounts


def test_the_shortage_under_other_rules_is_exact(
    case: Case, other: Callable[[str, str], Path]
) -> None:
    """Ann has 20,000 against 12,000: at 0.59 she is short of 12,000 - 11,800."""
    path = other("max_ltv = 0.75\nliquidation_threshold = 0.80", "liquidation_threshold = 0.59")
    (change,) = trimtab.health(case, against=path).changes or ()
    assert (change.account, change.missing_wad) == ("ann", 200 * 10**18)
    path.write_text(path.read_text().replace("0.59", "0.60"))
    assert trimtab.health(case, against=path).changes == ()


def test_a_table_of_accounts_is_flat_and_as_long_as_it_is_wide(case: Case) -> None:
    result = trimtab.health(case)
    table = result.tables["accounts"]
    assert {len(column) for column in table.values()} == {2}
    assert table["account"] == ["ann", "bob"]
    assert not any(isinstance(cell, dict) for column in table.values() for cell in column)
    for key in ("liquidation_price", "withdrawable", "borrowable"):
        assert key not in table
        for place, document in enumerate(result.to_json()["accounts"]):
            flat = {f"{key}_{asset}": value for asset, value in document[key].items()}
            assert {name: table[name][place] for name in flat} == flat
            rest = {name for name in table if name.startswith(f"{key}_")} - flat.keys()
            assert all(table[name][place] is None for name in rest)


def test_a_table_of_nobody_keeps_its_columns(case: Case) -> None:
    standing = trimtab.health(case).standing
    empty = summaries.account_table(standing, ())
    assert list(empty) == list(summaries.account_table(standing, standing.accounts))
    assert all(column == [] for column in empty.values())
    nobody = summaries.account_table(replace(standing, accounts=()), ())
    assert nobody["account"] == []


@pytest.mark.parametrize("limit", ["", "1,5", "one", "1e400", "0.0000000000000000001"])
def test_a_limit_that_is_no_number_is_refused(limit: str) -> None:
    with pytest.raises(NumberError):
        front.below((), limit)


texts = st.text(max_size=6)
numbers = st.integers(-(2**80), 2**80)
commands = st.one_of(
    st.builds(c.SetPrices, numbers, st.lists(st.tuples(texts, numbers), max_size=2).map(tuple)),
    st.builds(c.Liquidate),
    st.builds(c.CloseOut),
)
records = st.builds(
    StepRecord,
    st.integers(0, 9),
    st.lists(commands, max_size=3).map(tuple),
    st.dictionaries(texts, numbers, max_size=3),
    texts,
)
HEAD = {"case": {}, "seed": "0", "schema": "trimtab.journal/1"}


@settings(max_examples=20)
@given(st.lists(records, max_size=3))
def test_steps_come_back_from_a_journal_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, steps: list[StepRecord]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "deep" / "journal.jsonl"
    with front._appending(path, HEAD) as note:
        for step in steps:
            note(step)
    assert path.exists() == bool(steps)
    if steps:
        assert list(front._journaled(path, HEAD)) == steps


@pytest.mark.parametrize(
    "line",
    [
        {"step": 0},
        {"step": 0, "commands": [{}], "waiting": {}, "state_hash": ""},
        {"step": 0, "commands": ["Pause"], "waiting": {}, "state_hash": ""},
        {"step": 0, "commands": [], "waiting": {"ann": "soon"}, "state_hash": ""},
        {"step": 0, "commands": [], "waiting": ["ann"], "state_hash": ""},
        {"step": 0, "commands": None, "waiting": {}, "state_hash": ""},
    ],
)
def test_a_line_that_follows_but_is_no_step_is_bad_data(tmp_path: Path, line: object) -> None:
    path = tmp_path / "journal.jsonl"
    with open_journal(path) as journal:
        journal.append(HEAD)
        journal.append(line)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"journal.jsonl: row 2: the line is no step"):
        trimtab.replay(small_case(), journal=path, resume=True)


@pytest.mark.parametrize(
    ("seed", "changes", "words"),
    [
        (1, {}, "column seed"),
        (0, {"input_hashes": {"book.csv": "ab"}}, "book.csv differs"),
        (0, {"book": small_case().book[2:]}, "Liquidate is rejected"),
        (0, {"ticks": small_case().ticks[:5]}, "state hash"),
    ],
)
def test_a_journal_goes_on_with_its_own_run_alone(
    tmp_path: Path, seed: int, changes: dict[str, object], words: str
) -> None:
    path = tmp_path / "journal.jsonl"
    trimtab.replay(small_case(), journal=path)
    before = path.read_bytes()
    with pytest.raises(DataError, match=words):
        trimtab.replay(replace(small_case(), **changes), seed=seed, journal=path, resume=True)
    assert path.read_bytes() == before


def test_a_finished_journal_is_resumed_without_a_new_step(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    whole = trimtab.replay(small_case(), journal=path)
    told: list[tuple[int, int]] = []
    again = trimtab.replay(
        small_case(), journal=path, resume=True, progress=lambda *step: told.append(step)
    )
    assert told == []
    assert again.to_json() == whole.to_json()
    assert repr(again.tables) == repr(whole.tables)  # nan equals nan as text
    head, *steps = read_journal(path)
    assert head == HEAD
    assert [step["step"] for step in steps] == list(range(9))


def test_progress_counts_up_to_the_last_step() -> None:
    told: list[tuple[int, int]] = []
    result = trimtab.replay(small_case(), progress=lambda *step: told.append(step))
    assert told == [(step, 9) for step in range(1, 10)]
    assert result.command == "trimtab.replay(case)"


def test_the_demo_is_drawn_from_its_seed_alone(tmp_path: Path) -> None:
    texts = {}
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        front.write_demo_case(tmp_path / name, seed=seed)
        texts[name] = {path.name: path.read_text() for path in sorted((tmp_path / name).iterdir())}
    assert texts["one"] == texts["same"]
    assert texts["one"].keys() == texts["other"].keys()
    assert texts["one"]["book.csv"] != texts["other"]["book.csv"]
    assert texts["one"]["rules.toml"] == texts["other"]["rules.toml"]
    front.write_demo_case(tmp_path / "same", seed=3, former=True)
    assert (tmp_path / "same" / "book.csv").read_text() == texts["one"]["book.csv"]
    assert (tmp_path / "same" / "rules.toml").read_text() != texts["one"]["rules.toml"]
