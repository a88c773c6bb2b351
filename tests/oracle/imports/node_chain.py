"""The face of `Chain` over a local node, so that the same markets are deployed there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from eth_abi import encode
from eth_utils.crypto import keccak

from tests.oracle.chain import ADMIN, HASHER, RevertedError, returning, signature
from tests.oracle.imports.node_process import LocalNode, NodeError
from tests.oracle.packages import VIEM

FREE = {"gas": hex(100_000_000), "gasPrice": "0x0"}
MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"
WORD = 32


class NodeMachine:
    """The one call of an in-process machine that the markets use."""

    def __init__(self, chain: NodeChain) -> None:
        self._chain = chain

    def message_call(self, sender: str, to: str, *, calldata: bytes) -> bytes:
        """Run a call for good, and return what it answers."""
        answer = self._chain.call(sender, to, calldata)
        self._chain.transact([(sender, to, calldata)])
        return answer


class NodeChain:
    """Deploy, send and read on a node."""

    def __init__(self, node: LocalNode) -> None:
        self.node = node
        self.evm = NodeMachine(self)
        self.hasher = self.create(returning(HASHER))

    @property
    def now(self) -> int:
        return int(self.node.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    @property
    def height(self) -> int:
        return int(self.node.ask("eth_blockNumber"), 16)

    def wait(self, seconds: int) -> None:
        self.node.ask("evm_increaseTime", hex(seconds))
        self.node.ask("evm_mine")

    def create(self, code: bytes) -> str:
        order = {"from": ADMIN, "data": "0x" + code.hex()} | FREE
        receipt = self.node.ask("eth_sendTransactionSync", order)
        assert int(receipt["status"], 16) == 1, "a contract is not created"
        address: str = receipt["contractAddress"]
        return address

    def deploy(self, code: bytes, types: str = "()", *arguments: Any) -> str:
        return self.create(code + encode(signature(types).types, arguments))

    def data(self, what: str, *arguments: Any) -> bytes:
        return keccak(text=what)[:4] + encode(signature(what).types, arguments)

    def send(self, sender: str, to: str, what: str, *arguments: Any) -> bytes:
        """Call a function for good; its answer is not known.

        Raises:
            RevertedError: the contract refused.
        """
        (done,) = self.transact([(sender, to, self.data(what, *arguments))])
        if not done:
            raise RevertedError(what)
        return b""

    def transact(self, orders: Sequence[tuple[str, str, bytes]]) -> list[bool]:
        """Send transactions one after the other; which of them were not refused."""
        done = []
        for who, to, data in orders:
            order = {"from": who, "to": to, "data": "0x" + data.hex()} | FREE
            receipt = self.node.ask("eth_sendTransactionSync", order)
            done.append(int(receipt["status"], 16) == 1)
        return done

    def call(self, sender: str, to: str, data: bytes, *, block: str = "latest") -> bytes:
        order = {"from": sender, "to": to, "data": "0x" + data.hex()}
        try:
            answer = self.node.ask("eth_call", order, block)
        except NodeError as failure:
            raise RevertedError(str(failure)) from None
        return bytes.fromhex(answer[2:])

    def read(self, to: str, what: str, *arguments: Any) -> list[int]:
        return words(self.call(ADMIN, to, self.data(what, *arguments)))

    def read_one(self, to: str, what: str, *arguments: Any) -> int:
        return self.read(to, what, *arguments)[0]

    def read_each(
        self, calls: Sequence[tuple[str, str, tuple[Any, ...]]], *, block: int
    ) -> list[list[int]]:
        """The words of many answers at a block, each call asked by itself."""
        requests = [
            ("eth_call", [{"to": to, "data": "0x" + self.data(what, *given).hex()}, hex(block)])
            for to, what, given in calls
        ]
        return [words(bytes.fromhex(one[2:])) for one in self.node.ask_each(requests)]

    def put_multicall(self) -> None:
        """Put Multicall3 where it is on every public chain."""
        source = (VIEM.folder / "_cjs" / "constants" / "contracts.js").read_text()
        found = re.search(r"multicall3Bytecode = '0x([0-9a-f]+)'", source)
        assert found, "no bytecode of Multicall3 in viem"
        made = self.create(bytes.fromhex(found[1]))
        code = self.node.ask("eth_getCode", made, "latest")
        self.node.ask("anvil_setCode", MULTICALL3, code)


def words(answer: bytes) -> list[int]:
    return [int.from_bytes(answer[at : at + WORD], "big") for at in range(0, len(answer), WORD)]
