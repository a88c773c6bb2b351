"""Answers of the API about accounts, liquidations and what could happen."""

from pydantic import Field

from trimtab.apps.service.schemas import Answer, Moment, Price, Ratio, Units, Value


class AccountRow(Answer):
    """One account in a list, exactly."""

    key: str
    account: str
    group: str
    health_factor: Ratio | None
    collateral: Value
    debt: Value
    equity: Value
    leverage: Ratio | None
    distance: Ratio
    liquidatable: bool
    binding: str
    unsafe_since: Moment | None


class AccountPage(Answer):
    """One page of a list; `total` accounts were chosen."""

    as_of: Moment
    version: int
    quote: str
    total: int
    offset: int
    accounts: list[AccountRow]


class Explained(Answer):
    """An account as the engine explains it."""

    account: str
    group: str
    health_factor: Ratio | None = Field(description="null without a debt")
    equity: Value
    collateral: Value
    weighted_collateral: Value
    debt: Value
    weighted_debt: Value
    leverage: Ratio | None
    excess_initial: Value
    excess_liquidation_end: Value
    excess_maintenance: Value
    liquidatable: bool
    binding: str = Field(description="the strictest promise the account breaks, or none")
    liquidation_price: dict[str, Price] = Field(description="by asset, all other prices held")
    liquidation_side: dict[str, str] = Field(description="by asset: unsafe below, or above")
    distance: Ratio = Field(description="joint fall of all but the quote to the edge; 1 is never")
    unrealized_pnl: Value
    notional: Value
    requirement: Value
    distance_up: Ratio | None
    withdrawable: dict[str, Units]
    borrowable: dict[str, Units]


class Balance(Answer):
    """What an account holds and owes of one asset, and the weights under which it counts."""

    asset: str
    supplied: Units
    owed: Units
    price: Price | None
    supplied_value: Value | None
    owed_value: Value | None
    initial_weight: Ratio
    maintenance_weight: Ratio
    liability_weight: Ratio


class PositionRow(Answer):
    """One position, with its place in the order of deleveraging (1 is cut first)."""

    market: str
    size: Units
    entry_price: Price | None
    mark_price: Price | None
    notional: Value
    unrealized_pnl: Value
    initial_requirement: Value
    maintenance_requirement: Value
    liquidation_price: Price | None
    bankruptcy_price: Price | None
    adl_rank: int | None
    adl_among: int | None


class AccountView(Explained):
    """One account whole."""

    as_of: Moment
    version: int
    quote: str
    key: str
    unsafe_since: Moment | None
    in_liquidation: bool
    restricted: bool
    category: str
    called_at: Moment | None
    balances: list[Balance]
    positions: list[PositionRow]


class OfferRow(Answer):
    """The best pair of an unsafe account for a keeper."""

    debt: str
    collateral: str
    repay: Units
    cost: Value
    gain: Value
    wanted: bool = Field(description="whether it pays for gas and the least profit")


class QueuedRow(Answer):
    """An unsafe account: since when, and when keepers reach it."""

    key: str
    since: Moment
    due: Moment
    is_due: bool
    health_factor: Ratio | None
    debt: Value
    collateral: Value
    equity: Value
    in_liquidation: bool
    best_offer: OfferRow | None


class Queue(Answer):
    """Who is unsafe, in the order in which keepers reach them."""

    as_of: Moment
    version: int
    quote: str
    total: int
    mechanism: str
    accounts: list[QueuedRow]


class AuctionRow(Answer):
    """One running auction with its price now."""

    auction: str
    account: str
    collateral: str
    debt: str
    lot: Units
    owed: Units
    penalty: Units
    price: Price
    oracle_price: Price | None
    start_price: Price
    floor_price: Price
    started: Moment
    expired: bool


class Auctions(Answer):
    """All running auctions."""

    as_of: Moment
    quote: str
    auctions: list[AuctionRow]


class ClusterRow(Answer):
    """What becomes liquidatable as the price falls from `ratio_to` to `ratio_from` of now."""

    ratio_from: Ratio
    ratio_to: Ratio
    price_from: Price | None
    price_to: Price | None
    debt: Value
    collateral: Value


class Clusters(Answer):
    """Where liquidations lie along a falling price; `asset` null is all but the quote together."""

    as_of: Moment
    version: int
    quote: str
    asset: str | None
    price: Price | None
    buckets: list[ClusterRow]


class Ranks(Answer):
    """The order of deleveraging of one market, the first to be cut first."""

    as_of: Moment
    market: str
    policy: str
    longs: list[str]
    shorts: list[str]
    longs_total: int
    shorts_total: int


class Tried(Answer):
    """What the engine says to a command that was tried."""

    accepted: bool
    reason: str | None
    data: dict[str, str] = Field(
        description="the numbers that decided a refusal, in whole units, quote and plain numbers"
    )


class BeforeAfter(Answer):
    """One account before and after."""

    key: str
    before: Explained
    after: Explained


class ShortRow(Answer):
    """An account that would be unsafe."""

    key: str
    health_factor: Ratio | None
    debt: Value
    collateral: Value
    equity: Value


class WhatIfAnswer(Answer):
    """Health and liquidation prices before and after, and who would be liquidatable."""

    as_of: Moment
    version: int
    quote: str
    prices_before: dict[str, Price | None]
    prices_after: dict[str, Price | None]
    actions: list[Tried]
    accounts: list[BeforeAfter]
    unsafe_before: int
    unsafe_after: int
    unsafe_debt_after: Value
    newly_unsafe: list[ShortRow]
    newly_unsafe_total: int
    newly_safe: list[str]
    newly_safe_total: int


class PreTradeAnswer(Answer):
    """Whether the venue would accept an action now, and how the account would stand."""

    as_of: Moment
    quote: str
    result: Tried
    before: Explained
    after: Explained
