"""Aave v2's holders of stETH in June 2023: in aggregates, and through two crashes."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from case_files import BuiltCase, lines, percent, plain, scaled, table, total
from price_history import gas_costs, hours, prices_in_eth, stamp
from steth_book import Book, read_book
from steth_rules import HEALTH_RULES, crash_rules

USERS = "accounts/aave_v2_steth_users.csv.gz"
AT = "2023-06-20T00:00:00Z"
GAS_UNITS = 500_000
STAND_IN = "USDC"


def steth_2023_health(data: Path) -> BuiltCase:
    """All 1,309 users by their totals, each with the threshold that the source states."""
    users = table(data / USERS)
    rows = []
    for user in users:
        threshold = plain(scaled(user["threshold"], 4))
        rows.append(f"{user['user']},COLLATERAL,{user['collateral']},{threshold}")
        rows.append(f"{user['user']},DEBT,-{user['debt']},")
    collateral = total(Decimal(user["collateral"]) for user in users)
    debt = total(Decimal(user["debt"]) for user in users)
    unsafe = sum(Decimal(user["healthf"]) < 1 for user in users)
    files = {
        "rules.toml": HEALTH_RULES,
        "book.csv": lines("account,instrument,quantity,liquidation_threshold", rows),
        "prices.csv": lines("timestamp,asset,price", [f"{AT},COLLATERAL,1", f"{AT},DEBT,1"]),
    }
    notes = [
        f"{len(users)} users; collateral {collateral:.6f} ETH, debt {debt:.6f} ETH; "
        f"{unsafe} of them below health 1.",
        "Quantities are the source's text; thresholds its basis points, exactly.",
        "The day is approximate (the source says about 2023-06-20); one tick, all prices 1 ETH.",
    ]
    return BuiltCase("steth-2023-health", files, notes)


def steth_2021_05(data: Path) -> BuiltCase:
    """The 1,034 users with per-asset tables through the crash of May 2021, with its gas."""
    start = datetime(2021, 5, 17, tzinfo=UTC)
    gas = gas_costs(data, "2021-05-19", gas_units=GAS_UNITS)
    gas_rows = [f"{stamp(start)},{gas[0][1]}", *(f"{at},{cost}" for at, cost in gas)]
    return _crash(
        "steth-2021-05",
        data,
        window=(start, datetime(2021, 5, 24, tzinfo=UTC)),
        gas_csv=lines("timestamp,gas_cost", gas_rows),
    )


def steth_2022_11(data: Path) -> BuiltCase:
    """The same users through the week of FTX's failure, with gas at 20 gwei."""
    window = (datetime(2022, 11, 5, tzinfo=UTC), datetime(2022, 11, 15, tzinfo=UTC))
    return _crash("steth-2022-11", data, window=window, gas_csv="")


def _crash(name: str, data: Path, *, window: tuple[datetime, datetime], gas_csv: str) -> BuiltCase:
    book = read_book(data)
    prices, absent = _price_rows(data, book, window=window)
    files = {
        "rules.toml": crash_rules(name, book.prices, gas_cost="" if gas_csv else "0.01"),
        "book.csv": lines("account,instrument,quantity,liquidation_threshold", book.rows),
        "prices.csv": lines("timestamp,asset,price", prices),
    }
    if gas_csv:
        files["gas.csv"] = gas_csv
    stand_in = [f"{asset} has no price at the start: {STAND_IN}'s stands in." for asset in absent]
    return BuiltCase(name, files, [*_book_notes(book), *_price_notes(prices), *stand_in])


def _price_rows(
    data: Path, book: Book, *, window: tuple[datetime, datetime]
) -> tuple[list[str], list[str]]:
    """Rows of prices.csv by hour and asset; and the assets for which another stands in."""
    start, end = window
    constant = [asset for asset in book.prices if asset.startswith("RESIDUAL")]
    moving = [asset for asset in book.prices if asset not in constant]
    series, absent = prices_in_eth(data, moving, start=start, end=end)
    series |= dict.fromkeys(absent, series[STAND_IN])
    series |= {asset: dict.fromkeys(hours(start, end), Decimal(1)) for asset in constant}
    rows = [
        f"{stamp(hour)},{asset},{plain(series[asset][hour])}"
        for hour in hours(start, end)
        for asset in book.prices
        if hour in series[asset]
    ]
    return rows, absent


def _price_notes(rows: list[str]) -> list[str]:
    """Range of the two series that decide, over their first row, to which rebase scales them."""
    notes = []
    for asset in ("stETH", "USDC"):
        series = [Decimal(row.split(",")[2]) for row in rows if row.split(",")[1] == asset]
        low, high = (percent(found, series[0]) for found in (min(series), max(series)))
        notes.append(f"{asset} in ETH: {low} to {high} of its first price, {len(series)} hours.")
    return notes


def _book_notes(book: Book) -> list[str]:
    users = len(book.deviations)
    near = sum(deviation < Decimal("0.0001") for deviation in book.deviations)
    unpledged = [
        f"Held and not pledged, hence left out: {asset} of {user} (the table's deposits exceed "
        "the user's collateral)."
        for user, asset in book.unpledged
    ]
    return [
        f"{users} users; collateral {book.collateral:.6f} ETH, debt {book.debt:.6f} ETH "
        "in the source's totals.",
        f"RESIDUAL_COLLATERAL, what the tables leave unexplained of the collateral: "
        f"{book.residual_collateral:.6f} ETH, {percent(book.residual_collateral, book.collateral)}"
        f" of it, {book.residual_collateral_users} users.",
        f"RESIDUAL_DEBT: {book.residual_debt:.6f} ETH, {percent(book.residual_debt, book.debt)} "
        f"of the debt, {book.residual_debt_users} users.",
        f"Listed beyond a user's total by reading at different blocks, at most: collateral "
        f"{book.excess_collateral:.2E}, debt {book.excess_debt:.2E} of the total.",
        f"Aggregate threshold of a user against the source's: largest deviation "
        f"{max(book.deviations):.6f}, within the basis point to which it is cut: "
        f"{near} of {users}.",
        *unpledged,
    ]
