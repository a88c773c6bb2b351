"""A chain without a node: contracts as tables of functions, a wire to them, and a still clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import pytest

from trimtab.adapters.chains.abi import Function, address_topic, argument_types, keccak, topic
from trimtab.adapters.chains.node import Block, Node
from trimtab.adapters.chains.reader import AGGREGATE3, MULTICALL3, Progress, Reader
from trimtab.adapters.chains.record import Record, memory_record
from trimtab.adapters.chains.wire import Reply, Request, RpcError

EXTRA = ("eth_abi", "web3")
CHAIN_ID = 7
HEIGHT = 1_000
TIME_S = 1_700_000_000
Answer = Callable[..., Any]


def skip_without_extra() -> None:
    """Skip a whole module of tests where the extra is not installed; importing it is dear."""
    absent = [name for name in EXTRA if find_spec(name) is None]
    if absent:
        pytest.skip(f"the extra `chain` is not installed: no {absent[0]}", allow_module_level=True)


def address(number: int) -> str:
    return f"0x{number:040x}"


def block_hash(number: int) -> str:
    return f"0x{0xB10C << 128 | number:064x}"


class StillClock:
    """A clock that moves by sleeping alone, and remembers every sleep."""

    def __init__(self) -> None:
        self.moment_s = 0.0
        self.sleeps: list[float] = []

    def now_s(self) -> float:
        return self.moment_s

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(round(seconds, 6))
        self.moment_s += seconds


class ScriptedWire:
    """Gives what its script says, exchange by exchange; an exception is raised."""

    where = "node.example"

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.sent: list[list[Request]] = []

    def send(self, requests: Sequence[Request]) -> list[Reply]:
        self.sent.append(list(requests))
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return [step] * len(requests) if isinstance(step, Reply) else step


@dataclass
class FakeChain:
    """A wire to contracts that are Python.

    Args:
        contracts: per address and signature, what a call answers; an RpcError is a node's own.
        logs: of all blocks, plain JSON.
        logs_span_max: most blocks in a question for events.
        batch_max: most calls through Multicall3.
    """

    contracts: dict[str, dict[str, tuple[Function, Answer]]] = field(default_factory=dict)
    logs: list[dict[str, Any]] = field(default_factory=list)
    height: int = HEIGHT
    chain_id: int = CHAIN_ID
    multicall: bool = True
    logs_span_max: int = 10_000
    batch_max: int = 10_000
    by_hash: bool = True
    hashes: dict[int, str] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    fails_after: int | None = None

    where = "node.example"

    def answers(self, to: str, function: Function, answer: Answer | Any) -> None:
        """Let a contract answer a function: with a value, or by a function of its arguments."""
        told = answer if callable(answer) else lambda *_: answer
        selector = "0x" + keccak(function.signature)[:4].hex()
        self.contracts.setdefault(to, {})[selector] = (function, told)

    def log(self, to: str, event: str, *indexed: str, block: int) -> None:
        words = [topic(event)]
        words += [one if len(one) == 66 else address_topic(one) for one in indexed]
        self.logs.append({"address": to, "topics": words, "blockNumber": hex(block), "data": "0x"})

    def send(self, requests: Sequence[Request]) -> list[Reply]:
        if self.fails_after is not None and len(self.asked) >= self.fails_after:
            raise KeyboardInterrupt
        self.asked += requests
        return [self._reply(one) for one in requests]

    def count(self, method: str) -> int:
        return sum(one.method == method for one in self.asked)

    def _reply(self, request: Request) -> Reply:
        if request.method == "eth_chainId":
            return Reply(hex(self.chain_id))
        if request.method == "eth_getBlockByNumber":
            return Reply(self._block(request.params[0]))
        if request.method == "eth_getLogs":
            return self._logs(request.params[0])
        pin = request.params[1]
        if not self.by_hash and isinstance(pin, dict):
            return Reply(error=RpcError(-32602, "invalid argument 1: hex string expected"))
        if request.method == "eth_getCode":
            known = request.params[0] in self.contracts
            return Reply("0x60" if known or self._is_multicall(request.params[0]) else "0x")
        assert request.method == "eth_call", request
        return self._call(request.params[0]["to"], request.params[0]["data"])

    def _is_multicall(self, to: str) -> bool:
        return self.multicall and to == MULTICALL3

    def _block(self, tag: str) -> dict[str, str] | None:
        number = int(tag, 16) if tag.startswith("0x") else self.height
        if number > self.height:
            return None
        hashed = self.hashes.get(number, block_hash(number))
        return {"number": hex(number), "hash": hashed, "timestamp": hex(TIME_S)}

    def _logs(self, wanted: Mapping[str, Any]) -> Reply:
        first, last = int(wanted["fromBlock"], 16), int(wanted["toBlock"], 16)
        if last - first + 1 > self.logs_span_max:
            return Reply(error=RpcError(-32005, "query returned more than 10000 results"))
        return Reply([log for log in self.logs if _matches(log, wanted, span=(first, last))])

    def _call(self, to: str, data: str) -> Reply:
        if self._is_multicall(to):
            return self._aggregate(data)
        found = self.contracts.get(to, {}).get(data[:10])
        if to not in self.contracts:
            return Reply("0x")
        if found is None:
            return Reply(error=RpcError(3, "execution reverted"))
        from eth_abi.abi import decode, encode

        function, answer = found
        given = decode(argument_types(function.signature), bytes.fromhex(data[10:]))
        told = answer(*given)
        if told is None:
            return Reply(error=RpcError(3, "execution reverted"))
        if isinstance(told, RpcError):
            return Reply(error=told)
        if isinstance(told, bytes):
            return Reply("0x" + told.hex())
        values = told if isinstance(told, tuple) and len(function.returns) > 1 else (told,)
        return Reply("0x" + encode(function.returns, values).hex())

    def _aggregate(self, data: str) -> Reply:
        from eth_abi.abi import decode, encode

        (calls,) = decode(["(address,bool,bytes)[]"], bytes.fromhex(data[10:]))
        if len(calls) > self.batch_max:
            return Reply(error=RpcError(-32000, "out of gas"))
        replies = [self._call(to, "0x" + packed.hex()) for to, _, packed in calls]
        results = [
            (one.error is None, b"" if one.error else bytes.fromhex(one.result[2:]))
            for one in replies
        ]
        return Reply("0x" + encode(AGGREGATE3.returns, [results]).hex())


def _matches(log: Mapping[str, Any], wanted: Mapping[str, Any], *, span: tuple[int, int]) -> bool:
    if not span[0] <= int(log["blockNumber"], 16) <= span[1]:
        return False
    if log["address"] not in wanted["address"]:
        return False
    return all(
        words is None or (place < len(log["topics"]) and log["topics"][place] in words)
        for place, words in enumerate(wanted["topics"])
    )


def reader_of(
    chain: Any, *, record: Record | None = None, told: list[Progress] | None = None
) -> Reader:
    """A reader at the height of a fake chain."""
    block = Block(HEIGHT, block_hash(HEIGHT), TIME_S)
    heard = told if told is not None else []
    return Reader(Node(chain), block, record=record or memory_record(), tell=heard.append)
