"""What a command gives: a change set with events, or a rejection with a closed reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from trimtab.model.state import Key, Record


class Reason(StrEnum):
    """Why a command was rejected. The list is closed."""

    ADL_NOT_DUE = "adl_not_due"
    ADL_TOO_LITTLE = "adl_too_little"
    AMOUNT_NOT_POSITIVE = "amount_not_positive"
    AMOUNT_TOO_LARGE = "amount_too_large"
    AMOUNT_TOO_SMALL = "amount_too_small"
    AUCTION_CURRENT = "auction_current"
    AUCTION_EXPIRED = "auction_expired"
    AUCTION_TOO_EXPENSIVE = "auction_too_expensive"
    BACKSTOP_TOO_SMALL = "backstop_too_small"
    BORROW_CAP = "borrow_cap"
    CALL_NOT_DUE = "call_not_due"
    CATEGORY = "category"
    DEBT_CEILING = "debt_ceiling"
    DUST = "dust"
    FLASH_PAYMENT_SHORT = "flash_payment_short"
    FUND_TOO_SMALL = "fund_too_small"
    HEALTHY = "healthy"
    INITIAL_MARGIN = "initial_margin"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    INSUFFICIENT_CASH = "insufficient_cash"
    ISOLATION = "isolation"
    LIQUIDATION_PACED = "liquidation_paced"
    NOT_BANKRUPT = "not_bankrupt"
    NOT_BORROWABLE = "not_borrowable"
    NOT_COUNTERPARTIES = "not_counterparties"
    NOTHING_TO_SETTLE = "nothing_to_settle"
    OPEN_INTEREST_CAP = "open_interest_cap"
    PAUSED = "paused"
    POOL_INSOLVENT = "pool_insolvent"
    POSITION_OPEN = "position_open"
    PRICE_BEYOND_LIMIT = "price_beyond_limit"
    PRICE_INVALID = "price_invalid"
    PRICE_MISSING = "price_missing"
    PRICE_STALE = "price_stale"
    RESTRICTED = "restricted"
    RULE_OUT_OF_BOUNDS = "rule_out_of_bounds"
    RULE_UNKNOWN = "rule_unknown"
    SELF_LIQUIDATION = "self_liquidation"
    SUPPLY_CAP = "supply_cap"
    TIME_BACKWARDS = "time_backwards"
    UNKNOWN_ACCOUNT = "unknown_account"
    UNKNOWN_ASSET = "unknown_asset"
    UNKNOWN_AUCTION = "unknown_auction"
    UNKNOWN_CATEGORY = "unknown_category"
    UNKNOWN_MARKET = "unknown_market"
    WINDOW_CAP = "window_cap"
    WITHDRAWAL_MARGIN = "withdrawal_margin"


class Payer(StrEnum):
    """Who pays a loss, always in this order."""

    OWN_MARGIN = "own_margin"
    PENALTY = "penalty"
    INSURANCE = "insurance"
    BACKSTOP = "backstop"
    ADL = "adl"
    SOCIALIZED = "socialized"


class EventKind(StrEnum):
    """What happened. The list is closed."""

    PRICE = "price"
    PRICE_REFUSED = "price_refused"
    MARK = "mark"
    EXCHANGE_RATE = "exchange_rate"
    RATE_CAPPED = "rate_capped"
    DEPOSIT = "deposit"
    WITHDRAW = "withdraw"
    BORROW = "borrow"
    REPAY = "repay"
    CATEGORY = "category"
    INTEREST = "interest"
    TRANSFER = "transfer"
    TRADE = "trade"
    TRADE_FEE = "trade_fee"
    ORDERS = "orders"
    LEVERAGE = "leverage"
    FUNDING_RATE = "funding_rate"
    FUNDING = "funding"
    REALIZED = "realized"
    UNSETTLED = "unsettled"
    LIQUIDATE_POSITION = "liquidate_position"
    DELEVERAGE = "deleverage"
    SEIZE = "seize"
    BONUS = "bonus"
    FEE = "fee"
    LIQUIDATE = "liquidate"
    RELEASE = "release"
    LOSS = "loss"
    SWAP_OUT = "swap_out"
    SWAP_IN = "swap_in"
    AUCTION_START = "auction_start"
    AUCTION_TAKE = "auction_take"
    AUCTION_RESET = "auction_reset"
    AUCTION_END = "auction_end"
    KEEPER_REWARD = "keeper_reward"
    BACKSTOP_TRANSFER = "backstop_transfer"
    CALL = "margin_call"
    CALL_EXPIRED = "margin_call_expired"
    CALL_MET = "margin_call_met"
    REDUCE = "reduce"
    FUND = "fund_deposit"
    RULE = "rule"
    PAUSE = "pause"
    RESUME = "resume"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the venue's history.

    `quantity` is in native units of `asset`, `price` in wad, `value` in wad of the quote.
    `flow` is what entered (+) or left (-) the venue, in native units: the sum of flows of an
    asset is its cash, to the last unit.
    """

    kind: EventKind
    account: str = ""
    asset: str = ""
    quantity: int = 0
    price: int = 0
    value: int = 0
    payer: Payer | None = None
    reason: str = ""
    flow: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """The records that a command replaces (None deletes), and its events in order."""

    changes: Mapping[Key, Record | None]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A refusal. Nothing has changed; `data` holds the numbers that decided."""

    reason: Reason
    data: Mapping[str, int | str]


Outcome = Accepted | Rejected
