"""The rules of a run in short, and what differs between the rules of two runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trimtab.apps.report.shown import NARROW, NO_BREAK, Sentence, duration, money, ratio, sentence
from trimtab.model import (
    AssetRules,
    BonusCurve,
    Case,
    Kind,
    Mechanism,
    Setting,
    Sizing,
    Tier,
    contract_decimals,
    settings_of,
)
from trimtab.units import NANOSECONDS, WAD, format_decimal, mul_div_half_up

SECTIONS = (
    *("liquidation", "position_liquidation", "deleveraging", "insurance", "backstop", "auction"),
    *("margin_call", "oracle", "breakers", "dynamics"),
)


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule and what it is set to, per run."""

    key: str
    doc: str
    values: tuple[str, ...]


def asset_heads() -> tuple[str, ...]:
    """Headings of the table of assets."""
    return ("max LTV", "threshold", "bonus", "fee", "borrow factor")


def asset_cells(rules: AssetRules) -> tuple[str, ...]:
    """One asset's weights; a weight of zero is no collateral."""
    weights = (
        *(rules.max_ltv_wad, rules.liquidation_threshold_wad),
        *(rules.liquidation_bonus_wad, rules.liquidation_fee_wad),
    )
    factor = mul_div_half_up(WAD, WAD, rules.liability_weight_wad)
    borrow = f"{factor / WAD:.4g}" if rules.borrowable else "not borrowable"
    if rules.mintable:
        borrow = f"{borrow}, minted"
    return (*(str(ratio(weight)) if weight else "–" for weight in weights), borrow)


def liquidation_words(case: Case) -> list[Sentence]:
    """How large liquidations are, and what they cost the account."""
    rules, quote = case.rules.liquidation, case.rules.quote
    if rules.sizing is Sizing.WHOLE:
        told = [sentence("A liquidation takes the whole debt of an unsafe account.")]
    elif rules.sizing is Sizing.CLOSE_FACTOR:
        told = [
            sentence(
                "A liquidation repays at most {} of a debt, and all of it below a health of {}.",
                *(str(ratio(rules.close_factor_wad)), _decimal(rules.full_close_health_wad)),
            )
        ]
    else:
        target = _decimal(rules.target_health_wad)
        told = [sentence("A liquidation repays what lifts the account's health to {}.", target)]
    if rules.bonus_curve is BonusCurve.SHORTFALL:
        told.append(
            sentence(
                "The bonus grows from {} at health 1 to the asset's own at health {}.",
                *(str(ratio(rules.minimum_bonus_wad)), _decimal(rules.full_bonus_health_wad)),
            )
        )
    if rules.window_cap_wad is not None:
        cap, window = money(rules.window_cap_wad, quote), rules.window_seconds * NANOSECONDS
        told.append(sentence("At most {} is repaid in {}.", cap, duration(window)))
    return told


def keeper_words(case: Case) -> list[Sentence]:
    """When keepers act."""
    rules, quote = case.replay, case.rules.quote
    how = {
        Mechanism.BONUS: "buy collateral at the bonus",
        Mechanism.FLASH: "liquidate with flash loans",
        Mechanism.AUCTION: "bid in auctions",
    }[rules.mechanism]
    told = [sentence("Keepers {}, the largest gain first.", how)]
    if rules.mechanism is Mechanism.AUCTION:
        below = str(ratio(rules.auction_discount_wad))
        told.append(sentence("They buy a lot at {} below its market price.", below))
    told.append(_gas_words(case))
    if rules.min_profit_wad:
        told.append(sentence("They want {} more than gas.", money(rules.min_profit_wad, quote)))
    if rules.capital_wad is not None:
        capital = money(rules.capital_wad, quote)
        told.append(sentence("All of them together have {} for one price step.", capital))
    if rules.delay_blocks:
        wait = duration(rules.delay_blocks * rules.block_seconds * NANOSECONDS)
        told.append(sentence("They act {} after an account becomes unsafe.", wait))
    if rules.backstop_after_seconds is not None:
        after = duration(rules.backstop_after_seconds * NANOSECONDS)
        told.append(sentence("What nobody wants goes to the backstop after {}.", after))
    return told


