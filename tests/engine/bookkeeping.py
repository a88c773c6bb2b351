"""Checks of what the state keeps beside balances: rules, isolated debt, running auctions."""

from __future__ import annotations

from tests.engine.move import Move, accounts
from trimtab.model import Table, commands


def rules_move_nothing(move: Move) -> None:
    """A rule change by itself makes no account unsafe and books no interest anew."""
    if not isinstance(move.command, commands.SetRules):
        return
    for was, pool in move.pools():
        assert was == pool, f"a rule change moved {was} to {pool}"
    for account in accounts(move.after):
        was, now = move.stood(account.key), move.stands(account.key)
        assert now.maintenance >= was.maintenance, f"I3 {account.key}: {was} -> {now}"
        assert now.weighted_debt <= was.weighted_debt, f"I3 {account.key}: {was} -> {now}"


def isolated_debt_is_counted(move: Move) -> None:
    """Debt against an isolated collateral is that of the accounts that hold it."""
    for name, rules in move.after[Table.RULES, ""].rules.assets.items():
        if not rules.isolated:
            continue
        total: dict[str, int] = {}
        for account in accounts(move.after):
            for debt, shares in account.debt.items() if name in account.supply else ():
                total[debt] = total.get(debt, 0) + shares
        found = move.after[Table.ISOLATION, name].debt_shares
        assert dict(found) == total, f"isolated {name}: {found}, expected {total}"


def auctions_are_counted(move: Move) -> None:
    """Every auction has its holder, and every account knows how many run for it."""
    running: dict[str, int] = {}
    for (table, key), auction in move.after.items():
        if table is Table.AUCTION:
            running[auction.account] = running.get(auction.account, 0) + 1
            assert (Table.ACCOUNT, f"@auction/{key}") in move.after, f"auction {key} has no holder"
    for account in accounts(move.after):
        assert account.auctions == running.get(account.key, 0), f"auctions of {account}"
