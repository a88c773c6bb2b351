"""One EVM in this process: deploy contracts, send, read, let time pass, take everything back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_abi import decode, encode
from pyrevm import EVM, BlockEnv, JournalCheckpoint

ADMIN = "0x" + "ad" * 20
START = 1_700_000_000
WORD = 32
BLOCK_GAS = 2**62
ERROR_TEXT = bytes.fromhex("08c379a0")

# calldatasize push0 push0 calldatacopy calldatasize push0 keccak256 push0 mstore push1 32 push0
# return: answers with the hash of what it is called with.
HASHER = bytes.fromhex("365f5f37365f205f5260205ff3")


class RevertedError(Exception):
    """A call that the contract refused; the text is its reason, or its data in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A function as it is written, "borrow(address,uint256)", and the types of its arguments."""

    text: str
    types: tuple[str, ...]


@cache
def signature(text: str) -> Signature:
    """Split at the commas that stand in no tuple."""
    inner = text[text.index("(") + 1 : -1]
    types, depth, begun = [], 0, 0
    for place, letter in enumerate(inner):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            types.append(inner[begun:place])
            begun = place + 1
    return Signature(text, (*types, inner[begun:]) if inner else ())


def account(number: int) -> str:
    return f"0x{0xACC << 96 | number:040x}"


def address_of(word: int) -> str:
    return f"0x{word & (2**160 - 1):040x}"


def returning(runtime: bytes) -> bytes:
    """Creation code of a contract given by its code: push1 n dup1 push1 9 push0 codecopy ..."""
    assert len(runtime) < 256, "too long for one byte"
    return bytes.fromhex(f"60{len(runtime):02x}8060095f395ff3") + runtime


class Chain:
    """The machine, and the clock of its block."""

    def __init__(self) -> None:
        self.evm = EVM(spec_id="SHANGHAI")
        self.now = START
        self.wait(0)
        self.selectors: dict[str, bytes] = {}
        self.hasher = self.evm.deploy(ADMIN, returning(HASHER))

    def wait(self, seconds: int) -> None:
        """Let time pass until the next call."""
        self.now += seconds
        block = BlockEnv(number=1, timestamp=self.now, gas_limit=BLOCK_GAS)
        self.evm.set_block_env(block)

    def set_time(self, timestamp: int) -> None:
        self.wait(timestamp - self.now)

    def deploy(self, code: bytes, types: str = "()", *arguments: Any) -> str:
        wanted = signature(types).types
        return self.evm.deploy(ADMIN, code + encode(wanted, arguments))

    def send(self, sender: str, to: str, what: str, *arguments: Any) -> bytes:
        """Call a function and keep what it changed.

        Raises:
            RevertedError: the contract refused.
        """
        wanted = signature(what)
        calldata = self.selector(what) + encode(wanted.types, arguments)
        try:
            return self.evm.message_call(sender, to, calldata=calldata)
        except RuntimeError as failure:
            raise RevertedError(revert_reason(str(failure))) from None

    def read(self, to: str, what: str, *arguments: Any) -> list[int]:
        """Call a function of a contract, and return the words of its answer."""
        answer = self.send(ADMIN, to, what, *arguments)
        return [
            int.from_bytes(answer[place : place + WORD], "big")
            for place in range(0, len(answer), WORD)
        ]

    def read_one(self, to: str, what: str, *arguments: Any) -> int:
        return self.read(to, what, *arguments)[0]

    def selector(self, what: str) -> bytes:
        if what not in self.selectors:
            hashed = self.evm.message_call(ADMIN, self.hasher, calldata=what.encode())
            self.selectors[what] = hashed[:4]
        return self.selectors[what]

    def save(self) -> tuple[JournalCheckpoint, int]:
        return self.evm.snapshot(), self.now

    def restore(self, saved: tuple[JournalCheckpoint, int]) -> None:
        """Take back everything since `saved`, which is then spent."""
        checkpoint, timestamp = saved
        self.evm.revert(checkpoint)
        self.set_time(timestamp)


def revert_reason(failure: str) -> str:
    found = re.search(r"output: 0x([0-9a-f]*)", failure)
    if found is None:
        return failure
    data = bytes.fromhex(found[1])
    if data[:4] == ERROR_TEXT:
        return str(decode(["string"], data[4:])[0])
    return found[1]
