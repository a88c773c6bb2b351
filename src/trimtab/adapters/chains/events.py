"""Events over a range of blocks, in chunks as long as the node takes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.adapters.chains.node import lacks_state
from trimtab.adapters.chains.reader import Progress, Reader
from trimtab.adapters.chains.wire import Request, RpcError, WireError
from trimtab.units import DataError

METHOD = "eth_getLogs"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which logs: of these contracts, and per topic one of these words (none: any).

    Args:
        addresses: of the contracts.
        topics: the words allowed at each place.
        pick: names what a log tells (a text each), and leaves what does not matter.
    """

    addresses: tuple[str, ...]
    topics: tuple[tuple[str, ...], ...]
    pick: Callable[[Mapping[str, Any]], Iterable[str]]

    def params(self, first: int, last: int) -> dict[str, Any]:
        """The parameters of the request for a range of blocks, both ends included."""
        return {
            "address": list(self.addresses),
            "topics": [list(words) or None for words in self.topics],
            "fromBlock": hex(first),
            "toBlock": hex(last),
        }


@dataclass(frozen=True, slots=True)
class Span:
    """Which blocks to look through, up to the reader's own.

    Args:
        first: number of the first block.
        chunk_max: most blocks in one request; a node that refuses gets half as many, down to 1.
    """

    first: int = 0
    chunk_max: int = 10_000


def scan(reader: Reader, wanted: Filter, *, span: Span, what: str) -> set[str]:
    """Return all that the events of a range name.

    The range ends at the reader's block. Each chunk is remembered, so that an interrupted scan
    goes on after its last one.

    Raises:
        DataError: a range that ends before it begins, a node that fails, or one that refuses
            even a single block.
    """
    last = reader.block.number
    check_span(span, last)
    names: set[str] = set()
    key = f"{METHOD} {wanted.addresses} {wanted.topics}"
    begin, chunk = span.first, span.chunk_max
    while begin <= last:
        question = f"{key} from {begin}"
        known = reader.record.recorded(question)
        if known is None:
            end, found = _chunk(reader, wanted, begin=begin, chunk=chunk)
            chunk = min(span.chunk_max, 2 * (end - begin + 1))
            known = [end, sorted(found)]
            reader.record.keep(question, known)
        names.update(known[1])
        begin = known[0] + 1
        reader.tell(Progress(what, begin - span.first, last - span.first + 1))
    return names


def check_span(span: Span, last: int) -> None:
    """Raise DataError where a range begins after its last block."""
    if span.first > last:
        raise DataError(
            "the events begin after the block",
            where="--from-block",
            found=str(span.first),
            expected=f"at most {last}",
        )


def _chunk(reader: Reader, wanted: Filter, *, begin: int, chunk: int) -> tuple[int, set[str]]:
    """The end of a chunk that the node took, and what its events name."""
    while True:
        end = min(begin + chunk - 1, reader.block.number)
        told = _ask(reader, wanted, begin=begin, end=end)
        if not isinstance(told, str):
            return end, told
        if end == begin:
            raise DataError(
                "the node refuses the events of even one block",
                where=f"{reader.node.where} {METHOD}",
                found=told,
            )
        chunk = (end - begin + 1) // 2


def _ask(reader: Reader, wanted: Filter, *, begin: int, end: int) -> set[str] | str:
    """What the events of some blocks name, or in the node's words why it will not say."""
    try:
        reply = reader.node.send_one(Request(METHOD, (wanted.params(begin, end),)))
    except WireError as fault:
        return fault.text
    if reply.error is not None:
        return _refusal(reader, reply.error)
    if not isinstance(reply.result, list):
        raise reader.node.malformed(METHOD, reply.result)
    names: set[str] = set()
    for log in reply.result:
        try:
            _check_log(log, begin=begin, end=end)
            names.update(wanted.pick(log))
        except (KeyError, IndexError, TypeError, ValueError):
            raise reader.node.malformed(METHOD, log) from None
    return names


def _refusal(reader: Reader, error: RpcError) -> str:
    # A range too wide is "out of range" to some nodes, and so is a block not there yet.
    if lacks_state(error) and "range" not in error.message.casefold():
        raise reader.node.trouble(METHOD, error)
    return error.message


def _check_log(log: Mapping[str, Any], *, begin: int, end: int) -> None:
    number = int(log["blockNumber"], 16)
    if not begin <= number <= end:
        raise ValueError(f"a log of block {number} between {begin} and {end}")
