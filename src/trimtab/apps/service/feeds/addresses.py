"""Feeds by their addresses, as `--feed` names them.

ws://HOST/PATH · nats://HOST:4222/STREAM?subject=S&durable=D · ccxt:EXCHANGE?ETH=ETH/USDT&every=2 ·
evm:http://NODE?ETH=0xAGGREGATOR:8&every=12
"""

from urllib.parse import parse_qsl, urlsplit

from trimtab.adapters.streams import AnswerLogs, JetStream, Place, SocketStream
from trimtab.apps.service.feeds.remote import (
    JetStreamFeed,
    PollingFeed,
    SocketFeed,
    answer_reader,
    ticker_reader,
)
from trimtab.apps.service.logs import Log
from trimtab.apps.service.running import Feed, Service
from trimtab.units import UsageError

EVERY_S = {"ccxt": 2.0, "evm": 12.0}
SHAPES = "replay, none, ws://, wss://, nats://, ccxt:EXCHANGE?, evm:http"


def feed_at(address: str, service: Service, *, log: Log) -> Feed:
    """The feed of an address; nothing is sent before it is started.

    Raises:
        UsageError: an address of no feed, or one that names an asset that the venue has not.
    """
    queue, rules = service.queue, service.case.rules
    if address.startswith(("ws://", "wss://")):
        if not urlsplit(address).hostname:
            raise UsageError(f"--feed {address}: expected {address.partition('://')[0]}://HOST")
        return SocketFeed(SocketStream(address), rules, queue=queue, log=log)
    if address.startswith("nats://"):
        return JetStreamFeed(JetStream(Place.parse(address)), rules, queue=queue, log=log)
    if address.startswith("ccxt:"):
        return _exchange(address, service, log=log)
    if address.startswith("evm:"):
        return _chain(address, service, log=log)
    raise UsageError(f"--feed {address}: expected {SHAPES}")


def _exchange(address: str, service: Service, *, log: Log) -> Feed:
    from trimtab.adapters.exchanges import Manners
    from trimtab.adapters.exchanges.asking import Exchange

    name, symbols, every = _asked(address.removeprefix("ccxt:"), service, kind="ccxt")
    exchange = Exchange(name, Manners(tries_max=2))
    read = ticker_reader(exchange, symbols)
    return PollingFeed(name, read, queue=service.queue, every_s=every, log=log)


def _chain(address: str, service: Service, *, log: Log) -> Feed:
    from trimtab.adapters.chains import HttpWire, checked_address

    node, asked, every = _asked(address.removeprefix("evm:"), service, kind="evm")
    aggregators = {}
    for asset, text in asked.items():
        where, _, places = text.partition(":")
        if not places.isdigit():
            raise UsageError(f"--feed: {asset}={text}: expected 0xADDRESS:DECIMALS")
        aggregators[asset] = (checked_address(where, what=asset), int(places))
    logs = AnswerLogs(HttpWire(node), {a: where for a, (where, _) in aggregators.items()})
    read = answer_reader(logs, aggregators)
    return PollingFeed("evm", read, queue=service.queue, every_s=every, log=log)


def _asked(text: str, service: Service, *, kind: str) -> tuple[str, dict[str, str], float]:
    """Name, what is asked for by asset, and how often, from NAME?ASSET=X&every=SECONDS."""
    name, _, query = text.partition("?")
    asked = dict(parse_qsl(query))
    every = asked.pop("every", str(EVERY_S[kind]))
    try:
        seconds = float(every)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 86_400:
        raise UsageError(f"--feed: every={every}: expected 0.1 to 86400 seconds")
    unknown = sorted(asked.keys() - service.case.rules.assets.keys())
    if not name or not asked or unknown:
        found = f"; the venue has no asset {unknown[0]}" if unknown else ""
        raise UsageError(f"--feed {kind}:{text}: expected {kind}:NAME?ASSET=...{found}")
    return name, asked, seconds
