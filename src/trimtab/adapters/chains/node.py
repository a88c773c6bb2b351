"""A node as the readers see it: typed questions, and every trouble as one clear line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.adapters.chains.wire import Fault, Reply, Request, RpcError, Wire, WireError
from trimtab.units import DataError

BATCH_MAX = 100
SPLIT = frozenset({Fault.TOO_LARGE, Fault.TIMEOUT})
# Words by which nodes say that they know a block no longer, or not yet.
ARCHIVE_WORDS = (
    "missing trie node",
    "historical state",
    "state is not available",
    "state not available",
    "no state available",
    "pruned",
    "archive",
    "header not found",
    "unknown block",
    "block not found",
    "could not find block",
    "out of range",
    "outofrange",
    "proof window",
)
REVERT_WORDS = ("revert", "invalid opcode", "vm execution error", "invalidfeopcode", "bad jump")
REVERTED = 3
CAUSES = {
    Fault.GONE: "the node does not answer",
    Fault.TIMEOUT: "the node does not answer in time",
    Fault.BUSY: "the node is too busy",
    Fault.TOO_LARGE: "the node takes no request of this size",
    Fault.REFUSED: "the node refuses the connection",
    Fault.MALFORMED: "the node's answer is malformed",
}
HINTS = {
    Fault.GONE: "check --rpc and that the node runs",
    Fault.BUSY: "ask more slowly with --requests-per-second",
    Fault.REFUSED: "check the address and its key",
}


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its number, its hash (lower case), and its time, seconds UTC."""

    number: int
    hash: str
    time_s: int


class Node:
    """Questions to one node over a wire that paces and retries."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._batch_max = BATCH_MAX

    @property
    def where(self) -> str:
        """The node as messages name it."""
        return self._wire.where

    def chain_id(self) -> int:
        """Return the number of the chain that the node follows."""
        return self.quantity("eth_chainId", self.ask(Request("eth_chainId")))

    def block(self, which: int | str) -> Block:
        """Return a block by its number, or by a tag such as "latest".

        Raises:
            DataError: the node has no such block, or answers something else.
        """
        tag = hex(which) if isinstance(which, int) else which
        method = "eth_getBlockByNumber"
        found = self.ask(Request(method, (tag, False)))
        if found is None:
            raise DataError(
                "the node has no such block",
                where=self.where,
                found=str(which),
                expected="a block that it has reached",
            )
        if not isinstance(found, dict) or not isinstance(found.get("hash"), str):
            raise self.malformed(method, found)
        number = self.quantity(method, found.get("number"))
        if isinstance(which, int) and number != which:
            raise self.malformed(method, number)
        time_s = self.quantity(method, found.get("timestamp"))
        return Block(number, found["hash"].lower(), time_s)

    def ask(self, request: Request) -> Any:
        """Return the result of one request; DataError for a node's error."""
        (reply,) = self.send([request])
        if reply.error is not None:
            raise self.trouble(request.method, reply.error)
        return reply.result

    def send(self, requests: Sequence[Request]) -> list[Reply]:
        """Return the replies to requests, in batches as large as the node takes."""
        replies: list[Reply] = []
        while len(replies) < len(requests):
            part = requests[len(replies) : len(replies) + self._batch_max]
            try:
                replies += self._wire.send(part)
            except WireError as fault:
                if len(part) == 1 or fault.fault not in SPLIT:
                    raise self.failed(fault, part[0].method) from None
                self._batch_max = (len(part) + 1) // 2
        return replies

    def send_one(self, request: Request) -> Reply:
        """Return the reply to one request, the wire's own fault left to the caller to shrink by.

        Raises:
            WireError: too large, or no answer in time.
            DataError: any other failure of the exchange.
        """
        try:
            return self._wire.send([request])[0]
        except WireError as fault:
            if fault.fault in SPLIT:
                raise
            raise self.failed(fault, request.method) from None

    def quantity(self, method: str, raw: Any) -> int:
        """Return a JSON-RPC quantity, 0x and hexadecimal digits; DataError for anything else."""
        if not isinstance(raw, str) or not raw.startswith("0x"):
            raise self.malformed(method, raw)
        try:
            return int(raw, 16)
        except ValueError:
            raise self.malformed(method, raw) from None

    def data(self, method: str, raw: Any) -> bytes:
        """Return JSON-RPC data, 0x and whole bytes; DataError for anything else."""
        if not isinstance(raw, str) or not raw.startswith("0x"):
            raise self.malformed(method, raw)
        try:
            return bytes.fromhex(raw[2:])
        except ValueError:
            raise self.malformed(method, raw) from None

    def malformed(self, method: str, raw: Any) -> DataError:
        """The error for an answer that is not what the method gives."""
        return DataError(CAUSES[Fault.MALFORMED], where=f"{self.where} {method}", found=_shown(raw))

    def failed(self, fault: WireError, method: str) -> DataError:
        """The error for an exchange that failed for good."""
        return DataError(
            CAUSES[fault.fault],
            where=f"{self.where} {method}",
            found=fault.text,
            hint=HINTS.get(fault.fault),
        )

    def trouble(self, method: str, error: RpcError) -> DataError:
        """The error for a node's own error."""
        if lacks_state(error):
            return DataError(
                "the node does not have the state of the block",
                where=self.where,
                found=error.message,
                expected="a block that it keeps",
                hint="use an archive node, or a later --block",
            )
        return DataError(
            "the node answers with an error",
            where=f"{self.where} {method}",
            found=f"{error.code}: {error.message}",
        )


def lacks_state(error: RpcError) -> bool:
    """Whether a node says that it has no state of the block asked for."""
    text = error.message.casefold()
    return any(word in text for word in ARCHIVE_WORDS)


def reverted(error: RpcError) -> bool:
    """Whether a call was run, and the contract refused it."""
    text = error.message.casefold()
    return error.code == REVERTED or any(word in text for word in REVERT_WORDS)


def _shown(raw: Any) -> str:
    return "nothing" if raw is None else str(raw)
