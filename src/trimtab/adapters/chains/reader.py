"""Many calls at one block: through Multicall3 where it is, else as batches of plain calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from trimtab.adapters.chains.abi import Function, function
from trimtab.adapters.chains.node import Block, Node, lacks_state, reverted
from trimtab.adapters.chains.record import Record
from trimtab.adapters.chains.wire import Reply, Request, WireError
from trimtab.units import DataError

# The same on every chain; source: mds1/multicall3, README.
MULTICALL3 = "0xca11bde05977b3631167028862be2a173976ca11"
AGGREGATE3 = function("aggregate3((address,bool,bytes)[])", "(bool,bytes)[]")
CALLS_MAX = 300


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a read is: what is read now, how much of it is done, how much there is."""

    what: str
    done: int
    of: int


Tell = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a contract; an optional one may be refused, and then answers None."""

    to: str
    function: Function
    arguments: tuple[Any, ...] = ()
    optional: bool = False

    @property
    def data(self) -> str:
        """The call data as hexadecimal text."""
        return self.function.data(self.arguments)


class Reader:
    """Answers of contracts at one block, each remembered by the record.

    Args:
        node: whom to ask.
        block: at which block; every call names it by its hash, or where the node does not take
            that form, by its number.
        record: what was answered before.
        tell: is told the progress.
    """

    def __init__(self, node: Node, block: Block, *, record: Record, tell: Tell) -> None:
        self.node = node
        self.block = block
        self.record = record
        self.tell = tell
        self._pin: Any = {"blockHash": block.hash}
        self._together: bool | None = None
        self._calls_max = CALLS_MAX

    def code_size(self, address: str) -> int:
        """Return how many bytes of code stand at an address at the block."""
        method = "eth_getCode"
        reply = self.node.send([Request(method, (address, self._pin))])[0]
        if reply.error is not None and not lacks_state(reply.error):
            self._pin = hex(self.block.number)
            reply = self.node.send([Request(method, (address, self._pin))])[0]
        if reply.error is not None:
            raise self.node.trouble(method, reply.error)
        return len(self.node.data(method, reply.result))

    def ask(self, calls: Sequence[Call], what: str) -> list[Any]:
        """Return what each call answers: its values (the value, where it is one), or None.

        Args:
            calls: in the order of the answers.
            what: is read, for `tell` and for messages.

        Raises:
            DataError: the node fails, or a call that is not optional is refused.
        """
        answers: list[Any] = []
        size = CALLS_MAX
        for begin in range(0, len(calls), size):
            part = calls[begin : begin + size]
            data = [call.data for call in part]
            question = "calls " + " ".join(
                f"{call.to}:{text}" for call, text in zip(part, data, strict=True)
            )
            raw = self.record.remembered(question, partial(self._fetch, part, data))
            answers += [self._decoded(call, text) for call, text in zip(part, raw, strict=True)]
            self.tell(Progress(what, len(answers), len(calls)))
        return answers

    def one(self, to: str, signature: Function, *arguments: Any) -> Any:
        """Return what one call answers."""
        return self.ask([Call(to, signature, arguments)], "the contract")[0]

    def still_there(self) -> None:
        """Raise DataError where the block is no longer part of the chain."""
        now = self.node.block(self.block.number)
        if now.hash != self.block.hash:
            raise DataError(
                "the chain was reorganized: the block is no longer part of it",
                where=self.node.where,
                found=f"block {now.number} {now.hash}",
                expected=self.block.hash,
                hint="read again at a finalized block",
            )

    def _fetch(self, calls: Sequence[Call], data: Sequence[str]) -> list[str | None]:
        if self._together is None:
            self._together = self.code_size(MULTICALL3) > 0
        if not self._together or len(calls) == 1:
            return self._each(calls, data)
        answers: list[str | None] = []
        while len(answers) < len(calls):
            begin, end = len(answers), len(answers) + self._calls_max
            found = self._at_once(calls[begin:end], data[begin:end])
            if found is None:
                self._calls_max = max(1, (min(end, len(calls)) - begin) // 2)
            else:
                answers += found
        return answers

    def _at_once(self, calls: Sequence[Call], data: Sequence[str]) -> list[str | None] | None:
        """Answers through Multicall3; None where these are too many for the node."""
        if len(calls) == 1:
            return self._each(calls, data)
        packed = [
            (call.to, True, bytes.fromhex(text[2:])) for call, text in zip(calls, data, strict=True)
        ]
        try:
            reply = self.node.send_one(self._request(MULTICALL3, AGGREGATE3.data([packed])))
        except WireError:
            return None
        if reply.error is not None:
            if lacks_state(reply.error):
                raise self.node.trouble("eth_call", reply.error)
            return None
        raw = self.node.data("eth_call", reply.result)
        try:
            (results,) = AGGREGATE3.decoded(raw)
        except ValueError:
            results = ()
        if len(results) != len(calls):
            raise self.node.malformed("eth_call", reply.result)
        answers = ["0x" + answer.hex() if done else None for done, answer in results]
        # A call that ran out of its share of gas looks refused: only asked alone is it decided.
        again = [place for place, answer in enumerate(answers) if answer is None]
        alone = self._each([calls[place] for place in again], [data[place] for place in again])
        for place, answer in zip(again, alone, strict=True):
            answers[place] = answer
        return answers

    def _each(self, calls: Sequence[Call], data: Sequence[str]) -> list[str | None]:
        requests = [self._request(call.to, text) for call, text in zip(calls, data, strict=True)]
        replies = self.node.send(requests)
        return [self._answer(call, reply) for call, reply in zip(calls, replies, strict=True)]

    def _answer(self, call: Call, reply: Reply) -> str | None:
        if reply.error is None:
            return "0x" + self.node.data("eth_call", reply.result).hex()
        if not reverted(reply.error):
            raise self.node.trouble("eth_call", reply.error)
        if call.optional:
            return None
        raise DataError(
            "the contract refuses a call",
            where=f"{call.to} {call.function.signature}",
            found=reply.error.message,
            hint="is it a contract of this protocol?",
        )

    def _request(self, to: str, data: str) -> Request:
        return Request("eth_call", ({"to": to, "data": data}, self._pin))

    def _decoded(self, call: Call, text: str | None) -> Any:
        if text is None:
            return None
        try:
            values = call.function.decoded(bytes.fromhex(text[2:]))
        except ValueError:
            if call.optional:
                return None
            raise DataError(
                "the contract's answer is malformed",
                where=f"{call.to} {call.function.signature}",
                found=text,
                expected=", ".join(call.function.returns),
                hint="is it a contract of this protocol?",
            ) from None
        return values[0] if len(values) == 1 else values
