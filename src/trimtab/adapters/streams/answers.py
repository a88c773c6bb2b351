"""Answers of price oracles on an EVM chain, from their logs by JSON-RPC, block after block.

The log is `AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt)` of
Chainlink's AggregatorInterface. Only blocks with enough confirmations are read, so that a
reorganization of fewer changes nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trimtab.adapters.chains import Request, Wire
from trimtab.adapters.chains.node import Node
from trimtab.units import DataError

# keccak256("AnswerUpdated(int256,uint256,uint256)")
TOPIC = "0x0559884fd3a460db3073b7fc896cc77986f16e378210ded43186175bf646fc5f"
BLOCKS_MAX = 1000
SIGN = 1 << 255


@dataclass(frozen=True, slots=True, order=True)
class Answer:
    """One answer: of which aggregator, the raw number, its round, when it was true (seconds)."""

    address: str
    answer: int
    round: int
    updated_s: int
    block: int


class AnswerLogs:
    """Reads the logs of some aggregators from a block on, each once and in order."""

    def __init__(
        self,
        wire: Wire,
        aggregators: Mapping[str, str],
        *,
        confirmations: int = 2,
        lookback: int = 100,
    ) -> None:
        """Ready to read from `lookback` blocks before the head.

        Arguments:
            aggregators: address by name.
        """
        self._node = Node(wire)
        self._addresses = [address.lower() for address in aggregators.values()]
        self._confirmations, self._lookback = confirmations, lookback
        self.next_block: int | None = None

    def read(self) -> Iterator[Answer]:
        """Yield the answers of all blocks since the last call that are confirmed by now.

        Raises:
            DataError: the node does not answer, or not sensibly.
        """
        head = self._node.quantity("eth_blockNumber", self._node.ask(Request("eth_blockNumber")))
        last = head - self._confirmations
        if self.next_block is None:
            self.next_block = max(0, last - self._lookback)
        while self.next_block <= last:
            until = min(last, self.next_block + BLOCKS_MAX - 1)
            yield from self._span(self.next_block, until)
            self.next_block = until + 1

    def _span(self, first: int, last: int) -> list[Answer]:
        asked = {
            "fromBlock": hex(first),
            "toBlock": hex(last),
            "address": self._addresses,
            "topics": [TOPIC],
        }
        rows = self._node.ask(Request("eth_getLogs", (asked,)))
        if not isinstance(rows, list):
            raise self._node.malformed("eth_getLogs", rows)
        found = sorted((self._place(row), self._answer(row)) for row in rows)
        return [answer for _, answer in found]

    def _place(self, row: object) -> tuple[int, int]:
        if not isinstance(row, dict):
            raise self._node.malformed("eth_getLogs", row)
        quantity = self._node.quantity
        block = quantity("eth_getLogs", row.get("blockNumber"))
        return block, quantity("eth_getLogs", row.get("logIndex"))

    def _answer(self, row: dict[str, object]) -> Answer:
        topics = row.get("topics")
        if not isinstance(topics, list) or len(topics) != 3:
            raise self._node.malformed("eth_getLogs", topics)
        quantity = self._node.quantity
        raw = quantity("eth_getLogs", topics[1])
        data = self._node.data("eth_getLogs", row.get("data"))
        if len(data) != 32:
            raise DataError("an answer without its time", where=self._node.where)
        return Answer(
            str(row.get("address", "")).lower(),
            raw - 2 * SIGN if raw >= SIGN else raw,
            quantity("eth_getLogs", topics[2]),
            int.from_bytes(data, "big"),
            quantity("eth_getLogs", row.get("blockNumber")),
        )
