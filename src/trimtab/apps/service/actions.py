"""Requests as the API takes them, and the commands that they mean: decimal text to native units."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from trimtab.model import Command, Rules, contract_decimals
from trimtab.model import commands as c
from trimtab.units import DataError, parse_decimal

NAME_MAX = 200
Name = Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
Decimal = Annotated[str, Field(max_length=100, examples=["1.5"])]


class Request(BaseModel):
    """What every request is: closed, so that a slip of the pen is told."""

    model_config = ConfigDict(extra="forbid")


class BalanceAction(Request):
    """Move an asset in or out of an account: whole units as decimal text; `amount` null is all."""

    kind: Literal["deposit", "withdraw", "borrow", "repay"]
    account: Name
    asset: Name
    amount: Decimal | None = None


class TransferAction(Request):
    """Move collateral between sub-accounts; `amount` null is all."""

    kind: Literal["transfer"]
    account: Name
    target: Name
    asset: Name
    amount: Decimal | None = None


class CategoryAction(Request):
    """Enter a category of correlated assets, or leave it (empty)."""

    kind: Literal["set_category"]
    account: Name
    category: Annotated[str, Field(max_length=NAME_MAX)] = ""


class TradeAction(Request):
    """A fill: the taker buys `size` contracts (negative: sells) from the maker, price in quote."""

    kind: Literal["trade"]
    market: Name
    account: Name = Field(description="the taker")
    maker: Name
    size: Decimal
    price: Decimal


class LeverageAction(Request):
    """A higher initial rate (plain number) that an account asks of itself; 0 takes it back."""

    kind: Literal["set_leverage"]
    account: Name
    market: Name
    initial: Decimal


class SettleAction(Request):
    """Pay what an account has lost in a market to it, or what it has won and closed from it."""

    kind: Literal["settle"]
    account: Name
    market: Name


class LiquidateAction(Request):
    """Repay debt of an unsafe account for its collateral; `repay` null is as much as allowed."""

    kind: Literal["liquidate"]
    account: Name
    debt: Name
    collateral: Name
    liquidator: Name
    repay: Decimal | None = None


class TakeAuctionAction(Request):
    """Buy at most `amount` of a lot, at no more than `max_price` (quote per whole unit)."""

    kind: Literal["take_auction"]
    auction: Name
    account: Name = Field(description="the taker")
    asset: Name = Field(description="the lot's asset")
    amount: Decimal
    max_price: Decimal


Action = Annotated[
    BalanceAction
    | TransferAction
    | CategoryAction
    | TradeAction
    | LeverageAction
    | SettleAction
    | LiquidateAction
    | TakeAuctionAction,
    Field(discriminator="kind"),
]


def command_of(action: Action, rules: Rules, *, at_ns: int) -> Command:
    """The command that an action means.

    Raises:
        DataError: an unknown asset or market, or a text that is no amount of it.
    """
    match action:
        case BalanceAction():
            return _balance(action, rules, at_ns=at_ns)
        case TransferAction():
            amount = _amount(action.amount, action.asset, rules=rules)
            return c.Transfer(at_ns, action.account, action.target, action.asset, amount)
        case CategoryAction():
            return c.SetCategory(at_ns, action.account, action.category)
        case TradeAction():
            size = _size(action.size, action.market, rules=rules)
            price = wad(action.price, "price")
            return c.Trade(at_ns, action.market, action.account, action.maker, size, price)
        case LeverageAction():
            initial = wad(action.initial, "initial")
            return c.SetLeverage(at_ns, action.account, action.market, initial)
        case SettleAction():
            return c.Settle(at_ns, action.account, action.market)
        case LiquidateAction():
            return _liquidation(action, rules, at_ns=at_ns)
        case TakeAuctionAction():
            return _taking(action, rules, at_ns=at_ns)
    raise AssertionError("the union is closed")


def _balance(action: BalanceAction, rules: Rules, *, at_ns: int) -> Command:
    amount = _amount(action.amount, action.asset, rules=rules)
    account, asset = action.account, action.asset
    if action.kind == "withdraw":
        return c.Withdraw(at_ns, account, asset, amount)
    if action.kind == "repay":
        return c.Repay(at_ns, account, asset, amount)
    if amount is None:
        raise DataError(f"a {action.kind} has an amount", column="amount", expected="decimal text")
    if action.kind == "deposit":
        return c.Deposit(at_ns, account, asset, amount)
    return c.Borrow(at_ns, account, asset, amount)


def _liquidation(action: LiquidateAction, rules: Rules, *, at_ns: int) -> Command:
    repay = _amount(action.repay, action.debt, rules=rules)
    pair = (action.debt, action.collateral)
    return c.Liquidate(at_ns, action.account, *pair, action.liquidator, repay=repay)


def _taking(action: TakeAuctionAction, rules: Rules, *, at_ns: int) -> Command:
    amount = _amount(action.amount, action.asset, rules=rules)
    assert amount is not None, "an amount was given"
    most = wad(action.max_price, "max_price")
    return c.TakeAuction(at_ns, action.auction, amount, most, action.account)


def _amount(text: str | None, asset: str, *, rules: Rules) -> int | None:
    found = rules.assets.get(asset)
    if found is None:
        expected = ", ".join(sorted(rules.assets))
        raise DataError("there is no such asset", column="asset", found=asset, expected=expected)
    return None if text is None else parse_decimal(text, found.decimals)


def _size(text: str, market: str, *, rules: Rules) -> int:
    found = rules.markets.get(market)
    if found is None:
        expected = ", ".join(sorted(rules.markets)) or "no market at all"
        raise DataError("there is no such market", column="market", found=market, expected=expected)
    return parse_decimal(text, contract_decimals(rules, found))


def wad(text: str, column: str) -> int:
    """Decimal text as a wad, at least 0.

    Raises:
        DataError: no such number.
    """
    number = parse_decimal(text, 18)
    if number < 0:
        raise DataError("the number is negative", column=column, found=text, expected="0 or more")
    return number
