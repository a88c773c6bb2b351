"""Tokens by name: symbols that tell one asset of a venue from another."""

from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.adapters.chains.abi import function
from trimtab.adapters.chains.reader import Call, Reader

DECIMALS = function("decimals()", "uint8")
SYMBOL = function("symbol()", "string")
SYMBOL_WORD = function("symbol()", "bytes32")  # as tokens of 2017 have it
BALANCE = function("balanceOf(address)", "uint256")
TOTAL_SUPPLY = function("totalSupply()", "uint256")
SUFFIX_DIGITS = 6
SYMBOL_LENGTH_MAX = 40


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its address, its symbol ("" where it tells none), its decimals."""

    address: str
    symbol: str
    decimals: int


def read_tokens(reader: Reader, addresses: Sequence[str]) -> list[Token]:
    """Return the tokens of addresses; a symbol that is unfit for a name becomes ""."""
    calls = []
    for address in addresses:
        calls += [
            Call(address, DECIMALS),
            Call(address, SYMBOL, optional=True),
            Call(address, SYMBOL_WORD, optional=True),
        ]
    found = reader.ask(calls, "tokens")
    return [
        Token(address, _symbol(found[3 * place + 1], found[3 * place + 2]), found[3 * place])
        for place, address in enumerate(addresses)
    ]


def token_names(tokens: Sequence[Token], *, taken: Sequence[str] = ()) -> list[str]:
    """Return a name per token: its symbol, with its address's first digits where that is needed.

    Args:
        tokens: in the order of the names.
        taken: names that no token may have, such as the quote's.
    """
    folded = [token.symbol.casefold() for token in tokens]
    unfree = {name.casefold() for name in taken}
    names = []
    for token, symbol in zip(tokens, folded, strict=True):
        plain = symbol and symbol not in unfree and folded.count(symbol) == 1
        digits = token.address[: 2 + SUFFIX_DIGITS]
        names.append(token.symbol if plain else f"{token.symbol or 'token'}-{digits}")
    # Two addresses may begin alike, and nobody chose their names.
    twice = {name for name in names if names.count(name) > 1}
    return [
        f"{token.symbol or 'token'}-{token.address}" if name in twice else name
        for token, name in zip(tokens, names, strict=True)
    ]


def _symbol(text: str | None, word: bytes | None) -> str:
    if text is None and word is not None:
        text = word.rstrip(b"\0").decode("utf-8", "replace")
    fit = (
        text
        and text.isprintable()
        and text == text.strip()
        and "/" not in text
        and "\ufffd" not in text
        and not text.startswith("@")
        and len(text) <= SYMBOL_LENGTH_MAX
    )
    return text if text and fit else ""
