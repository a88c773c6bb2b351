"""Commands: everything that can be asked of a venue. Times are ns UTC, amounts native units."""

from dataclasses import dataclass

from trimtab.model.market_commands import (
    Deleverage,
    LiquidatePosition,
    SetFunding,
    SetLeverage,
    SetOrders,
    Settle,
    SubmitMark,
    SubmitPrice,
    Trade,
)
from trimtab.model.venue_commands import FundDeposit, Pause, Resume, RuleChange, SetRules


@dataclass(frozen=True, slots=True)
class SetPrices:
    """One tick: new prices, in wad of the quote per whole asset."""

    at_ns: int
    prices: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class SetExchangeRate:
    """New redemption rate of a yield-bearing asset, in wad of its underlying."""

    at_ns: int
    asset: str
    rate_wad: int


@dataclass(frozen=True, slots=True)
class Deposit:
    """Supply `amount` of an asset; it counts as collateral at once."""

    at_ns: int
    account: str
    asset: str
    amount: int


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take out collateral; `amount` None means all of it."""

    at_ns: int
    account: str
    asset: str
    amount: int | None


@dataclass(frozen=True, slots=True)
class Borrow:
    """Take a loan of `amount`."""

    at_ns: int
    account: str
    asset: str
    amount: int


@dataclass(frozen=True, slots=True)
class Repay:
    """Pay back debt; `amount` None means all of it."""

    at_ns: int
    account: str
    asset: str
    amount: int | None


@dataclass(frozen=True, slots=True)
class Transfer:
    """Move collateral between sub-accounts of one account; `amount` None means all of it."""

    at_ns: int
    account: str
    target: str
    asset: str
    amount: int | None


@dataclass(frozen=True, slots=True)
class SetCategory:
    """Enter a category of correlated assets, or leave it (empty name)."""

    at_ns: int
    account: str
    category: str


@dataclass(frozen=True, slots=True)
class Accrue:
    """Book the interest of some pools up to now."""

    at_ns: int
    assets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Liquidate:
    """Repay debt of an unsafe account for its collateral at a bonus.

    `repay` None means as much as the rules allow. With `flash_payment` the collateral leaves
    before the payment arrives; the value is what the receiver's callback then returns, and a
    payment that falls short fails the whole command.
    """

    at_ns: int
    account: str
    debt: str
    collateral: str
    liquidator: str
    repay: int | None = None
    flash_payment: int | None = None


@dataclass(frozen=True, slots=True)
class StartAuction:
    """Put collateral of an unsafe account up for a debt of it."""

    at_ns: int
    account: str
    debt: str
    collateral: str
    keeper: str


@dataclass(frozen=True, slots=True)
class TakeAuction:
    """Buy at most `amount` of the lot at the auction's price, which may not exceed `max_wad`."""

    at_ns: int
    auction: str
    amount: int
    max_wad: int
    taker: str


@dataclass(frozen=True, slots=True)
class ResetAuction:
    """Start an expired auction's price again from the oracle price."""

    at_ns: int
    auction: str
    keeper: str


@dataclass(frozen=True, slots=True)
class TransferToBackstop:
    """Hand an unsafe account's whole position to the ring-fenced backstop."""

    at_ns: int
    account: str


@dataclass(frozen=True, slots=True)
class CloseOut:
    """Realize the bad debt of an account whose collateral is gone or dust."""

    at_ns: int
    account: str


@dataclass(frozen=True, slots=True)
class CallMargin:
    """Call an account between the initial and the maintenance level."""

    at_ns: int
    account: str


@dataclass(frozen=True, slots=True)
class ExpireCall:
    """End the grace period of a margin call that was not answered."""

    at_ns: int
    account: str


@dataclass(frozen=True, slots=True)
class Reduce:
    """After an expired call, close debt against collateral at par, to the initial level."""

    at_ns: int
    account: str
    debt: str
    collateral: str
    liquidator: str


Command = (
    SetPrices
    | SubmitPrice
    | SubmitMark
    | SetFunding
    | SetExchangeRate
    | Deposit
    | Withdraw
    | Borrow
    | Repay
    | Transfer
    | Trade
    | SetOrders
    | SetLeverage
    | Settle
    | SetCategory
    | Accrue
    | Liquidate
    | LiquidatePosition
    | Deleverage
    | StartAuction
    | TakeAuction
    | ResetAuction
    | TransferToBackstop
    | CloseOut
    | CallMargin
    | ExpireCall
    | Reduce
    | FundDeposit
    | SetRules
    | Pause
    | Resume
)

__all__ = [
    "Accrue",
    "Borrow",
    "CallMargin",
    "CloseOut",
    "Command",
    "Deleverage",
    "Deposit",
    "ExpireCall",
    "FundDeposit",
    "Liquidate",
    "LiquidatePosition",
    "Pause",
    "Reduce",
    "Repay",
    "ResetAuction",
    "Resume",
    "RuleChange",
    "SetCategory",
    "SetExchangeRate",
    "SetFunding",
    "SetLeverage",
    "SetOrders",
    "SetPrices",
    "SetRules",
    "Settle",
    "StartAuction",
    "SubmitMark",
    "SubmitPrice",
    "TakeAuction",
    "Trade",
    "Transfer",
    "TransferToBackstop",
    "Withdraw",
]
