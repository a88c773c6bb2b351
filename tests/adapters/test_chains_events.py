"""Events in chunks: they shrink when the node refuses, grow again, and are remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.chain_fakes import (
    HEIGHT,
    FakeChain,
    ScriptedWire,
    address,
    reader_of,
    skip_without_extra,
)
from trimtab.adapters.chains.abi import address_topic, argument_types, topic, topic_address
from trimtab.adapters.chains.events import Filter, Span, scan
from trimtab.adapters.chains.record import open_record
from trimtab.adapters.chains.wire import Fault, Reply, RpcError, WireError
from trimtab.units import DataError

skip_without_extra()

TOKEN = address(0x70)
TRANSFER = "Transfer(address,address,uint256)"
HEAD = {"source": "test"}


def receiver(log: Mapping[str, Any]) -> Iterable[str]:
    yield topic_address(log["topics"][2])


WANTED = Filter((TOKEN,), ((topic(TRANSFER),),), receiver)


def chain_with_logs(**limits: Any) -> FakeChain:
    """A transfer to a new account in every block, and noise beside it."""
    chain = FakeChain(**limits)
    for block in range(HEIGHT + 1):
        chain.log(TOKEN, TRANSFER, address(1), address(5_000 + block), block=block)
    chain.log(TOKEN, "Approval(address,address,uint256)", address(1), address(2), block=3)
    chain.log(address(0x71), TRANSFER, address(1), address(3), block=3)
    return chain


def found(chain: Any, span: Span) -> set[str]:
    return scan(reader_of(chain), WANTED, span=span, what="events")


def expected(first: int = 0) -> set[str]:
    return {address(5_000 + block) for block in range(first, HEIGHT + 1)}


def spans(chain: FakeChain) -> list[int]:
    asked = [one.params[0] for one in chain.asked if one.method == "eth_getLogs"]
    return [int(one["toBlock"], 16) - int(one["fromBlock"], 16) + 1 for one in asked]


@pytest.mark.parametrize("chunk", [1_001, 1_000, 333, 7])
def test_every_block_is_looked_at_once(chunk: int) -> None:
    chain = chain_with_logs()
    assert found(chain, Span(0, chunk)) == expected()
    assert sum(spans(chain)) == HEIGHT + 1


def test_a_range_may_begin_later() -> None:
    assert found(chain_with_logs(), Span(990, 4)) == expected(990)
    assert found(chain_with_logs(), Span(HEIGHT, 4)) == expected(HEIGHT)


def test_chunks_shrink_until_the_node_takes_them() -> None:
    chain = chain_with_logs(logs_span_max=100)
    assert found(chain, Span(0, 800)) == expected()
    asked = spans(chain)
    assert asked[:4] == [800, 400, 200, 100]
    assert max(asked[4:]) <= 200


def test_chunks_grow_again_after_a_dense_stretch() -> None:
    chain = chain_with_logs(logs_span_max=100)
    reader = reader_of(chain)
    taken = []

    def pick(log: Mapping[str, Any]) -> Iterable[str]:
        taken.append(log)
        if len(taken) == 100:
            chain.logs_span_max = 10_000  # the node changes its mind
        return receiver(log)

    scan(reader, Filter((TOKEN,), ((topic(TRANSFER),),), pick), span=Span(0, 400), what="events")
    assert spans(chain)[-1] > 100


def test_a_chunk_that_takes_too_long_shrinks_too() -> None:
    slow = WireError(Fault.TIMEOUT, "no answer in time")
    wire = ScriptedWire(slow, *[Reply([])] * 9)
    assert found(wire, Span(0, 1_001)) == set()
    asked = [int(sent[0].params[0]["toBlock"], 16) for sent in wire.sent]
    assert asked[:2] == [1_000, 499]


def test_a_node_that_refuses_one_block_is_told_with_its_words() -> None:
    with pytest.raises(DataError) as caught:
        found(chain_with_logs(logs_span_max=0), Span(0, 8))
    assert str(caught.value).startswith("node.example eth_getLogs: the node refuses the events of")
    assert "more than 10000 results" in str(caught.value)


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(DataError, match=r"--from-block: the events begin after the block"):
        found(chain_with_logs(), Span(HEIGHT + 1, 8))


def test_history_that_is_gone_asks_for_an_archive() -> None:
    wire = ScriptedWire(Reply(error=RpcError(-32000, "history has been pruned for this block")))
    with pytest.raises(DataError, match="archive"):
        found(wire, Span(0, 8))


def test_a_range_too_wide_is_not_taken_for_a_missing_block() -> None:
    wide = Reply(error=RpcError(-32602, "block range out of range, at most 5"))
    wire = ScriptedWire(wide, *[Reply([])] * 400)
    assert found(wire, Span(990, 11)) == set()


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {"x": 1},
        [{}],
        [7],
        [{"address": TOKEN, "topics": [topic(TRANSFER)], "blockNumber": "0x1"}],
        [{"address": TOKEN, "topics": ["0x1"] * 3, "blockNumber": "0x1"}],
        [{"address": TOKEN, "topics": [address_topic(TOKEN)] * 3, "blockNumber": "0x7fff"}],
    ],
)
def test_logs_that_are_none_are_malformed(raw: Any) -> None:
    with pytest.raises(DataError, match="malformed"):
        found(ScriptedWire(Reply(raw)), Span(0, 10_000))


def test_an_interrupted_scan_goes_on_after_its_last_chunk(tmp_path: Path) -> None:
    path, chain = tmp_path / "import.jsonl", chain_with_logs(fails_after=4)
    with pytest.raises(KeyboardInterrupt), open_record(path, HEAD) as record:
        scan(reader_of(chain, record=record), WANTED, span=Span(0, 100), what="events")
    again = chain_with_logs(logs_span_max=70)  # and the node grew stricter meanwhile
    with open_record(path, HEAD) as record:
        names = scan(reader_of(again, record=record), WANTED, span=Span(0, 100), what="events")
    assert names == expected()
    first = min(int(one.params[0]["fromBlock"], 16) for one in again.asked)
    assert first == 400


@pytest.mark.parametrize("word", ["0x", "0x" + "00" * 31, "0x01" + "00" * 31, "00" * 32])
def test_a_topic_that_holds_no_address_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        topic_address(word)


def test_topics_are_those_of_the_standard() -> None:
    standard = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    assert topic(TRANSFER) == standard
    assert topic_address(address_topic(TOKEN)) == TOKEN


def test_signatures_are_split_at_their_own_commas() -> None:
    assert argument_types("f()") == []
    assert argument_types("f(uint8,(address,(bytes,bool)[]),uint256[2])") == [
        "uint8",
        "(address,(bytes,bool)[])",
        "uint256[2]",
    ]
