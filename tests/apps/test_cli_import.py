"""`trimtab import` as typed: options, messages and exit codes, against a node on loopback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

import trimtab
from tests.adapters import aave_pool, compound_market
from tests.adapters.chain_fakes import (
    CHAIN_ID,
    HEIGHT,
    FakeChain,
    address,
    block_hash,
    skip_without_extra,
)
from tests.adapters.fake_node import serving
from tests.adapters.morpho_markets import MORPHO, ONE, chain_of_markets
from tests.apps.command_line import Answer, ask
from trimtab.adapters.chains import Manners, Progress
from trimtab.apps.import_cli import Question
from trimtab.apps.importing import Bars, checked_block
from trimtab.units import DataError, UsageError

skip_without_extra()

FAST = ["--requests-per-second", "100000"]
URL = "http://127.0.0.1:1/v3/secret-key"


@pytest.fixture
def chain() -> FakeChain:
    return aave_pool.pool()


@pytest.fixture
def url(chain: FakeChain) -> Iterator[str]:
    with serving(chain) as url:
        yield url


def aave(url: str, out: Path, *words: object) -> Answer:
    target = ["--rpc", url, "--pool", aave_pool.POOL, "--out", out]
    return ask("import", "aave-v3", *target, *FAST, *words)


def test_a_pool_becomes_a_case_that_health_reads(url: str, tmp_path: Path) -> None:
    answer = aave(url, tmp_path / "case", "--chain-id", CHAIN_ID)
    assert (answer.code, answer.out) == (0, "")
    assert answer.err.splitlines() == [
        f"chain {CHAIN_ID}, block {HEIGHT}, {block_hash(HEIGHT)}",
        f"3 accounts, 5 positions of {aave_pool.POOL}; case: {tmp_path / 'case'}",
    ]
    asked = ask("health", tmp_path / "case", "--format", "csv")
    assert asked.code == 0
    assert len(asked.out.splitlines()) == 4
    replayed = ask("replay", tmp_path / "case", "--out", tmp_path / "replay", "--format", "json")
    assert replayed.code == 0, replayed.err


def test_a_comet_becomes_a_case(tmp_path: Path) -> None:
    with serving(compound_market.market()) as url:
        words = ["--rpc", url, "--comet", compound_market.COMET, "--out", tmp_path / "case"]
        answer = ask("import", "compound-v3", *words, *FAST, "--from-block", 900)
    assert answer.code == 0, answer.err
    case = trimtab.load_case(tmp_path / "case")
    assert set(case.rules.assets) == {"USD", "USDC", "WETH", "WBTC"}


def test_markets_of_morpho_become_a_case(tmp_path: Path) -> None:
    with serving(chain_of_markets()) as url:
        words = ["--rpc", url, "--morpho", MORPHO, "--market", ONE, "--market", ONE]
        answer = ask("import", "morpho-blue", *words, "--out", tmp_path / "case", *FAST)
    assert answer.code == 0, answer.err
    assert trimtab.load_case(tmp_path / "case").rules.quote == "USDC"


def test_the_front_gives_the_same_as_the_command(url: str, tmp_path: Path) -> None:
    aave(url, tmp_path / "typed", "--block", HEIGHT)
    told: list[Progress] = []
    outcome = trimtab.import_case(
        trimtab.AaveV3(aave_pool.POOL),
        tmp_path / "called",
        rpc=url,
        block=HEIGHT,
        manners=Manners(rate_per_s=1e6),
        progress=told.append,
    )
    for name in ("rules.toml", "book.csv", "prices.csv", "source.json"):
        typed, called = (tmp_path / way / name for way in ("typed", "called"))
        assert typed.read_bytes() == called.read_bytes()
    assert (outcome.accounts, outcome.block.number) == (3, HEIGHT)
    assert told


def test_accounts_are_listed_in_a_file_or_in_the_call(url: str, tmp_path: Path) -> None:
    listed = tmp_path / "accounts.txt"
    listed.write_text(f"{aave_pool.ANN}\n")
    assert aave(url, tmp_path / "typed", "--accounts", listed).code == 0
    source = trimtab.AaveV3(aave_pool.POOL)
    trimtab.import_case(
        source,
        tmp_path / "called",
        rpc=url,
        accounts=[aave_pool.ANN.upper().replace("X", "x")],
        manners=Manners(rate_per_s=1e6),
    )
    books = [(tmp_path / way / "book.csv").read_bytes() for way in ("typed", "called")]
    assert books[0] == books[1]
    with pytest.raises(DataError, match="accounts: this is no address"):
        trimtab.import_case(source, tmp_path / "x", rpc=url, accounts=["ann"])


def test_an_interrupted_import_says_how_to_go_on(
    chain: FakeChain, url: str, tmp_path: Path
) -> None:
    sent = chain.send
    chain.fails_after = None

    def stop(requests: object) -> object:
        if chain.count("eth_call") > 20:
            raise KeyboardInterrupt
        return sent(requests)  # type: ignore[arg-type]

    with mock.patch("trimtab.adapters.chains.http_wire.HttpWire.send", lambda _, r: stop(r)):
        answer = aave(url, tmp_path / "case")
    assert answer.code == 130
    assert answer.complaint.endswith(
        f"what was read is kept in {tmp_path / 'case'}: go on with --resume"
    )
    again = aave(url, tmp_path / "case")
    assert again.code == 3
    assert "an interrupted read is in the folder" in again.complaint
    assert aave(url, tmp_path / "case", "--resume").code == 0


def test_notes_are_warnings(tmp_path: Path) -> None:
    with serving(aave_pool.pool(category_price=aave_pool.ORACLE)) as url:
        answer = aave(url, tmp_path / "case")
    assert answer.code == 0
    assert answer.err.startswith("warning: category 2 dollars has a price of its own")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--block", "soon"], 2, "--block 'soon': expected a number or one of latest, safe,"),
        (["--chain-id", "1"], 3, "the node follows another chain; found '7'; expected 1"),
        (["--block", "5000"], 3, "the node has no such block; found '5000'"),
        (["--from-block", "5000"], 3, "--from-block: the events begin after the block"),
        (["--pool", "0x1"], 3, "--pool: this is no address; found '0x1'"),
        (["--pool", address(0xDEAD)], 3, "there is no contract at this address at the block"),
        (["--pool", aave_pool.ORACLE], 3, "the contract refuses a call"),
        (["--accounts", "absent.txt"], 3, "absent.txt: there is no such file"),
        (["--requests-per-second", "0"], 2, "'0': expected 0.01 or more"),
        (["--tries", "0"], 2, "--tries '0': expected 1 or more"),
    ],
)
def test_what_cannot_be_is_one_line(
    url: str, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    answer = aave(url, tmp_path / "case", *words)
    assert answer.code == code
    assert said in answer.complaint
    assert not (tmp_path / "case").exists()


def test_a_node_that_is_gone_is_one_line_without_its_key(tmp_path: Path) -> None:
    answer = aave(URL, tmp_path / "case", "--tries", 1)
    assert answer.code == 3
    assert answer.complaint.startswith("error: 127.0.0.1:1 eth_chainId: the node does not answer")
    assert "secret" not in answer.err


@pytest.mark.parametrize("url_text", ["node.example", "ws://node.example", ""])
def test_what_is_no_url_is_a_usage_error(tmp_path: Path, url_text: str) -> None:
    answer = aave(url_text, tmp_path / "case")
    assert answer.code == 2
    assert "--rpc: expected the URL of a node" in answer.complaint


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    with mock.patch.dict(sys.modules, {"web3": None}):
        answer = aave(URL, tmp_path / "case")
    assert answer.code == 2
    assert answer.complaint == (
        "error: reading a chain needs the extra `chain`: pip install 'trimtab[chain]'"
    )


def test_the_url_may_come_from_the_environment(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIMTAB_RPC", url)
    words = ["--pool", aave_pool.POOL, "--out", tmp_path / "case"]
    assert ask("import", "aave-v3", *words, *FAST).code == 0


def test_help_of_the_group_loads_nothing_heavy() -> None:
    answer = ask("import", "--help")
    assert answer.code == 0
    for name in ("aave-v3", "compound-v3", "morpho-blue"):
        assert name in answer.out
    assert Question.__slots__


@pytest.mark.parametrize("block", ["latest", "safe", "finalized", 17, "17"])
def test_blocks_are_numbers_or_tags(block: int | str) -> None:
    assert checked_block(block) in ("latest", "safe", "finalized", 17)


@pytest.mark.parametrize("block", ["-1", "0x11", "earliest", "", "1.5", "١"])
def test_other_blocks_are_usage_errors(block: str) -> None:
    with pytest.raises(UsageError, match="--block"):
        checked_block(block)


def test_each_thing_that_is_read_has_its_own_bar() -> None:
    with mock.patch("trimtab.apps.importing.console.progress") as progress:
        with Bars() as bars:
            bars.tell(Progress("events", 1, 2))
            bars.tell(Progress("events", 2, 2))
            bars.tell(Progress("balances", 1, 9))
        assert [call.args for call in progress.call_args_list] == [("events",), ("balances",)]
        told = progress.return_value.__enter__.return_value
        assert [call.args for call in told.call_args_list] == [(1, 2), (2, 2), (1, 9)]
        assert progress.return_value.__exit__.call_count == 2
