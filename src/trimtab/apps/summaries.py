"""Results as the documents and tables that other programs rely on.

What each holds stands in docs/guides/read-the-outputs.md. Numbers that must be exact are decimal
strings; metrics are floats.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from trimtab.model import Explanation, Level, Payer, Rules, account_key, contract_decimals
from trimtab.simulation import Change, ReplayRun, Standing, TimedEvent
from trimtab.units import Time, format_decimal

REPLAY_SCHEMA = "trimtab.replay/1"
HEALTH_SCHEMA = "trimtab.health/1"
WAD_DECIMALS = 18
ACCOUNT_ANSWERS = (
    "account",
    "group",
    "health_factor",
    "equity",
    "collateral",
    "weighted_collateral",
    "debt",
    "weighted_debt",
    "leverage",
    "excess_initial",
    "excess_liquidation_end",
    "excess_maintenance",
    "liquidatable",
    "binding",
    "liquidation_price",
    "liquidation_side",
    "distance",
    "unrealized_pnl",
    "notional",
    "requirement",
    "distance_up",
    "withdrawable",
    "borrowable",
)
POSITION_ANSWERS = (
    *("market", "size", "entry_price", "mark_price", "notional", "unrealized_pnl"),
    *("initial_requirement", "maintenance_requirement", "liquidation_price"),
    *("bankruptcy_price", "adl_rank", "adl_among"),
)
ASSET_ANSWERS = ("liquidation_price", "liquidation_side", "withdrawable", "borrowable")


def wad_text(value: int | None) -> str | None:
    """A wad as exact decimal text; None stays None."""
    return None if value is None else format_decimal(value, WAD_DECIMALS)


def versions() -> dict[str, str]:
    """Versions of what computed a result."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    found = {name: version(name) for name in ("trimtab", "numpy", "duckdb")}
    return {"python": python, **found}


def replay_summary(run: ReplayRun) -> dict[str, Any]:
    """`summary.json` of a replay."""
    tally, ticks = run.tally, run.case.ticks
    return {
        "schema": REPLAY_SCHEMA,
        "venue": run.case.rules.venue,
        "quote": run.case.rules.quote,
        "from": Time(ticks[0].at_ns).text(),
        "to": Time(ticks[-1].at_ns).text(),
        "accounts": len(run.metrics.screen.listed),
        "steps": len(ticks),
        "liquidations": tally.liquidations,
        "repaid_value": wad_text(tally.repaid_wad),
        "seized_value": wad_text(tally.seized_wad),
        "bonus_value": wad_text(tally.bonus_wad),
        "fee_value": wad_text(tally.fee_wad),
        "bad_debt_value": wad_text(tally.bad_debt_wad),
        **{f"{payer}_value": wad_text(tally.loss_wad[payer]) for payer in Payer},
        "position_liquidations": tally.position_liquidations,
        "closed_value": wad_text(tally.closed_wad),
        "deleveragings": tally.deleveragings,
        "deleveraged_value": wad_text(tally.deleveraged_wad),
        "prices_refused": tally.prices_refused,
        "breaker_trips": tally.trips,
        "backstop_transfers": tally.backstop_transfers,
        "margin_calls": tally.margin_calls,
        "unsafe_at_end": len(run.unwanted),
        "unsafe_debt_value": wad_text(sum(run.unwanted.values())),
        "conserved": run.conserved,
        "state_hash": run.state_hash,
        "seed": run.seed,
        "versions": versions(),
        "inputs": dict(run.case.input_hashes or {}),
    }


def event_columns(events: Sequence[TimedEvent], rules: Rules) -> dict[str, list[Any]]:
    """The events table, column by column: exact numbers as decimal text, None where empty."""
    places = {name: asset.decimals for name, asset in rules.assets.items()}
    places |= {name: contract_decimals(rules, market) for name, market in rules.markets.items()}

    def amount(asset: str, quantity: int) -> str | None:
        if not quantity or asset not in places:
            return None
        return format_decimal(quantity, places[asset])

    return {
        "timestamp": [timed.at_ns for timed in events],
        "seq": [timed.seq for timed in events],
        "account": [timed.event.account or None for timed in events],
        "kind": [str(timed.event.kind) for timed in events],
        "asset": [timed.event.asset or None for timed in events],
        "quantity": [amount(timed.event.asset, timed.event.quantity) for timed in events],
        "price": [wad_text(timed.event.price or None) for timed in events],
        "value": [wad_text(timed.event.value or None) for timed in events],
        "payer": [str(timed.event.payer) if timed.event.payer else None for timed in events],
        "reason": [timed.event.reason or None for timed in events],
        "state_hash": [timed.state_hash or None for timed in events],
    }


def metric_columns(run: ReplayRun) -> dict[str, list[Any]]:
    """The metrics table: one row a price step, floats."""
    steps = list(range(len(run.metrics.at_ns)))
    # Where nobody owes, the histogram of debts holds whole zeros; a column has one type.
    columns = {
        name: [float(cell) for cell in column] for name, column in run.metrics.columns.items()
    }
    return {"timestamp": list(run.metrics.at_ns), "step": steps, **columns}


