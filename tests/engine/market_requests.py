"""Commands about markets that no venue should accept, and changes of their rules."""

from __future__ import annotations

from tests.engine.crisis_markets import INVERSE, LINEAR, SKEWED
from trimtab.model import Command, RuleChange, commands
from trimtab.model.settings import PERCENT
from trimtab.units import UINT256_MAX, WAD

CHANGES = (
    ("markets", LINEAR, "initial_margin_wad", (8 * PERCENT, 15 * PERCENT, PERCENT)),
    ("markets", LINEAR, "maintenance_margin_wad", (4 * PERCENT, 6 * PERCENT, 0)),
    ("markets", LINEAR, "funding_cap_wad", (PERCENT, 11 * WAD)),
    ("markets", LINEAR, "liquidation_end_margin_wad", (7 * PERCENT, 99 * PERCENT)),
    ("markets", SKEWED, "maintenance_margin_wad", (5 * PERCENT, 8 * PERCENT, 50 * PERCENT)),
    ("markets", SKEWED, "size_factor_wad", (10**14, 3 * 10**14)),
    ("markets", SKEWED, "size_discount_wad", (70 * PERCENT, 90 * PERCENT)),
    ("markets", SKEWED, "skew_margin_wad", (40 * PERCENT, 60 * PERCENT)),
    ("markets", SKEWED, "gain_weight_wad", (60 * PERCENT, WAD, 10 * PERCENT)),
    ("markets", SKEWED, "position_margin_wad", (WAD,)),
    ("markets", INVERSE, "taker_fee_wad", (0, PERCENT, 2 * WAD)),
    ("markets", "NONE", "taker_fee_wad", (0,)),
    ("oracle", "", "max_age_seconds", (86_400, 30 * 86_400, 0)),
    ("oracle", "", "stable_price", (1, 0)),
    ("oracle", "", "max_jump_wad", (2 * WAD, 10 * WAD)),
    ("breakers", "", "hold_seconds", (10, 600, 0)),
    ("breakers", "", "volatility_level", (1, 2, 4)),
    ("position_liquidation", "", "portion_wad", (10 * PERCENT, WAD, 0)),
    ("position_liquidation", "", "sizing", (1,)),
    ("deleveraging", "", "pool_gain_after_wad", (0, 50 * PERCENT)),
)


def market_rule_change(n: int, now_ns: int) -> Command:
    """One or two changes of the rules of markets and guards, in bounds or not."""
    picked = [n % len(CHANGES)] + ([n // 5 % len(CHANGES)] if n % 4 == 0 else [])
    changes = []
    for index in picked:
        section, name, field, targets = CHANGES[index]
        changes.append(RuleChange(section, name, field, targets[n // 7 % len(targets)]))
    return commands.SetRules(now_ns, tuple(changes), "a try")


def market_nonsense(n: int, now_ns: int) -> Command:
    """A command about a market that no venue should accept."""
    size = (0, UINT256_MAX + 1, -UINT256_MAX - 1, -(10**90))[n % 4]
    pool, price = f"@pool/{LINEAR}", 2000 * WAD
    made: tuple[Command, ...] = (
        commands.Trade(now_ns, LINEAR, "hana", "ivo", size, price),
        commands.Trade(now_ns, LINEAR, "hana", "hana", 1, price),
        commands.Trade(now_ns, LINEAR, "hana", "nobody", 1, price),
        commands.Trade(now_ns, LINEAR, pool, "hana", 1, price),
        commands.Trade(now_ns, LINEAR, "hana", f"@pool/{SKEWED}", 1, price),
        commands.Trade(now_ns, LINEAR, "hana", "@market/ETH-PERP", 1, price),
        commands.Trade(now_ns, LINEAR, "hana", "ivo", 1, -price),
        commands.Trade(now_ns, "NONE", "hana", "ivo", 1, price),
        commands.SetOrders(now_ns, "hana", LINEAR, -1, 0),
        commands.SetOrders(now_ns, "hana", "NONE", 1, 0),
        commands.SetOrders(now_ns, pool, LINEAR, 1, 0),
        commands.SetLeverage(now_ns, "hana", LINEAR, 2 * WAD),
        commands.SetLeverage(now_ns, "nobody", LINEAR, WAD),
        commands.Settle(now_ns, "nobody", LINEAR),
        commands.Settle(now_ns, "hana", "NONE"),
        commands.Settle(now_ns, "@market/ETH-PERP", LINEAR),
        commands.LiquidatePosition(now_ns, "lena", LINEAR, "fria"),
        commands.LiquidatePosition(now_ns, "nobody", LINEAR, "fria"),
        commands.LiquidatePosition(now_ns, pool, LINEAR, "fria"),
        commands.LiquidatePosition(now_ns, "hana", LINEAR, "hana"),
        commands.LiquidatePosition(now_ns, "hana", LINEAR, "@insurance"),
        commands.LiquidatePosition(now_ns, "hana", LINEAR, "fria", -1),
        commands.LiquidatePosition(now_ns, "hana", LINEAR, "fria", None, 0),
        commands.Deleverage(now_ns, "nobody", LINEAR, ()),
        commands.Deleverage(now_ns, "lena", LINEAR, ("hana", "hana")),
        commands.Deleverage(now_ns, "hana", LINEAR, ("@auction/1",)),
        commands.Transfer(now_ns, "lena", "fria", "USD", 1),
        commands.Transfer(now_ns, "lena", "lena", "USD", 1),
        commands.Transfer(now_ns, "lena", "lena/iso", "USD", size),
        commands.Transfer(now_ns, pool, f"{pool}/x", "USD", 1),
        commands.SubmitPrice(now_ns, "ETH", "north", 0, 0, now_ns),
        commands.SubmitPrice(now_ns, "ETH", "north", price, 0, now_ns + 1),
        commands.SubmitPrice(now_ns, "USD", "north", WAD, 0, now_ns),
        commands.SubmitPrice(now_ns, "STETH", "north", WAD, 0, now_ns),
        commands.SubmitPrice(now_ns, "NONE", "north", WAD, 0, now_ns),
        commands.SubmitMark(now_ns, LINEAR, ()),
        commands.SubmitMark(now_ns, LINEAR, (("a", price), ("a", price))),
        commands.SubmitMark(now_ns, "NONE", (("a", price),)),
        commands.SetPrices(now_ns, ((LINEAR, 0),)),
        commands.SetFunding(now_ns, LINEAR, 1),
        commands.SetFunding(now_ns, INVERSE, 2 * WAD),
        commands.FundDeposit(now_ns, "@pool/NONE", "USD", 1),
        commands.TransferToBackstop(now_ns, "lena"),
    )
    return made[n // 4 % len(made)]
