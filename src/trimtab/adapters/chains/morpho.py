"""Morpho Blue: markets of one loan asset and their accounts at one block.

Each market is isolated: its loan, its collateral and its oracle are its own, so that in a case of
several markets each has its own pair of assets, and an account a group per market. The quote is
the loan asset. Debts and supplies are shares valued at totals that `morpho_accrual` brings to the
block's time. Source: morpho-org/morpho-blue 3085651a, Morpho.sol, IMorpho.sol, EventsLib.sol.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.adapters.chains.abi import ZERO_ADDRESS, function, topic, topic_address
from trimtab.adapters.chains.case_texts import Row, Section, Venue, outside_supply, sums
from trimtab.adapters.chains.events import Filter, Span, scan
from trimtab.adapters.chains.morpho_accrual import Totals, accrued, owed, supplied
from trimtab.adapters.chains.morpho_rules import (
    Market,
    collateral_price,
    collateral_section,
    liquidation_section,
    loan_section,
    rate_notes,
)
from trimtab.adapters.chains.reader import Call, Reader
from trimtab.adapters.chains.tokens import read_tokens, token_names
from trimtab.units import DataError

# On Ethereum and Base; elsewhere the address differs.
MORPHO = "0xbbbbbbbbbb9cc5e90e3b3af64bdaf62c37eeffcb"
PARAMS = "(address,address,address,address,uint256)"
TOTALS = ("uint128",) * 6
MARKET_PARAMS = function(
    "idToMarketParams(bytes32)", "address", "address", "address", "address", "uint256"
)
MARKET = function("market(bytes32)", *TOTALS)
POSITION = function("position(bytes32,address)", "uint256", "uint128", "uint128")
PRICE = function("price()", "uint256")
RATE = function(f"borrowRateView({PARAMS},({','.join(TOTALS)}))", "uint256")
SUPPLY = "Supply(bytes32,address,address,uint256,uint256)"
SUPPLY_COLLATERAL = "SupplyCollateral(bytes32,address,address,uint256)"
BORROW = "Borrow(bytes32,address,address,address,uint256,uint256)"
# Fees are shares that no `Supply` announces.
SET_FEE_RECIPIENT = "SetFeeRecipient(address)"
FEE_RECIPIENT = function("feeRecipient()", "address")
# Where the account stands among the topics: `Borrow` leaves its caller out of them.
ACCOUNT_TOPIC = {SUPPLY: 3, SUPPLY_COLLATERAL: 3, BORROW: 2}
ID_DIGITS = 10


@dataclass(frozen=True, slots=True)
class MorphoBlue:
    """What to read: the ids of markets that lend one asset, and the address of Morpho."""

    markets: tuple[str, ...]
    morpho: str = MORPHO

    @property
    def target(self) -> str:
        """The contract that must be there."""
        return self.morpho

    def read(
        self, reader: Reader, *, span: Span, accounts: Sequence[str] | None, quote: str
    ) -> Venue:
        """Return the markets' venue at the reader's block.

        Args:
            span: where to look for events.
            accounts: read these instead of those that events name.
            quote: name of the loan asset; "" is its symbol.
        """
        return read_morpho(reader, self, span=span, accounts=accounts, quote=quote)


Names = tuple[str, str]


def read_morpho(
    reader: Reader, source: MorphoBlue, *, span: Span, accounts: Sequence[str] | None, quote: str
) -> Venue:
    """Return the venue of some markets; the arguments are those of `MorphoBlue.read`."""
    markets = _markets(reader, source)
    pairs = _pairs(reader, source, span=span, accounts=accounts)
    if not pairs:
        raise DataError(
            "no account was found", where=source.morpho, hint="look from an earlier block"
        )
    calls = [
        Call(source.morpho, POSITION, (bytes.fromhex(key[2:]), account)) for account, key in pairs
    ]
    positions = dict(zip(pairs, reader.ask(calls, "positions"), strict=True))
    quote = quote or markets[0].loan.symbol or "LOAN"
    labels = _labels(source.markets)
    names = _names(markets, quote, labels=labels)
    rows = [
        row
        for (account, key), position in positions.items()
        for market in markets
        if market.key == key
        for row in _rows(account, position, market=market, names=names[key], group=labels[key])
    ]
    return _venue(source, markets, names=names, rows=rows, quote=quote)


def _markets(reader: Reader, source: MorphoBlue) -> list[Market]:
    keys = [bytes.fromhex(key[2:]) for key in source.markets]
    params = reader.ask([Call(source.morpho, MARKET_PARAMS, (key,)) for key in keys], "markets")
    for key, words in zip(source.markets, params, strict=True):
        _check_params(key, words, first=params[0])
    stored = reader.ask([Call(source.morpho, MARKET, (key,)) for key in keys], "markets")
    prices = reader.ask([Call(words[2], PRICE) for words in params], "prices")
    tokens = read_tokens(reader, [one for words in params for one in words[:2]])
    rates = _rates(reader, params, stored=stored)
    return [
        Market(
            key,
            loan=tokens[2 * place],
            collateral=tokens[2 * place + 1],
            lltv_wad=params[place][4],
            price=prices[place],
            rate_wad=rates[place],
            totals=accrued(
                Totals(*stored[place]),
                rates[place],
                elapsed_s=reader.block.time_s - stored[place][4],
            ),
        )
        for place, key in enumerate(source.markets)
    ]


def _check_params(key: str, words: Sequence[Any], *, first: Sequence[Any]) -> None:
    if words[0] == ZERO_ADDRESS:
        raise DataError("there is no market of this id", where="--market", found=key)
    if ZERO_ADDRESS in words[1:3]:
        raise DataError("the market has no collateral or no oracle", where="--market", found=key)
    if words[0] != first[0]:
        raise DataError(
            "the markets lend two assets",
            where="--market",
            found=f"{first[0]} and {words[0]}",
            expected="markets of one loan asset in a case",
        )


def _rates(
    reader: Reader, params: Sequence[Sequence[Any]], *, stored: Sequence[Sequence[int]]
) -> list[int]:
    """Rates per second, wad; a market without a rate model has none."""
    places = [place for place, words in enumerate(params) if words[3] != ZERO_ADDRESS]
    calls = [Call(params[at][3], RATE, (tuple(params[at]), tuple(stored[at]))) for at in places]
    found = dict(zip(places, reader.ask(calls, "rates"), strict=True))
    return [found.get(place, 0) for place in range(len(params))]


def _pairs(
    reader: Reader, source: MorphoBlue, *, span: Span, accounts: Sequence[str] | None
) -> list[tuple[str, str]]:
    """Pairs of account and market that may have a position."""
    if accounts is not None:
        return [(account, key) for account in accounts for key in source.markets]
    places = {topic(event): place for event, place in ACCOUNT_TOPIC.items()}

    def pick(log: Mapping[str, Any]) -> Iterable[str]:
        words = log["topics"]
        yield f"{topic_address(words[places[words[0].lower()]])} {words[1].lower()}"

    wanted = Filter((source.morpho,), (tuple(places), source.markets), pick)
    names = scan(reader, wanted, span=span, what="events")
    pairs = {(name[:42], name[43:]) for name in names}
    paid = _fee_recipients(reader, source, span=span)
    return sorted(pairs | {(account, key) for account in paid for key in source.markets})


def _fee_recipients(reader: Reader, source: MorphoBlue, *, span: Span) -> set[str]:
    def pick(log: Mapping[str, Any]) -> Iterable[str]:
        yield topic_address(log["topics"][1])

    wanted = Filter((source.morpho,), ((topic(SET_FEE_RECIPIENT),),), pick)
    found = scan(reader, wanted, span=span, what="fee events")
    return (found | {reader.one(source.morpho, FEE_RECIPIENT)}) - {ZERO_ADDRESS}


def _labels(keys: Sequence[str]) -> dict[str, str]:
    """What tells markets apart: nothing for one alone, else the first digits of their ids."""
    if len(keys) == 1:
        return {keys[0]: ""}
    length = ID_DIGITS
    while len({key[:length] for key in keys}) < len(keys):
        length += 1
    return {key: key[:length] for key in keys}


def _names(markets: Sequence[Market], quote: str, *, labels: Mapping[str, str]) -> dict[str, Names]:
    """Names of loan and collateral by market."""
    names = {}
    for market in markets:
        (collateral,) = token_names([market.collateral], taken=[quote])
        suffix = f"-{labels[market.key]}" if labels[market.key] else ""
        names[market.key] = (f"{quote}{suffix}", f"{collateral}{suffix}")
    return names


def _rows(
    account: str, position: Sequence[int], *, market: Market, names: Names, group: str
) -> Iterable[Row]:
    supply_shares, borrow_shares, collateral = position
    loan_name, collateral_name = names
    lent = supplied(market.totals, supply_shares)
    debt = owed(market.totals, borrow_shares)
    if collateral:
        yield Row(account, collateral_name, collateral, group=group)
    if lent:
        yield Row(account, loan_name, lent, group=group)
    if debt:
        yield Row(account, loan_name, -debt, group=group)


def _venue(
    source: MorphoBlue,
    markets: Sequence[Market],
    *,
    names: Mapping[str, Names],
    rows: Sequence[Row],
    quote: str,
) -> Venue:
    listed, borrowed = sums(rows)
    assets: dict[str, Section] = {}
    decimals: dict[str, int] = {}
    prices: dict[str, str] = {}
    notes: list[str] = []
    for market in markets:
        loan, collateral = names[market.key]
        outside = outside_supply(
            market.totals.supply_assets,
            listed=listed.get(loan, 0),
            borrowed=borrowed.get(loan, 0),
        )
        assets[loan] = loan_section(market, outside=outside)
        assets[collateral] = collateral_section(market)
        decimals |= {loan: market.loan.decimals, collateral: market.collateral.decimals}
        prices[collateral] = collateral_price(market)
        if loan != quote:
            prices[loan] = "1"
        notes += rate_notes(market, loan)
    return Venue(
        name="morpho-blue",
        quote=quote,
        decimals=decimals,
        assets=assets,
        sections={"liquidation": liquidation_section()},
        rows=rows,
        prices=prices,
        notes=notes,
        facts={"morpho": source.morpho, "markets": _facts(markets, names)},
    )


def _facts(markets: Sequence[Market], names: Mapping[str, Names]) -> dict[str, Any]:
    return {
        market.key: {
            "loan": names[market.key][0],
            "collateral": names[market.key][1],
            "loan_token": market.loan.address,
            "collateral_token": market.collateral.address,
            "lltv": str(market.lltv_wad),
            "price": str(market.price),
            "borrow_rate_per_second": str(market.rate_wad),
            "total_supply_assets": str(market.totals.supply_assets),
            "total_borrow_assets": str(market.totals.borrow_assets),
        }
        for market in markets
    }
