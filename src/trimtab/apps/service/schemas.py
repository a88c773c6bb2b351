"""Answers of the API about the venue as a whole. Times are ISO 8601 UTC.

Amounts are decimal text, never floats: values in the venue's `quote`, balances in whole units of
the asset named beside them, prices in quote per whole unit, ratios as numbers (1.05 is 105 %).
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Value = Annotated[str, Field(description="decimal text, in the venue's quote")]
Ratio = Annotated[str, Field(description="decimal text, a plain number: 1.05 is 105 %")]
Units = Annotated[str, Field(description="decimal text, whole units of the asset named beside it")]
Price = Annotated[str, Field(description="decimal text, quote per whole unit")]
Seconds = Annotated[str, Field(description="decimal text, seconds")]
Moment = Annotated[str, Field(description="ISO 8601, UTC", examples=["2020-03-12T10:40:00Z"])]


class Answer(BaseModel):
    """What every answer is: closed, so that a field is documented or not there."""

    model_config = ConfigDict(extra="forbid")


class Problem(Answer):
    """Why a request was refused: one clear line, and a closed word for programs."""

    error: str = Field(description="a closed word, as in unknown_account or too_many_requests")
    message: str = Field(description="where, what was found, what was expected, what to do")


class Bucket(Answer):
    """Accounts with debt between two healths; the last bucket is open."""

    health_from: Ratio
    health_to: Ratio | None
    accounts: int
    debt: Value


class Market(Answer):
    """What stands open in one derivatives market."""

    market: str
    mark_price: Price | None
    long: Units
    short: Units
    funding_rate: Ratio


class Overview(Answer):
    """The venue in one page. Totals are estimates to micro-units; decisions never use them."""

    venue: str
    quote: str
    as_of: Moment
    version: int = Field(description="rises by one whenever readers are shown something new")
    journal_number: int = Field(description="last durable entry that is shown")
    acting: bool = Field(description="whether the service sends its own keepers' commands")
    accounts: int
    accounts_with_debt: int
    collateral: Value
    debt: Value
    equity: Value
    aggregate_leverage: Ratio | None
    debt_over_collateral: Ratio | None
    debt_at_risk: Value
    debt_at_risk_below_health: Ratio
    shortfall: Value = Field(description="sum of negative equity")
    unsafe_accounts: int
    unsafe_debt: Value
    health_histogram: list[Bucket]
    breaker_level: int = Field(description="0 open to 3 all but prices and repayments")
    insurance: Value
    backstop: Value
    liquidations: int
    repaid: Value
    seized: Value
    bad_debt: Value
    prices: dict[str, Price | None]
    markets: list[Market]


class Fund(Answer):
    """A fund of the venue."""

    value: Value
    holdings: dict[str, Units]


class PoolRow(Answer):
    """One asset's ledger: cash + borrowed + deficit = supplied + reserves + minted."""

    asset: str
    cash: Units
    supplied: Units
    borrowed: Units
    reserves: Units
    minted: Units
    deficit: Units


class Funds(Answer):
    """The funds that pay losses, and the pools beside them."""

    as_of: Moment
    quote: str
    insurance: Fund
    backstop: Fund
    pools: list[PoolRow]


class EventRow(Answer):
    """One event of the venue, numbered since the service began."""

    number: int
    at: Moment
    source: str = Field(description="who sent the command; @policy is the service's own keepers")
    kind: str
    account: str | None
    asset: str | None
    quantity: Units | None
    price: Price | None
    value: Value | None
    payer: str | None
    reason: str | None


class Events(Answer):
    """Latest events, oldest first; ask again with `after` = `last`.

    Numbers begin anew with the service: a `last` below what was asked for says that it has.
    """

    as_of: Moment
    last: int = Field(description="the last event here; of an empty page, the last that was seen")
    events: list[EventRow]


class PayerRow(Answer):
    """What one payer of the waterfall has paid since the service began."""

    payer: str
    paid: Value


class Waterfall(Answer):
    """Losses since the service began, by payer in order, and the latest ones."""

    as_of: Moment
    quote: str
    bad_debt: Value
    payers: list[PayerRow]
    open_deficits: dict[str, Units]
    losses: list[EventRow]


class SourcePrice(Answer):
    """What one source last said of an asset."""

    source: str
    price: Price
    confidence: Price
    published: Moment
    age_seconds: Seconds


class OracleRow(Answer):
    """One asset's accepted price and what stands behind it."""

    asset: str
    price: Price | None
    age_seconds: Seconds | None = Field(description="by the service's clock")
    old: bool = Field(description="older than the rules allow; without such a rule, than an hour")
    stable_price: Price | None
    refused_in_a_row: int
    underlying: str | None
    sources: list[SourcePrice]


class FeedRow(Answer):
    """One source of commands as the service has seen it, or a feed that has sent nothing yet."""

    source: str
    state: str = Field(description="in words: speaking, silent, or what its feed says of itself")
    problem: str = Field(description="why its feed is not heard; empty where nothing is wrong")
    seen: Moment | None
    age_seconds: Seconds | None
    stuck: bool
    last_number: int | None
    taken: int
    duplicates: int
    reordered: int
    dropped: int
    gaps: int
    missing_from: int | None
    missing_to: int | None


class Oracle(Answer):
    """Prices of all assets, and the sources of commands."""

    as_of: Moment
    quote: str
    assets: list[OracleRow]
    feeds: list[FeedRow]


class Trip(Answer):
    """A level that a rule tripped, and when it resets by itself."""

    cause: str
    level: int
    until: Moment


class Breakers(Answer):
    """The circuit breaker."""

    as_of: Moment
    level: int
    operator_level: int
    trips: list[Trip]
    meaning: str


class Status(Answer):
    """Whether the service runs, and how."""

    status: str = Field(description="ok, degraded (see problems), or why no work is taken")
    problems: list[str] = Field(description="feeds that are not heard, prices that are old")
    notices: list[str] = Field(description="leaps of the venue's time by more than a day")
    as_of: Moment
    acting: bool
    journal_number: int
    queue: int = Field(description="units of work that wait")
    queue_capacity: int
    clock_behind_seconds: Seconds = Field(description="how far the clock lies behind the venue")
    stuck_sources: list[str]
    feeds: list[str]
