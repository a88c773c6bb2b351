"""Positions of the users with per-asset tables, and the residual that the tables leave."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from case_files import EXACT, plain, product, quotient, scaled, table, total

ETH_DEBT = "accounts/aave_v2_steth_users_eth_debt_only.csv.gz"
STABLE_DEBT = "accounts/aave_v2_steth_users_stable_debt_per_asset.csv.gz"
MIXED = "accounts/aave_v2_steth_users_mixed_per_asset.csv.gz"

STABLES = ("USDC", "USDT", "DAI", "FEI", "TUSD", "sUSD", "USDP", "FRAX", "GUSD", "BUSD")
LISTED = (*STABLES, "WBTC")
STETH_THRESHOLD = Decimal("0.83")
# Not a column: inferred from the mixed users that hold stETH and WETH alone.
WETH_THRESHOLD = Decimal("0.86")

# Below this share of a user's total a difference is the rounding of the source's own floats.
ROUNDING = Decimal("1e-9")
# Above this share a table lists more than the user's total: a deposit that is not pledged.
UNPLEDGED = Decimal("1e-4")
THRESHOLD_MAX = Decimal("0.9")


@dataclass(frozen=True, slots=True)
class Deposit:
    """One pledged asset: quantity in whole units, value in ETH, threshold as a fraction."""

    asset: str
    quantity: str
    value: Decimal
    threshold: Decimal


@dataclass(slots=True)
class Book:
    """Rows of book.csv, prices in ETH of its assets, and what the builder has to declare."""

    rows: list[str] = field(default_factory=list)
    prices: dict[str, str] = field(default_factory=dict)
    collateral: Decimal = Decimal(0)
    debt: Decimal = Decimal(0)
    residual_collateral: Decimal = Decimal(0)
    residual_debt: Decimal = Decimal(0)
    residual_collateral_users: int = 0
    residual_debt_users: int = 0
    excess_collateral: Decimal = Decimal(0)
    excess_debt: Decimal = Decimal(0)
    deviations: list[Decimal] = field(default_factory=list)
    unpledged: list[tuple[str, str]] = field(default_factory=list)


def read_book(data: Path) -> Book:
    """The 1,034 users: listed positions at the source's prices, and the declared residual."""
    tables = [table(data / name) for name in (ETH_DEBT, STABLE_DEBT, MIXED)]
    users = [user for rows in tables for user in rows]
    steth = quotient(
        total(Decimal(user["collateral_steth_calc"]) for user in users),
        total(Decimal(user["amount"]) for user in users),
    )
    prices = {"stETH": plain(steth), "WETH": "1"}
    for asset in LISTED:
        prices[asset] = plain(scaled(tables[-1][0][f"{asset.lower()}_price"], 18))
    prices |= {"RESIDUAL_COLLATERAL": "1", "RESIDUAL_DEBT": "1"}
    book = Book()
    for user in users:
        _add_collateral(book, user, steth=steth)
        _add_debt(book, user)
    used = {row.split(",")[1] for row in book.rows}
    book.prices = {asset: price for asset, price in prices.items() if asset in used}
    return book


def _add_collateral(book: Book, user: dict[str, str], *, steth: Decimal) -> None:
    whole = Decimal(user["collateral"])
    aggregate = scaled(user["threshold"], 4)
    deposits = list(_deposits(user, steth))
    if _unexplained(deposits, whole) < -UNPLEDGED * whole:
        absent = _not_pledged(deposits, whole=whole, aggregate=aggregate)
        book.unpledged.append((user["user"], absent.asset))
        deposits.remove(absent)
    rest = _unexplained(deposits, whole)
    threshold = _residual_threshold(deposits, whole=whole, aggregate=aggregate)
    for deposit in deposits:
        book.rows.append(f"{user['user']},{deposit.asset},{deposit.quantity},")
    if rest > ROUNDING * whole:
        quantity = plain(quotient(rest, Decimal(1)))
        book.rows.append(f"{user['user']},RESIDUAL_COLLATERAL,{quantity},{plain(threshold)}")
        book.residual_collateral += rest
        book.residual_collateral_users += 1
    book.collateral += whole
    book.excess_collateral = max(book.excess_collateral, EXACT.divide(-rest, whole))
    book.deviations.append(_deviation(deposits, whole=whole, aggregate=aggregate))


