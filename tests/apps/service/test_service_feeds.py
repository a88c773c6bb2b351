"""Feeds from afar: WebSocket and NATS with their disorders, exchanges and chains with theirs."""

import asyncio
import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.server import serve as serve_socket

from tests.apps.service.services import quiet, running, until
from trimtab.adapters.streams import JetStream, Place, SocketStream
from trimtab.apps.service.feeds.addresses import feed_at
from trimtab.apps.service.feeds.remote import JetStreamFeed, SocketFeed
from trimtab.apps.service.messages import read_message
from trimtab.apps.service.running import Service
from trimtab.units import WAD, DataError, UsageError

NATS = shutil.which("nats-server") or "/usr/sbin/nats-server"


class Lines:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def debug(self, event: str, _: Any = None) -> None:
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
        until(lambda: log.lines == ["feed_connected", "feed_lost", "feed_back", "bad_message"])
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