def _gas_words(case: Case) -> Sentence:
    quote = case.rules.quote
    if case.gas:
        costs = [tick.cost_wad for tick in case.gas]
        span = (money(min(costs), quote), money(max(costs), quote))
        return sentence("One liquidation costs between {} and {} of gas.", *span)
    if case.replay.gas_cost_wad:
        return sentence("One liquidation costs {} of gas.", money(case.replay.gas_cost_wad, quote))
    return sentence("Gas costs nothing.")


def fund_words(case: Case) -> list[Sentence]:
    """The capital that stands before suppliers."""
    rules = case.rules
    told = []
    for name, fund in (("insurance fund", rules.insurance), ("backstop", rules.backstop)):
        if fund.balance_wad:
            told.append(
                sentence(f"The {name} starts with {{}}.", money(fund.balance_wad, rules.quote))
            )
        else:
            told.append(sentence(f"The {name} starts empty."))
    return told


def differences(cases: list[Case]) -> list[RuleLine]:
    """Rules that are not the same in all cases, by their keys in `rules.toml`.

    Those of keepers and liquidations come first, those of special procedures last.
    """
    tables = [dict(_flat(case)) for case in cases]
    keys = list(dict.fromkeys(key for table in tables for key in table))
    lines = []
    for key in keys:
        values = tuple(table[key][0] if key in table else "absent" for table in tables)
        if len(set(values)) > 1:
            doc = next(table[key][1] for table in tables if key in table)
            lines.append(RuleLine(key, doc, values))
    return lines


def _flat(case: Case) -> Iterator[tuple[str, tuple[str, str]]]:
    """Every setting of a case as key, text and explanation."""
    quote = case.rules.quote
    sections: list[tuple[str, Any, int]] = [("replay", case.replay, 0)]
    sections += [(f"assets.{a.name}", a, a.decimals) for a in case.rules.assets.values()]
    sections += [(f"categories.{a.name}", a, 0) for a in case.rules.categories.values()]
    sections += [
        (f"markets.{m.name}", m, contract_decimals(case.rules, m))
        for m in case.rules.markets.values()
    ]
    sections += [(name, getattr(case.rules, name), 0) for name in SECTIONS]
    for section, record, decimals in sections:
        for entry, found in settings_of(type(record)):
            text = _setting_text(getattr(record, entry.name), found, quote=quote, decimals=decimals)
            yield f"{section}.{found.key}", (text, found.doc)


def _tier_text(tier: Tier) -> str:
    parts = (tier.floor_wad, tier.initial_wad, tier.maintenance_wad)
    return ", ".join(_decimal(part) for part in parts)


def _setting_text(value: Any, found: Setting, *, quote: str, decimals: int) -> str:
    if value is None:
        return "none"
    match found.kind:
        case Kind.RATIO:
            return _decimal(value)
        case Kind.FACTOR:
            return f"{WAD / value:.6g}"
        case Kind.VALUE | Kind.PRICE:
            return f"{_spaced(_decimal(value))}{NO_BREAK}{quote}"
        case Kind.AMOUNT:
            return _spaced(format_decimal(value, decimals))
        case Kind.SECONDS:
            return f"{value:,}{NARROW}s"
        case Kind.FLAG:
            return str(value).lower()
        case Kind.NAMES:
            return ", ".join(value) or "none"
        case Kind.TEXT:
            return value or "none"
        case Kind.TIERS:
            return "; ".join(_tier_text(tier) for tier in value) or "none"
        case _:
            return str(value)


def _decimal(value_wad: int) -> str:
    return format_decimal(value_wad, 18)


def _spaced(decimal: str) -> str:
    whole, point, rest = decimal.partition(".")
    return f"{int(whole):,}{point}{rest}"
