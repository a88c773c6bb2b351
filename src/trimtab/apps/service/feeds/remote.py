"""Feeds from afar: WebSocket and NATS carry messages; exchanges and chains are asked for prices."""

import json
import time
from collections.abc import Callable, Mapping
from threading import Event, Thread
from typing import Any

from trimtab.adapters.streams import AnswerLogs, JetStream, SocketStream
from trimtab.adapters.streams.jetstream import Settle
from trimtab.apps.service.logs import Log
from trimtab.apps.service.messages import read_message, work_of
from trimtab.apps.service.queue import WorkQueue
from trimtab.apps.service.work import Receipt, Work
from trimtab.model import Rules
from trimtab.model import commands as c
from trimtab.units import NANOSECONDS, DataError, NumberError, TrimtabError, parse_decimal

PUT_S = 0.2


class FeedThread:
    """The thread of a feed: runs until it is stopped, queues work, counts what is no message."""

    def __init__(self, name: str, queue: WorkQueue, *, log: Log) -> None:
        self.name = name
        self.bad = 0
        self.problem = ""
        self.log = log
        self._heard = False
        self.stopping = Event()
        self._queue = queue
        self._thread: Thread | None = None

    def start(self, run: Callable[[], object]) -> None:
        """Begin to send."""

        def guarded() -> None:
            try:
                run()
            except TrimtabError as error:
                self.problem = str(error)
                self.log.error("feed_ended", {"feed": self.name, "problem": self.problem})

        self._thread = Thread(target=guarded, name=f"feed {self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Send no more; returns once nothing of it runs."""
        self.stopping.set()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join(10)

    def told(self, problem: str) -> None:
        """Take in why nothing can be heard; empty: it is heard. A change is said in the log."""
        before, self.problem = self.problem, problem
        if problem and not before:
            self.log.warning("feed_lost", {"feed": self.name, "problem": problem})
        elif before and not problem:
            self.log.warning("feed_back", {"feed": self.name, "after": before})
        elif not problem and not self._heard:
            self.log.info("feed_connected", {"feed": self.name})
        self._heard |= not problem

    def put(self, work: Work) -> bool:
        """Queue work, waiting for room: what is read from afar waits there meanwhile."""
        while not self._queue.put(work, timeout_s=PUT_S):
            if self.stopping.is_set() or self._queue.closed:
                return False
        return True

    def refuse(self, error: Exception) -> None:
        """Count a message that is none, and say so; the feed goes on."""
        self.bad += 1
        self.log.warning("bad_message", {"feed": self.name, "problem": str(error)})


class SocketFeed:
    """Messages of a WebSocket server. A gap is asked for again: {"resend": {source, from, to}}."""

    def __init__(self, stream: SocketStream, rules: Rules, *, queue: WorkQueue, log: Log) -> None:
        self.name = stream.url
        self.thread = FeedThread(self.name, queue, log=log)
        self._stream, self._rules = stream, rules
        self._asked: set[tuple[str, int, int]] = set()

    def start(self) -> None:
        """Begin to read."""
        read, thread = self._stream.read, self.thread
        thread.start(lambda: read(self._take, thread.stopping, told=thread.told))

    def stop(self) -> None:
        """Send no more; returns once nothing of it runs."""
        self.thread.stop()

    def problem(self) -> str:
        """Why nothing is heard; empty where it is, or where the first try is still under way."""
        return self.thread.problem and f"not connected: {self.thread.problem}"

    def status(self) -> str:
        """connected, or not."""
        return self.problem() or ("connected" if self._stream.connected else "connecting")

    def _take(self, text: str) -> None:
        try:
            message = read_message(text)
            source = message.source
            work = work_of(message, self._rules, reply=lambda told: self._told(source, told))
        except DataError as error:
            self.thread.refuse(error)
            return
        self.thread.put(work)

    def _told(self, source: str, receipt: Receipt) -> None:
        """On the writer's thread: what is missing is asked for by another, once a gap."""
        if receipt.gap is None or (source, *receipt.gap) in self._asked:
            return
        self._asked = {one for one in self._asked if one[0] != source} | {(source, *receipt.gap)}
        ask = {"source": source, "from": receipt.gap[0], "to": receipt.gap[1]}
        text = json.dumps({"resend": ask})
        Thread(target=self._stream.say, args=(text,), daemon=True).start()


class JetStreamFeed:
    """Messages of a NATS JetStream: acknowledged there once they are durable here."""

    def __init__(self, stream: JetStream, rules: Rules, *, queue: WorkQueue, log: Log) -> None:
        self.name = f"nats {stream.place.stream}"
        self.thread = FeedThread(self.name, queue, log=log)
        self._stream, self._rules = stream, rules

    def start(self) -> None:
        """Begin to read."""
        read, thread = self._stream.read, self.thread
        thread.start(lambda: read(self._take, thread.stopping, told=thread.told))

    def stop(self) -> None:
        """Send no more; returns once nothing of it runs."""
        self.thread.stop()

    def problem(self) -> str:
        """Why nothing is heard; empty where it is, or where the first try is still under way."""
        return self.thread.problem and f"not connected: {self.thread.problem}"

    def status(self) -> str:
        """connected, or not."""
        return self.problem() or self._stream.status()

    def _take(self, text: str, settle: Settle) -> None:
        def told(receipt: Receipt) -> None:
            if receipt.status in ("done", "duplicate"):
                settle(True)
            elif receipt.status in ("beyond", "failed"):
                settle(False)

        try:
            work = work_of(read_message(text), self._rules, reply=told)
        except DataError as error:
            # It will never be one: it is taken off the stream, counted and told.
            self.thread.refuse(error)
            settle(True)
            return
        if not self.thread.put(work):
            settle(False)


class PollingFeed:
    """Asks for tickers every so often; a ticker whose time has not moved is not sent again."""

    def __init__(
        self,
        name: str,
        ask: Callable[[], Mapping[str, tuple[str, int]]],
        *,
        queue: WorkQueue,
        every_s: float,
        log: Log,
    ) -> None:
        """A feed that asks `ask` for price text and time (ns UTC) by asset."""
        self.name = name
        self.thread = FeedThread(name, queue, log=log)
        self._ask, self._every_s = ask, every_s
        self._seen: dict[str, int] = {}

    def start(self) -> None:
        """Begin to ask."""
        self.thread.start(self._run)

    def stop(self) -> None:
        """Send no more; returns once nothing of it runs."""
        self.thread.stop()

    def problem(self) -> str:
        """Why the last question had no answer; empty where it had one."""
        return self.thread.problem and f"does not answer: {self.thread.problem}"

    def status(self) -> str:
        """What is wrong, or running."""
        return self.problem() or "running"

    def _run(self) -> None:
        while not self.thread.stopping.is_set():
            begun = time.monotonic()
            try:
                self.poll()
                self.thread.told("")
            except DataError as error:
                self.thread.told(str(error))
            self.thread.stopping.wait(max(0.0, self._every_s - (time.monotonic() - begun)))

    def poll(self) -> int:
        """Ask once; returns how many prices were new."""
        commands = []
        for asset, (text, published) in sorted(self._ask().items()):
            if self._seen.get(asset, -1) >= published:
                continue
            try:
                price = parse_decimal(text, 18)
            except NumberError as error:
                self.thread.refuse(error)
                continue
            self._seen[asset] = published
            commands.append(c.SubmitPrice(0, asset, self.name, price, 0, published))
        if commands:
            self.thread.put(Work(tuple(commands), self.name))
        return len(commands)


def ticker_reader(
    exchange: Any, symbols: Mapping[str, str]
) -> Callable[[], Mapping[str, tuple[str, int]]]:
    """Asks an exchange (adapters.exchanges) for the last prices of symbols, by asset."""

    def ask() -> Mapping[str, tuple[str, int]]:
        names = list(symbols.values())
        rows = exchange.ask(lambda: exchange.client.fetch_tickers(names), what="its tickers")
        found = {}
        for asset, symbol in symbols.items():
            row = rows.get(symbol) or {}
            if row.get("last") is not None and row.get("timestamp") is not None:
                found[asset] = (str(row["last"]), int(row["timestamp"]) * 1_000_000)
        return found

    return ask


def answer_reader(
    logs: AnswerLogs, aggregators: Mapping[str, tuple[str, int]]
) -> Callable[[], Mapping[str, tuple[str, int]]]:
    """Reads answers of oracles on a chain: the latest of each asset, by address and decimals."""
    assets = {address.lower(): (asset, places) for asset, (address, places) in aggregators.items()}

    def ask() -> Mapping[str, tuple[str, int]]:
        found = {}
        for answer in logs.read():
            if answer.address in assets:
                asset, places = assets[answer.address]
                found[asset] = (f"{answer.answer}e-{places}", answer.updated_s * NANOSECONDS)
        return found

    return ask
