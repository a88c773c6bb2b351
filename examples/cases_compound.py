"""Compound v2 in August 2020: 143 accounts that nobody found worth liquidating."""

from decimal import Decimal
from pathlib import Path

from case_files import BuiltCase, lines, percent, plain, quotient, table, total

ACCOUNTS = "accounts/compound_v2_accounts_2020-08.csv.gz"
AT = "2020-08-15T00:00:00Z"

# The source gives collateral already weighted. A seizure needs the collateral itself, so it is
# divided by the collateral factor of most of Compound's assets; health does not depend on it.
COLLATERAL_FACTOR = Decimal("0.75")
DECIMALS = 30

RULES = f"""\
# Compound v2 of August 2020 in aggregates: all collateral of an account is one asset, all debt
# another, both in ETH at a price of 1.

[venue]
name = "compound-2020-08"
quote = "ETH"

[assets.COLLATERAL]
decimals = {DECIMALS}
max_ltv = {COLLATERAL_FACTOR}
liquidation_threshold = {COLLATERAL_FACTOR}
liquidation_bonus = 0.08
borrowable = false

[assets.DEBT]
decimals = {DECIMALS}

[liquidation]
sizing = "close_factor"
close_factor = 0.5
full_close_health = 0
spiral = "allow"

[replay]
gas_cost = 0.02                       # 400,000 gas at 50 gwei, low for that month
"""


def compound_2020_08(data: Path) -> BuiltCase:
    """The 143 underwater accounts by their totals, with a cost of gas per liquidation."""
    totals: dict[str, tuple[str, str]] = {}
    for row in table(data / ACCOUNTS):
        pair = (row["total_collateral_eth"], row["total_borrow_eth"])
        if totals.setdefault(row["account"], pair) != pair:
            raise ValueError(f"{row['account']}: two totals in one file, {pair}")
    rows = []
    for account, (weighted, borrowed) in sorted(totals.items()):
        collateral = quotient(Decimal(weighted), COLLATERAL_FACTOR, places=DECIMALS)
        if collateral:
            rows.append(f"{account},COLLATERAL,{plain(collateral)}")
        if Decimal(borrowed):
            rows.append(f"{account},DEBT,-{borrowed}")
    weighted_sum = total(Decimal(weighted) for weighted, _ in totals.values())
    debt_sum = total(Decimal(borrowed) for _, borrowed in totals.values())
    bare = total(
        Decimal(borrowed) for weighted, borrowed in totals.values() if not Decimal(weighted)
    )
    files = {
        "rules.toml": RULES,
        "book.csv": lines("account,instrument,quantity", rows),
        "prices.csv": lines("timestamp,asset,price", [f"{AT},COLLATERAL,1", f"{AT},DEBT,1"]),
    }
    notes = [
        f"{len(totals)} accounts; weighted collateral {weighted_sum:.6f} ETH, debt "
        f"{debt_sum:.6f} ETH; {percent(bare, debt_sum)} of the debt has no collateral at all.",
        f"Collateral is the source's weighted total divided by {COLLATERAL_FACTOR}, rounded at "
        f"{DECIMALS} places; debt is the source's text.",
        "The day is approximate (the source says August 2020); one tick, all prices 1 ETH.",
        "At a bonus of 8 % on at most half of the debt, few of these pay for 0.02 ETH of gas.",
    ]
    return BuiltCase("compound-2020-08", files, notes)