def _add_debt(book: Book, user: dict[str, str]) -> None:
    whole = Decimal(user["debt"])
    listed = []
    if Decimal(user["ethdebt"]):
        book.rows.append(f"{user['user']},WETH,-{user['ethdebt']},")
        listed.append(Decimal(user["ethdebt"]))
    for asset in LISTED:
        key = asset.lower()
        if not Decimal(user.get(key, "0")):
            continue
        quantity = scaled(user[key], int(user[f"{key}_decimals"]))
        book.rows.append(f"{user['user']},{asset},-{plain(quantity)},")
        listed.append(product(quantity, scaled(user[f"{key}_price"], 18)))
    rest = EXACT.subtract(whole, total(listed))
    if rest > ROUNDING * whole:
        book.rows.append(f"{user['user']},RESIDUAL_DEBT,-{plain(quotient(rest, Decimal(1)))},")
        book.residual_debt += rest
        book.residual_debt_users += 1
    book.debt += whole
    book.excess_debt = max(book.excess_debt, EXACT.divide(-rest, whole))


def _deposits(user: dict[str, str], steth: Decimal) -> Iterator[Deposit]:
    amount = Decimal(user["amount"])
    yield Deposit("stETH", user["amount"], product(amount, steth), STETH_THRESHOLD)
    if Decimal(user.get("weth_collateral", "0")):
        quantity = scaled(user["weth_collateral"], 18)
        yield Deposit("WETH", plain(quantity), quantity, WETH_THRESHOLD)
    for asset in LISTED:
        key = asset.lower()
        if not Decimal(user.get(f"{key}_collateral", "0")):
            continue
        quantity = scaled(user[f"{key}_collateral"], int(user[f"{key}_decimals"]))
        value = product(quantity, scaled(user[f"{key}_price"], 18))
        yield Deposit(asset, plain(quantity), value, Decimal(user[f"{key}_threshold"]))


def _unexplained(deposits: list[Deposit], whole: Decimal) -> Decimal:
    return EXACT.subtract(whole, total(deposit.value for deposit in deposits))


def _weighted(deposits: list[Deposit]) -> Decimal:
    return total(product(deposit.value, deposit.threshold) for deposit in deposits)


def _residual_threshold(deposits: list[Deposit], *, whole: Decimal, aggregate: Decimal) -> Decimal:
    """What makes the user's aggregate come out; the aggregate itself where that is no threshold.

    aggregate = (sum listed value x threshold + residual x t) / whole, solved for t.
    """
    rest = _unexplained(deposits, whole)
    if rest <= ROUNDING * whole:
        return aggregate
    implied = quotient(EXACT.subtract(product(aggregate, whole), _weighted(deposits)), rest)
    return implied if 0 <= implied <= THRESHOLD_MAX else aggregate


def _deviation(deposits: list[Deposit], *, whole: Decimal, aggregate: Decimal) -> Decimal:
    rest = max(_unexplained(deposits, whole), Decimal(0))
    threshold = _residual_threshold(deposits, whole=whole, aggregate=aggregate)
    weighted = EXACT.add(_weighted(deposits), product(rest, threshold))
    value = EXACT.add(total(deposit.value for deposit in deposits), rest)
    return abs(EXACT.subtract(EXACT.divide(weighted, value), aggregate))


def _not_pledged(deposits: list[Deposit], *, whole: Decimal, aggregate: Decimal) -> Deposit:
    """The deposit without which total and threshold both come out, with the least residual."""

    def misfit(absent: Deposit) -> tuple[bool, Decimal]:
        kept = [deposit for deposit in deposits if deposit is not absent]
        rest = _unexplained(kept, whole)
        deviation = _deviation(kept, whole=whole, aggregate=aggregate)
        return rest < -UNPLEDGED * whole or deviation > UNPLEDGED, abs(rest)

    return min(deposits, key=misfit)
