"""Feeds from afar: WebSocket and NATS with their disorders, exchanges and chains with theirs."""

import asyncio
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.server import serve as serve_socket

from tests.apps.service.services import quiet, running, until
from trimtab.adapters.chains import Reply, Request
from trimtab.adapters.streams import AnswerLogs, JetStream, Place, SocketStream
from trimtab.apps.service.feeds.addresses import feed_at
from trimtab.apps.service.feeds.remote import JetStreamFeed, PollingFeed, SocketFeed, answer_reader
from trimtab.apps.service.messages import read_message
from trimtab.apps.service.running import Service
from trimtab.units import WAD, DataError, UsageError

NATS = shutil.which("nats-server") or "/usr/sbin/nats-server"


class Lines:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def debug(self, event: str, **_: Any) -> None:
        self.lines.append(event)

    info = warning = error = debug


def message(number: int, price: int) -> str:
    return json.dumps({"source": "sender", "number": number, "prices": {"ETH": str(price)}})


def price(service: Service) -> int:
    return service.writer.venue.moment.draft.price_wad("ETH") // WAD


@contextmanager
def socket_server(drops: set[int]) -> Iterator[tuple[str, list[Any]]]:
    """Sends ticks 1 to 9 in disorder, loses some until they are asked for, breaks once."""
    asked: list[Any] = []
    broken: list[int] = []

    def talk(connection: Any) -> None:
        if not broken:
            broken.append(1)
            connection.send(message(1, 181))
            return
        for number in (1, 2, 2, 4, 3, 5, 6, 8, 7, 9):
            if number not in drops:
                connection.send(message(number, 180 + number))
        connection.send("nonsense")
        with suppress(Exception):
            while True:
                ask = json.loads(connection.recv())["resend"]
                asked.append(ask)
                for number in range(ask["from"], ask["to"] + 1):
                    connection.send(message(number, 180 + number))

    with serve_socket(talk, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/", asked
        server.shutdown()


def test_a_socket_in_disorder_ends_in_order() -> None:
    service, log = quiet(), Lines()
    with socket_server(drops={5, 6}) as (url, asked), running(service):
        stream = SocketStream(url, wait_first_s=0.02)
        feed = SocketFeed(stream, service.case.rules, queue=service.queue, log=log)
        feed.start()
        until(lambda: service.journal.sources().get("sender") == 9)
        assert price(service) == 189
        spans = [(one["from"], one["to"]) for one in asked]
        assert {one["source"] for one in asked} == {"sender"}
        assert any(first <= 5 and last >= 6 for first, last in spans)
        assert len(set(spans)) == len(spans), "a gap is asked for once"
        assert stream.connections == 2, "a broken connection is made again"
        until(lambda: log.lines == ["bad_message"])
        assert feed.status() == "connected"
        feed.stop()
    state = service.writer.sources.states()["sender"]
    assert state.taken == 9
    assert state.duplicates >= 2


@contextmanager
def nats_server(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A NATS server with JetStream in a folder."""
    server = subprocess.Popen(
        [NATS, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: reachable(port))
        yield server
    finally:
        server.terminate()
        server.wait()


def reachable(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def published(port: int, texts: list[str], *, make: bool = False) -> None:
    """Publish texts to the stream TICKS; `make` it first."""

    async def work() -> None:
        import nats

        connection = await nats.connect(f"nats://127.0.0.1:{port}")
        stream = connection.jetstream()
        if make:
            await stream.add_stream(name="TICKS", subjects=["ticks.>"])
        for text in texts:
            await stream.publish("ticks.eth", text.encode())
        await connection.close()

    asyncio.run(work())


def unsettled(port: int) -> int:
    """Messages of the consumer that are not acknowledged."""

    async def work() -> int:
        import nats

        connection = await nats.connect(f"nats://127.0.0.1:{port}")
        found = await connection.jetstream().consumer_info("TICKS", "trimtab")
        await connection.close()
        return int(found.num_ack_pending + found.num_pending)

    return asyncio.run(work())


@pytest.mark.skipif(not Path(NATS).exists(), reason="needs nats-server (Debian: nats-server)")
def test_a_stream_survives_its_server(tmp_path: Path) -> None:
    port, service = free_port(), quiet()
    place = Place.parse(f"nats://127.0.0.1:{port}/TICKS?subject=ticks.>")
    feed = JetStreamFeed(
        JetStream(place, wait_s=0.05), service.case.rules, queue=service.queue, log=Lines()
    )
    with running(service):
        with nats_server(tmp_path, port):
            first = [message(n, 180 + n) for n in (1, 2, 2, 4, 3)]
            published(port, [*first, "nonsense"], make=True)
            feed.start()
            until(lambda: service.journal.sources().get("sender") == 4)
            until(lambda: unsettled(port) == 0)
        until(lambda: not feed._stream.connected)
        assert "not connected" in feed.status()
        with nats_server(tmp_path, port):
            published(port, [message(n, 180 + n) for n in (4, 5, 6)])
            until(lambda: service.journal.sources().get("sender") == 6, seconds=20)
            assert price(service) == 186
            until(lambda: unsettled(port) == 0)
        feed.stop()
    state = service.writer.sources.states()["sender"]
    assert (state.taken, feed.thread.bad) == (6, 1)


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

    def ask() -> Any:
        if len(log.lines) < 2:
            raise DataError("no answer", where="exchange")
        return {"ETH": ("190", int(time.time()))}

    feed = PollingFeed("exchange", ask, queue=service.queue, every_s=0.005, log=log)
    feed.start()
    until(lambda: len(service.queue))
    assert log.lines == ["poll_failed", "poll_failed"]
    assert feed.status() == "running"
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
    web3 = pytest.importorskip("web3")
    text = "AnswerUpdated(int256,uint256,uint256)"
    assert web3.Web3.keccak(text=text).hex().removeprefix("0x") == TOPIC[2:]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("carrier-pigeon:", "expected replay"),
        ("nats://127.0.0.1:1", "STREAM"),
        ("ccxt:binance", "ASSET="),
        ("ccxt:binance?NONE=X/Y", "no asset NONE"),
        ("ccxt:binance?ETH=ETH/USDT&every=0", "every=0"),
        ("evm:http://127.0.0.1:1?ETH=0x00", "DECIMALS"),
    ],
)
def test_addresses_that_lead_nowhere_are_refused(address: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        feed_at(address, quiet(), log=Lines())


def test_texts_that_are_no_messages_are_named() -> None:
    for text, says in (
        ("", "no message"),
        ("[]", "no message"),
        ('{"prices": 1}', "source"),
        ('{"source": "a", "prices": {"ETH": 1}}', "valid string"),
        ('{"source": "a", "actions": [{"kind": "burn"}]}', "does not match"),
        ("\x00" * 10_000, "no message"),
    ):
        with pytest.raises(DataError, match=says):
            read_message(text)
