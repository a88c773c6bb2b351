"""Compound III: one market (a Comet) and its accounts at one block.

Base balances are what `balanceOf` and `borrowBalanceOf` answer, with interest to the block's time;
collateral is what `userCollateral` stores. Source: compound-finance/comet d5a30b0a, Comet.sol,
CometExt.sol, CometStorage.sol.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.adapters.chains.abi import function, topic, topic_address
from trimtab.adapters.chains.case_texts import Row, Venue, outside_supply, price_text, sums
from trimtab.adapters.chains.compound_rules import (
    PRICE_DECIMALS,
    Base,
    Collateral,
    base_section,
    collateral_section,
    venue_sections,
)
from trimtab.adapters.chains.events import Filter, Span, scan
from trimtab.adapters.chains.reader import Call, Reader
from trimtab.adapters.chains.tokens import BALANCE, TOTAL_SUPPLY, read_tokens, token_names
from trimtab.units import DataError

QUOTE = "USD"
COUNT = function("numAssets()", "uint8")
ASSET = function(
    "getAssetInfo(uint8)",
    *("uint8", "address", "address", "uint64", "uint64", "uint64", "uint64", "uint128"),
)
PRICE = function("getPrice(address)", "uint256")
TOTAL_COLLATERAL = function("totalsCollateral(address)", "uint128", "uint128")
USER = function("userBasic(address)", "int104", "uint64", "uint64", "uint16", "uint8")
USER_COLLATERAL = function("userCollateral(address,address)", "uint128", "uint128")
BORROWED = function("borrowBalanceOf(address)", "uint256")
ADDRESSES = tuple(function(f"{name}()", "address") for name in ("baseToken", "baseTokenPriceFeed"))
NUMBERS = tuple(
    function(f"{name}()", "uint256")
    for name in (
        "borrowKink",
        "borrowPerSecondInterestRateBase",
        "borrowPerSecondInterestRateSlopeLow",
        "borrowPerSecondInterestRateSlopeHigh",
        "storeFrontPriceFactor",
        "baseBorrowMin",
    )
)
# Which topic names the account whose balance grows, or whose debt does.
EVENTS = {
    "Supply(address,address,uint256)": 2,
    "Transfer(address,address,uint256)": 2,
    "Withdraw(address,address,uint256)": 1,
    "SupplyCollateral(address,address,address,uint256)": 2,
    "TransferCollateral(address,address,address,uint256)": 2,
}


@dataclass(frozen=True, slots=True)
class CompoundV3:
    """What to read: a Comet, by its address."""

    comet: str

    @property
    def target(self) -> str:
        """The contract that must be there."""
        return self.comet

    def read(
        self, reader: Reader, *, span: Span, accounts: Sequence[str] | None, quote: str
    ) -> Venue:
        """Return the market's venue at the reader's block.

        Args:
            span: where to look for events.
            accounts: read these instead of those that events name.
            quote: name of the unit of its price feeds; "" is USD.
        """
        return read_compound(reader, self.comet, span=span, accounts=accounts, quote=quote or QUOTE)


def read_compound(
    reader: Reader, comet: str, *, span: Span, accounts: Sequence[str] | None, quote: str
) -> Venue:
    """Return the venue of a Comet; the arguments are those of `CompoundV3.read`."""
    base, collaterals = _market(reader, comet, quote=quote)
    people = _people(reader, comet, span=span, accounts=accounts)
    if not people:
        raise DataError("no account was found", where=comet, hint="look from an earlier block")
    rows = _rows(reader, comet, people=people, base=base, collaterals=collaterals)
    listed, borrowed = sums(rows)

    def outside(name: str, supplied: int) -> int:
        return outside_supply(supplied, listed=listed.get(name, 0), borrowed=borrowed.get(name, 0))

    assets = {base.name: base_section(base, outside=outside(base.name, base.supplied))}
    for one in collaterals:
        assets[one.name] = collateral_section(
            one, base=base, outside=outside(one.name, one.supplied)
        )
    prices = {base.name: price_text(base.price, PRICE_DECIMALS)}
    prices |= {one.name: price_text(one.price, PRICE_DECIMALS) for one in collaterals}
    return Venue(
        name="compound-v3",
        quote=quote,
        decimals={base.name: base.decimals} | {one.name: one.decimals for one in collaterals},
        assets=assets,
        sections=venue_sections(base, collaterals),
        rows=rows,
        prices=prices,
        notes=[
            f"{one.name}: an absorption credits nothing for it, which a case cannot hold"
            for one in collaterals
            if not one.liquidation_wad
        ],
        facts={"comet": comet, "assets": _facts(base, collaterals)},
    )


def _market(reader: Reader, comet: str, *, quote: str) -> tuple[Base, list[Collateral]]:
    calls = [Call(comet, one) for one in (*ADDRESSES, *NUMBERS, TOTAL_SUPPLY, COUNT)]
    token, feed, *numbers, supplied, count = reader.ask(calls, "the market")
    infos = reader.ask([Call(comet, ASSET, (place,)) for place in range(count)], "assets")
    tokens = read_tokens(reader, [token, *(info[1] for info in infos)])
    names = token_names(tokens, taken=[quote])
    feeds = [feed, *(info[2] for info in infos)]
    prices = reader.ask([Call(comet, PRICE, (one,)) for one in feeds], "prices")
    totals = reader.ask([Call(comet, TOTAL_COLLATERAL, (info[1],)) for info in infos], "assets")
    base = Base(names[0], token, tokens[0].decimals, prices[0], supplied, *numbers)
    collaterals = [
        Collateral(
            names[place + 1],
            address=info[1],
            decimals=tokens[place + 1].decimals,
            price=prices[place + 1],
            supplied=totals[place][0],
            borrow_wad=info[4],
            liquidate_wad=info[5],
            liquidation_wad=info[6],
            cap=info[7],
        )
        for place, info in enumerate(infos)
    ]
    return base, collaterals


def _people(reader: Reader, comet: str, *, span: Span, accounts: Sequence[str] | None) -> list[str]:
    if accounts is not None:
        return sorted(accounts)
    places = {topic(event): place for event, place in EVENTS.items()}

    def pick(log: Mapping[str, Any]) -> Iterable[str]:
        words = log["topics"]
        yield topic_address(words[places[words[0].lower()]])

    wanted = Filter((comet,), (tuple(places),), pick)
    return sorted(scan(reader, wanted, span=span, what="events"))


def _rows(
    reader: Reader,
    comet: str,
    *,
    people: Sequence[str],
    base: Base,
    collaterals: Sequence[Collateral],
) -> list[Row]:
    calls = []
    for account in people:
        calls += [Call(comet, one, (account,)) for one in (USER, BALANCE, BORROWED)]
    found = reader.ask(calls, "accounts")
    pairs = [
        (account, one)
        for number, account in enumerate(people)
        for place, one in enumerate(collaterals)
        if _assets_in(found[3 * number]) >> place & 1
    ]
    held = reader.ask(
        [Call(comet, USER_COLLATERAL, (account, one.address)) for account, one in pairs],
        "collateral",
    )
    pledged = {
        (account, one.name): words[0] for (account, one), words in zip(pairs, held, strict=True)
    }
    rows = []
    for number, account in enumerate(people):
        amounts = {base.name: found[3 * number + 1] - found[3 * number + 2]}
        amounts |= {one.name: pledged.get((account, one.name), 0) for one in collaterals}
        rows += [Row(account, name, units) for name, units in amounts.items() if units]
    return rows


def _assets_in(words: Sequence[int]) -> int:
    """The bitmap of an account's collaterals; the seventeenth and later stand in the last word."""
    return int(words[3] | words[4] << 16)


def _facts(base: Base, collaterals: Sequence[Collateral]) -> dict[str, Any]:
    listed: list[Base | Collateral] = [base, *collaterals]
    return {one.name: {"address": one.address, "price": str(one.price)} for one in listed}
