"""Calls at one block: together or apart, smaller when refused, and every trouble as one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.adapters.chain_fakes import (
    HEIGHT,
    FakeChain,
    ScriptedWire,
    address,
    block_hash,
    reader_of,
    skip_without_extra,
)
from trimtab.adapters.chains.abi import function
from trimtab.adapters.chains.node import Block, Node
from trimtab.adapters.chains.reader import Call, Progress
from trimtab.adapters.chains.record import open_record
from trimtab.adapters.chains.wire import Fault, Reply, Request, RpcError, WireError
from trimtab.units import DataError

skip_without_extra()

TOKEN = address(0x70)
BALANCE = function("balanceOf(address)", "uint256")
NAME = function("name()", "string")
PAIR = function("pair()", "uint256", "address")
HEAD = {"source": "test"}


def chain_with_balances(**limits: Any) -> FakeChain:
    chain = FakeChain(**limits)
    chain.answers(TOKEN, BALANCE, lambda who: int(who, 16) * 3)
    chain.answers(TOKEN, PAIR, (5, address(9)))
    return chain


def balances(count: int) -> list[Call]:
    return [Call(TOKEN, BALANCE, (address(number),)) for number in range(count)]


def trouble(chain: Any, call: Call | None = None) -> str:
    with pytest.raises(DataError) as caught:
        reader_of(chain).ask([call or balances(1)[0]], "balances")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("multicall", [True, False])
def test_answers_come_in_the_order_of_the_calls(multicall: bool) -> None:
    chain = chain_with_balances(multicall=multicall)
    assert reader_of(chain).ask(balances(700), "balances") == [3 * n for n in range(700)]
    assert chain.count("eth_call") == (3 if multicall else 700)


def test_several_values_come_as_a_tuple() -> None:
    assert reader_of(chain_with_balances()).one(TOKEN, PAIR) == (5, address(9))


@pytest.mark.parametrize("by_hash", [True, False])
def test_every_call_names_the_block(by_hash: bool) -> None:
    chain = chain_with_balances(by_hash=by_hash, multicall=False)
    reader_of(chain).ask(balances(3), "balances")
    pins = [one.params[1] for one in chain.asked if one.method == "eth_call"]
    assert pins == [{"blockHash": block_hash(HEIGHT)} if by_hash else hex(HEIGHT)] * 3


def test_too_many_calls_at_once_become_fewer() -> None:
    chain = chain_with_balances(batch_max=40)
    assert reader_of(chain).ask(balances(600), "balances") == [3 * n for n in range(600)]
    sizes = chain.count("eth_call")
    assert 600 / 40 < sizes < 30


def test_a_call_that_fails_among_others_is_decided_alone() -> None:
    """Out of its share of gas it looks refused; alone it answers."""
    chain = chain_with_balances()
    told: list[RpcError | int] = [RpcError(3, "execution reverted"), 42]
    chain.answers(TOKEN, NAME, lambda: "x")
    chain.answers(TOKEN, BALANCE, lambda who: told.pop(0) if int(who, 16) == 1 else 7)
    assert reader_of(chain).ask(balances(3), "balances") == [7, 42, 7]


def test_a_refused_call_is_none_where_it_may_be() -> None:
    chain = chain_with_balances()
    calls = [Call(TOKEN, NAME, optional=True), *balances(2)]
    assert reader_of(chain).ask(calls, "names") == [None, 0, 3]


def test_a_refused_call_names_contract_and_function() -> None:
    said = trouble(chain_with_balances(), Call(TOKEN, NAME))
    assert said.startswith(f"{TOKEN} name(): the contract refuses a call")
    assert "is it a contract of this protocol?" in said


def test_an_answer_that_is_too_short_is_malformed() -> None:
    chain = chain_with_balances()
    chain.answers(TOKEN, PAIR, b"\x00" * 32)
    assert "answer is malformed" in trouble(chain, Call(TOKEN, PAIR))
    assert reader_of(chain).ask([Call(TOKEN, PAIR, optional=True)], "pair") == [None]


def test_a_call_to_no_contract_is_malformed() -> None:
    said = trouble(chain_with_balances(), Call(address(0xBAD), BALANCE, (TOKEN,)))
    assert "malformed" in said


@pytest.mark.parametrize(
    "message",
    [
        "missing trie node 8b16 (path )",
        "required historical state unavailable (reexec=128)",
        "distance to target block exceeds maximum proof window",
        "BlockOutOfRangeError: block height is 57 but requested was 5",
        "header not found",
    ],
)
def test_state_that_is_gone_asks_for_an_archive(message: str) -> None:
    error = RpcError(-32000, message)
    chain = chain_with_balances(multicall=False)
    chain.answers(TOKEN, BALANCE, lambda _: error)
    said = trouble(chain)
    assert "does not have the state of the block" in said
    assert "use an archive node, or a later --block" in said


def test_state_that_is_gone_is_not_asked_for_in_smaller_parts() -> None:
    wire = ScriptedWire(Reply("0x60"), Reply(error=RpcError(-32000, "missing trie node")))
    with pytest.raises(DataError, match="archive"):
        reader_of(wire).ask(balances(2), "balances")
    assert len(wire.sent) == 2


def test_another_error_is_told_in_the_nodes_words() -> None:
    chain = chain_with_balances(multicall=False)
    chain.answers(TOKEN, BALANCE, lambda _: RpcError(-32601, "no such method"))
    assert "node.example eth_call: the node answers with an error" in trouble(chain)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.GONE, "the node does not answer; found 'seen'; check --rpc and that the node runs"),
        (Fault.BUSY, "the node is too busy; found 'seen'; ask more slowly"),
        (Fault.REFUSED, "the node refuses the connection; found 'seen'; check the address"),
        (Fault.TIMEOUT, "the node does not answer in time"),
        (Fault.MALFORMED, "the node's answer is malformed"),
    ],
)
def test_a_failed_exchange_is_one_line(fault: Fault, said: str) -> None:
    with pytest.raises(DataError) as caught:
        Node(ScriptedWire(WireError(fault, "seen"))).chain_id()
    assert str(caught.value).startswith(f"node.example eth_chainId: {said}")


def test_batches_shrink_to_what_the_node_takes() -> None:
    refused = WireError(Fault.TOO_LARGE, "HTTP 413")
    wire = ScriptedWire(refused, refused, *[Reply("0x")] * 4)
    replies = Node(wire).send([Request("eth_call")] * 100)
    assert len(replies) == 100
    assert [len(sent) for sent in wire.sent] == [100, 50, 25, 25, 25, 25]


@pytest.mark.parametrize("raw", [None, 7, "7", "0xzz", [], {}])
def test_a_quantity_is_hexadecimal(raw: Any) -> None:
    with pytest.raises(DataError, match="malformed"):
        Node(ScriptedWire(Reply(raw))).chain_id()


@pytest.mark.parametrize("raw", [None, "60", "0x6", "0xzz", 6])
def test_data_are_whole_bytes(raw: Any) -> None:
    with pytest.raises(DataError, match="malformed"):
        Node(ScriptedWire()).data("eth_call", raw)


def test_a_block_has_number_hash_and_time() -> None:
    chain = FakeChain()
    assert Node(chain).block("latest") == Block(HEIGHT, block_hash(HEIGHT), 1_700_000_000)
    with pytest.raises(DataError, match=r"no such block; found '1001'"):
        Node(chain).block(HEIGHT + 1)


@pytest.mark.parametrize(
    "raw", ["0x1", {}, {"hash": 1}, {"hash": "0x", "number": "0x2", "timestamp": "0x1"}]
)
def test_a_block_that_is_none_is_malformed(raw: Any) -> None:
    with pytest.raises(DataError, match="malformed"):
        Node(ScriptedWire(Reply(raw))).block(1)


def test_a_block_that_left_the_chain_ends_the_read() -> None:
    chain = chain_with_balances(hashes={HEIGHT: "0x" + "ff" * 32})
    with pytest.raises(DataError, match="reorganized"):
        reader_of(chain).still_there()


def test_progress_is_told_after_each_part() -> None:
    told: list[Progress] = []
    reader_of(chain_with_balances(), told=told).ask(balances(700), "balances")
    assert told == [Progress("balances", done, 700) for done in (300, 600, 700)]


def test_an_interrupted_read_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    chain, path = chain_with_balances(), tmp_path / "case" / "import.jsonl"
    chain.fails_after = 3  # the code of Multicall3, and two of three parts
    with pytest.raises(KeyboardInterrupt), open_record(path, HEAD) as record:
        reader_of(chain, record=record).ask(balances(700), "balances")
    chain.fails_after = None
    before = chain.count("eth_call")
    with open_record(path, HEAD) as record:
        found = reader_of(chain, record=record).ask(balances(700), "balances")
    assert found == [3 * n for n in range(700)]
    assert chain.count("eth_call") == before + 1


def test_a_record_torn_in_the_middle_of_a_line_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "import.jsonl"
    with open_record(path, HEAD) as record:
        reader_of(chain_with_balances(), record=record).ask(balances(700), "balances")
    whole = path.read_bytes()
    path.write_bytes(whole[:-50])
    chain = chain_with_balances()
    with open_record(path, HEAD) as record:
        reader_of(chain, record=record).ask(balances(700), "balances")
    assert chain.count("eth_call") == 1
    assert path.read_bytes() == whole


def test_a_record_of_another_block_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "import.jsonl"
    with open_record(path, HEAD) as record:
        record.keep("question", 1)
    with pytest.raises(DataError, match="another block"):
        open_record(path, {"source": "other"})
    assert path.read_bytes().count(b"\n") == 2


def test_a_changed_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "import.jsonl"
    with open_record(path, HEAD) as record:
        for number in range(3):
            record.keep(f"question {number}", number)
    path.write_bytes(path.read_bytes().replace(b'"got":1', b'"got":7'))
    with pytest.raises(DataError, match="corrupt"):
        open_record(path, HEAD)


def test_a_file_that_is_no_record_is_refused(tmp_path: Path) -> None:
    from trimtab.adapters.files import open_journal

    path = tmp_path / "import.jsonl"
    with open_journal(path) as journal:
        journal.append({"schema": "trimtab.journal/1"})
    with pytest.raises(DataError, match="no record of a read"):
        open_record(path, HEAD)


def test_a_read_that_learns_nothing_leaves_nothing(tmp_path: Path) -> None:
    with open_record(tmp_path / "case" / "import.jsonl", HEAD) as record:
        assert record.recorded("question") is None
    assert not (tmp_path / "case").exists()
