"""Commands of governance and plain nonsense, made from one number."""

from __future__ import annotations

from trimtab.model import Command, RuleChange, commands
from trimtab.model.settings import PERCENT
from trimtab.units import UINT256_MAX, WAD

# Section, name, field, and targets from tame to impossible.
CHANGES = (
    ("assets", "ETH", "liquidation_threshold_wad", (70 * PERCENT, 80 * PERCENT, 2 * WAD)),
    ("assets", "ETH", "liquidation_end_wad", (65 * PERCENT, 78 * PERCENT, 95 * PERCENT)),
    ("assets", "ETH", "max_ltv_wad", (60 * PERCENT, 64 * PERCENT, 99 * PERCENT)),
    ("assets", "ETH", "liability_weight_wad", (WAD, WAD * 11 // 10, WAD * 2, 0)),
    ("assets", "ETH", "isolated", (1, 0)),
    ("assets", "CENT", "liquidation_threshold_wad", (68 * PERCENT, 75 * PERCENT)),
    ("assets", "CENT", "liquidation_bonus_wad", (5 * PERCENT, 12 * PERCENT, 31 * PERCENT)),
    ("assets", "USD", "base_rate_wad", (0, 5 * PERCENT, 10 * WAD, 11 * WAD)),
    ("assets", "USD", "reserve_factor_wad", (0, 50 * PERCENT, WAD)),
    ("assets", "USD", "borrowable", (1, 1, 2)),
    ("assets", "DAI", "base_rate_wad", (PERCENT, 9 * PERCENT, -1)),
    ("assets", "DAI", "mintable", (0,)),
    ("assets", "ISO", "liquidation_threshold_wad", (55 * PERCENT, 65 * PERCENT)),
    ("assets", "NONE", "liquidation_threshold_wad", (0,)),
    ("categories", "ether", "liquidation_threshold_wad", (91 * PERCENT, 95 * PERCENT)),
    ("categories", "ether", "max_ltv_wad", (80 * PERCENT, 90 * PERCENT)),
    ("liquidation", "", "target_health_wad", (WAD, 102 * PERCENT, 110 * PERCENT, 20 * WAD)),
    ("liquidation", "", "close_factor_wad", (30 * PERCENT, WAD, 0)),
    ("liquidation", "", "sizing", (1,)),
    ("margin_call", "", "grace_seconds", (60, 7200)),
    ("auction", "", "floor_multiplier_wad", (10 * PERCENT, 50 * PERCENT, WAD)),
    ("venue", "", "name", (1,)),
)


def rule_change(n: int, now_ns: int) -> Command:
    """One or two changes of rules, in bounds or not."""
    picked = [n % len(CHANGES)] + ([n // 5 % len(CHANGES)] if n % 3 == 0 else [])
    changes = []
    for index in picked:
        section, name, field, targets = CHANGES[index]
        changes.append(RuleChange(section, name, field, targets[n // 7 % len(targets)]))
    return commands.SetRules(now_ns, tuple(changes), "a try")


def nonsense(n: int, now_ns: int) -> Command:
    """A command that no venue should accept."""
    amount = (0, -1, UINT256_MAX + 1, -(10**30))[n % 4]
    nobody, anna = "nobody", "anna"
    made: tuple[Command, ...] = (
        commands.Deposit(now_ns, anna, "USD", amount),
        commands.Deposit(now_ns, anna, "NONE", 1),
        commands.Deposit(now_ns, "@auction/1", "ETH", 10**18),
        commands.Withdraw(now_ns, anna, "USD", amount),
        commands.Withdraw(now_ns, nobody, "USD", 1),
        commands.Withdraw(now_ns, "@auction/1", "ETH", 1),
        commands.Borrow(now_ns, anna, "USD", amount),
        commands.Borrow(now_ns, nobody, "USD", 1),
        commands.Borrow(now_ns, anna, "ISO", 1),
        commands.Repay(now_ns, anna, "USD", amount),
        commands.Repay(now_ns, "fria", "ETH", 1),
        commands.Repay(now_ns, "@auction/1", "USD", 1),
        commands.SetCategory(now_ns, anna, "none"),
        commands.SetCategory(now_ns, nobody, ""),
        commands.Accrue(now_ns, ("USD", "NONE")),
        commands.SetPrices(now_ns, (("ETH", 2000 * WAD), ("USD", 0))),
        commands.SetPrices(now_ns, (("STETH", WAD),)),
        commands.SetPrices(now_ns, (("ETH", UINT256_MAX + 1),)),
        commands.SetExchangeRate(now_ns, "STETH", min(amount, 0)),
        commands.Liquidate(now_ns, nobody, "USD", "ETH", "keeper"),
        commands.Liquidate(now_ns, anna, "USD", "ETH", anna),
        commands.Liquidate(now_ns, "fria", "USD", "ETH", "keeper", amount),
        commands.Liquidate(now_ns, "@auction/1", "USD", "ETH", "keeper"),
        commands.StartAuction(now_ns, "fria", "USD", "USD", "keeper"),
        commands.TakeAuction(now_ns, "none", 1, WAD, "keeper"),
        commands.ResetAuction(now_ns, "none", "keeper"),
        commands.TransferToBackstop(now_ns, "fria"),
        commands.CloseOut(now_ns, "fria"),
        commands.CallMargin(now_ns, "fria"),
        commands.ExpireCall(now_ns, "fria"),
        commands.Reduce(now_ns, "fria", "USD", "USD", "keeper"),
        commands.FundDeposit(now_ns, "@insurance", "USD", amount),
        commands.FundDeposit(now_ns, "fria", "USD", 1),
        commands.SetRules(now_ns, (), "") if n % 2 else commands.Accrue(now_ns - 1, ()),
        commands.Pause(now_ns, 0 if n % 2 else 4, "no such level"),
        commands.Resume(now_ns, 3 if n % 2 else -1, "no such level"),
    )
    return made[n // 4 % len(made)]