def health_document(
    found: Standing, accounts: Sequence[Explanation], *, changes: Sequence[Change] | None = None
) -> dict[str, Any]:
    """`trimtab.health/1`: totals of the whole book, and the accounts asked for."""
    document: dict[str, Any] = {
        "schema": HEALTH_SCHEMA,
        "venue": found.case.rules.venue,
        "quote": found.case.rules.quote,
        "as_of": Time(found.as_of_ns).text(),
        "totals": health_totals(found),
        "accounts": [
            account_document(account, found.case.rules)
            | {"positions": position_documents(found, account)}
            for account in accounts
        ],
        "versions": versions(),
        "inputs": dict(found.case.input_hashes or {}),
    }
    if changes is not None:
        document["against"] = {
            "newly_liquidatable": len(changes),
            "debt": wad_text(sum(change.debt_wad for change in changes)),
            "missing": wad_text(sum(change.missing_wad for change in changes)),
            "accounts": [
                {
                    "account": change.account,
                    "debt": wad_text(change.debt_wad),
                    "missing": wad_text(change.missing_wad),
                }
                for change in changes
            ],
        }
    return document


def health_totals(found: Standing) -> dict[str, Any]:
    """Totals of every account of the book."""
    unsafe = [account for account in found.accounts if account.liquidatable]
    debt = sum(account.debt_wad for account in found.accounts)
    collateral = sum(account.collateral_wad for account in found.accounts)
    shortfall = sum(max(0, -account.equity_wad) for account in found.accounts)
    return {
        "accounts": len(found.accounts),
        "accounts_with_debt": sum(account.debt_wad > 0 for account in found.accounts),
        "collateral": wad_text(collateral),
        "debt": wad_text(debt),
        "notional": wad_text(sum(account.notional_wad for account in found.accounts)),
        "equity": wad_text(sum(account.equity_wad for account in found.accounts)),
        "liquidatable": len(unsafe),
        "liquidatable_debt": wad_text(sum(account.debt_wad for account in unsafe)),
        "shortfall": wad_text(shortfall),
    }


def account_document(account: Explanation, rules: Rules) -> dict[str, Any]:
    """One account as it explains itself."""

    def amounts(native: Mapping[str, int]) -> dict[str, str]:
        return {
            asset: format_decimal(amount, rules.assets[asset].decimals)
            for asset, amount in native.items()
        }

    return {
        "account": account.account,
        "group": account.group,
        "health_factor": wad_text(account.health_wad),
        "equity": wad_text(account.equity_wad),
        "collateral": wad_text(account.collateral_wad),
        "weighted_collateral": wad_text(account.weighted_collateral_wad),
        "debt": wad_text(account.debt_wad),
        "weighted_debt": wad_text(account.weighted_debt_wad),
        "leverage": wad_text(account.leverage_wad),
        "excess_initial": wad_text(account.excess_wad[Level.INITIAL]),
        "excess_liquidation_end": wad_text(account.excess_wad[Level.LIQUIDATION_END]),
        "excess_maintenance": wad_text(account.excess_wad[Level.MAINTENANCE]),
        "liquidatable": account.liquidatable,
        "binding": account.binding,
        "liquidation_price": {
            asset: wad_text(price) for asset, price in account.liquidation_price_wad.items()
        },
        "liquidation_side": dict(account.liquidation_side),
        "distance": wad_text(account.distance_wad),
        "unrealized_pnl": wad_text(account.unrealized_pnl_wad),
        "notional": wad_text(account.notional_wad),
        "requirement": wad_text(account.requirement_wad),
        "distance_up": wad_text(account.distance_up_wad),
        "withdrawable": amounts(account.withdrawable),
        "borrowable": amounts(account.borrowable),
    }


def position_documents(found: Standing, account: Explanation) -> list[dict[str, Any]]:
    """The positions of one account as they explain themselves, with their rank in deleveraging."""
    rules, key = found.case.rules, account_key(account.account, account.group)
    documents = []
    for held in account.positions:
        decimals = contract_decimals(rules, rules.markets[held.market])
        rank = found.ranks.get((key, held.market))
        documents.append(
            {
                "market": held.market,
                "size": format_decimal(held.size, decimals),
                "entry_price": wad_text(held.entry_price_wad),
                "mark_price": wad_text(held.mark_price_wad),
                "notional": wad_text(held.notional_wad),
                "unrealized_pnl": wad_text(held.pnl_wad),
                "initial_requirement": wad_text(held.initial_wad),
                "maintenance_requirement": wad_text(held.maintenance_wad),
                "liquidation_price": wad_text(held.liquidation_price_wad),
                "bankruptcy_price": wad_text(held.bankruptcy_price_wad),
                "adl_rank": None if rank is None else rank.place,
                "adl_among": None if rank is None else rank.among,
            }
        )
    return documents


def position_table(found: Standing, accounts: Sequence[Explanation]) -> dict[str, list[Any]]:
    """Positions as columns, a row for each position of the accounts given."""
    table: dict[str, list[Any]] = {name: [] for name in ("account", "group", *POSITION_ANSWERS)}
    for account in accounts:
        for row in position_documents(found, account):
            named = {"account": account.account, "group": account.group, **row}
            for name, cell in named.items():
                table[name].append(cell)
    return table


def account_table(found: Standing, accounts: Sequence[Explanation]) -> dict[str, list[Any]]:
    """Accounts as columns: plain answers first, then per answer one column for each asset.

    The columns depend on the rules alone, whoever is chosen and however they stand.
    """
    rules = found.case.rules
    rows = [account_document(account, rules) for account in accounts]
    plain = [name for name in ACCOUNT_ANSWERS if name not in ASSET_ANSWERS]
    table = {name: [row[name] for row in rows] for name in plain}
    for name in ASSET_ANSWERS:
        for asset in rules.assets:
            table[f"{name}_{asset}"] = [row[name].get(asset) for row in rows]
    return table


def change_table(changes: Sequence[Change]) -> dict[str, list[Any]]:
    """Who becomes liquidatable under other rules, column by column, exact text."""
    return {
        "account": [change.account for change in changes],
        "debt": [wad_text(change.debt_wad) for change in changes],
        "missing": [wad_text(change.missing_wad) for change in changes],
    }
