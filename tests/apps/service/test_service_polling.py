"""Feeds that ask: exchanges whose tickers stand still or fail, oracles on a chain by their logs."""

import time
from importlib.util import find_spec
from typing import Any

import pytest

from tests.apps.service.services import quiet, until
from trimtab.adapters.chains import Reply, Request
from trimtab.adapters.chains.web3_library import web3_module
from trimtab.adapters.streams import AnswerLogs
from trimtab.apps.service.feeds.remote import PollingFeed, answer_reader
from trimtab.units import WAD, DataError


class Lines:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def debug(self, event: str, _: Any = None) -> None:
        self.lines.append(event)

    info = warning = error = debug


def test_a_ticker_that_does_not_move_is_not_sent_again() -> None:
    rows = [{"ETH": ("190.5", 1_000)}, {"ETH": ("190.5", 1_000)}, {"ETH": ("191", 2_000)}]
    service = quiet()
    asks = iter(rows)
    feed = PollingFeed(
        "exchange", lambda: next(asks), queue=service.queue, every_s=0.01, log=Lines()
    )
    assert [feed.poll() for _ in rows] == [1, 0, 1]
    works = service.queue.take(9, timeout_s=0)
    said = [work.commands[0] for work in works]
    assert [(one.price_wad, one.published_ns) for one in said] == [
        (1905 * 10**17, 1_000),
        (191 * WAD, 2_000),
    ]


def test_a_poll_that_fails_is_told_and_tried_again() -> None:
    service, log = quiet(), Lines()
    asks: list[int] = []

    def ask() -> Any:
        asks.append(1)
        if len(asks) < 4:
            raise DataError("no answer", where="exchange")
        return {"ETH": ("190", int(time.time()))}

    feed = PollingFeed("exchange", ask, queue=service.queue, every_s=0.005, log=log)
    feed.start()
    until(lambda: len(service.queue))
    until(lambda: feed.status() == "running")
    assert log.lines == ["feed_lost", "feed_back"], "told once, however often it fails"
    feed.stop()


AGGREGATOR = "0x" + "ab" * 20
TOPIC = "0x0559884fd3a460db3073b7fc896cc77986f16e378210ded43186175bf646fc5f"


class ChainWire:
    """A node with some logs; answers what it is asked."""

    where = "node"

    def __init__(self) -> None:
        self.head = 1000
        self.logs: list[dict[str, Any]] = []
        self.asked: list[tuple[int, int]] = []

    def answer(self, block: int, raw: int, *, at: int, index: int = 0) -> None:
        self.logs.append(
            {
                "address": AGGREGATOR,
                "blockNumber": hex(block),
                "logIndex": hex(index),
                "topics": [TOPIC, hex(raw % 2**256), hex(block)],
                "data": "0x" + f"{at:064x}",
            }
        )

    def send(self, requests: Any) -> list[Reply]:
        return [Reply(result=self._result(request)) for request in requests]

    def _result(self, request: Request) -> Any:
        if request.method == "eth_blockNumber":
            return hex(self.head)
        asked = request.params[0]
        span = (int(asked["fromBlock"], 16), int(asked["toBlock"], 16))
        self.asked.append(span)
        assert asked["topics"] == [TOPIC]
        return [one for one in self.logs if span[0] <= int(one["blockNumber"], 16) <= span[1]]


def test_answers_of_a_chain_are_read_once_and_after_confirmations() -> None:
    wire = ChainWire()
    logs = AnswerLogs(wire, {"ETH": AGGREGATOR}, confirmations=2, lookback=100)
    wire.answer(950, 190 * 10**8, at=1)
    wire.answer(999, 191 * 10**8, at=2)
    assert [one.answer for one in logs.read()] == [190 * 10**8]
    wire.head = 1001
    assert [(one.answer, one.updated_s) for one in logs.read()] == [(191 * 10**8, 2)]
    assert list(logs.read()) == []
    wire.head = 3500
    list(logs.read())
    assert wire.asked[-3:] == [(1000, 1999), (2000, 2999), (3000, 3498)]
    wire.answer(3499, -5, at=3)
    wire.head = 3501
    assert [one.answer for one in logs.read()] == [-5]


def test_the_latest_answer_of_an_asset_is_its_price() -> None:
    wire = ChainWire()
    wire.answer(990, 190 * 10**8, at=1, index=1)
    wire.answer(990, 191 * 10**8, at=2, index=2)
    read = answer_reader(AnswerLogs(wire, {"ETH": AGGREGATOR}), {"ETH": (AGGREGATOR, 8)})
    assert read() == {"ETH": ("19100000000e-8", 2 * 10**9)}
    wire.logs[0]["data"] = "0x00"
    with pytest.raises(DataError, match="without its time"):
        list(AnswerLogs(wire, {"ETH": AGGREGATOR}).read())


def test_the_topic_is_the_hash_of_the_event() -> None:
    if find_spec("web3") is None:
        pytest.skip("web3 is not installed (extra chain)")
    # Imported plainly it lets nested texts end the interpreter, in the tests that come after.
    web3 = web3_module()
    text = "AnswerUpdated(int256,uint256,uint256)"
    assert web3.Web3.keccak(text=text).hex().removeprefix("0x") == TOPIC[2:]
