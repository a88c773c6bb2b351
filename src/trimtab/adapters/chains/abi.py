"""Functions and events of contracts by their signatures, and addresses as text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from trimtab.adapters.chains.web3_library import web3_module
from trimtab.units import DataError

ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
HASH = re.compile(r"0x[0-9a-fA-F]{64}")
ZERO_ADDRESS = "0x" + "00" * 20
SELECTOR_BYTES = 4


@dataclass(frozen=True, slots=True)
class Function:
    """A function to call: its signature, as in `balanceOf(address)`, and the types it returns."""

    signature: str
    returns: tuple[str, ...]

    def data(self, arguments: Sequence[Any]) -> str:
        """Return the call data as hexadecimal text."""
        from eth_abi.abi import encode

        packed: bytes = encode(argument_types(self.signature), arguments)
        return "0x" + (keccak(self.signature)[:SELECTOR_BYTES] + packed).hex()

    def decoded(self, answer: bytes) -> tuple[Any, ...]:
        """Return the values of an answer; ValueError where it does not hold them."""
        from eth_abi.abi import decode
        from eth_abi.exceptions import DecodingError

        try:
            values: tuple[Any, ...] = decode(self.returns, answer)
        except (DecodingError, OverflowError, UnicodeDecodeError) as error:
            raise ValueError(str(error)) from None
        return values


def function(signature: str, *returns: str) -> Function:
    """Return the function of a signature, by the types that it returns."""
    return Function(signature, returns)


def argument_types(signature: str) -> list[str]:
    """Return the types of a signature, split at the commas that stand in no tuple.

    >>> argument_types("f(address,(uint8,bytes)[])")
    ['address', '(uint8,bytes)[]']
    """
    types, depth = [""], 0
    for letter in signature[signature.index("(") + 1 : -1]:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            types.append("")
        else:
            types[-1] += letter
    return [one for one in types if one]


@cache
def keccak(text: str) -> bytes:
    """Return the hash of a text, 32 bytes."""
    return bytes(web3_module().Web3.keccak(text=text))


def topic(signature: str) -> str:
    """Return the first topic of an event's logs."""
    return "0x" + keccak(signature).hex()


def address_topic(address: str) -> str:
    """Return an address as the topic of an indexed argument."""
    return "0x" + address[2:].lower().rjust(64, "0")


def topic_address(word: str) -> str:
    """Return the address that a topic holds; ValueError where it holds none."""
    if not HASH.fullmatch(word) or int(word, 16) >> 160:
        raise ValueError(f"no address: {word}")
    return "0x" + word[-40:].lower()


def checked_address(text: str, what: str) -> str:
    """Return an address in lower case; DataError where the text is none.

    Args:
        text: as written by a person, in whatever case.
        what: where it stands, such as an option's name.
    """
    if not ADDRESS.fullmatch(text):
        raise DataError(
            "this is no address", where=what, found=text, expected="0x and 40 hexadecimal digits"
        )
    return text.lower()


def checked_hash(text: str, what: str) -> str:
    """Return 32 bytes of hexadecimal text in lower case; DataError where the text is none."""
    if not HASH.fullmatch(text):
        raise DataError(
            "this is no id", where=what, found=text, expected="0x and 64 hexadecimal digits"
        )
    return text.lower()
