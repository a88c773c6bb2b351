"""Impossible combinations of rules: what no single field's range can see.

The border that reads rules and the engine that changes them ask the same function, so that a
running venue can never be brought into a state that its own rules file would refuse.
"""

from collections.abc import Iterator

from trimtab.model.choices import Sizing
from trimtab.model.conflicts import Conflict, conflicts_of_market, ratio_text
from trimtab.model.guards import PriceUse
from trimtab.model.rules import AssetRules, CategoryRules, Rules
from trimtab.units import WAD


def first_conflict(rules: Rules) -> Conflict | None:
    """The first impossible combination of a venue's rules, None where there is none."""
    return next(_conflicts(rules), None)


def _conflicts(rules: Rules) -> Iterator[Conflict]:
    for asset in rules.assets.values():
        yield from _of_asset(rules, asset)
        yield from _of_underlying(rules, asset)
    for category in rules.categories.values():
        yield from _of_category(rules, category)
    for market in rules.markets.values():
        yield from conflicts_of_market(rules, market)
    yield from _of_guards(rules)
    floor, start = rules.auction.floor_multiplier_wad, rules.auction.start_multiplier_wad
    if floor > start:
        yield Conflict(
            "auction.floor_multiplier", ratio_text(floor), f"at most {ratio_text(start)}"
        )


def _of_guards(rules: Rules) -> Iterator[Conflict]:
    uses = [str(use) for use in PriceUse]
    for use in rules.oracle.stale_allows:
        if use not in uses:
            yield Conflict("oracle.stale_allows", repr(use), "one of " + ", ".join(uses))
    above, after = rules.deleveraging.pool_gain_wad, rules.deleveraging.pool_gain_after_wad
    if above is not None and after > above:
        expected = f"at most pool_gain {ratio_text(above)}"
        yield Conflict("deleveraging.pool_gain_after", ratio_text(after), expected)


def _of_asset(rules: Rules, asset: AssetRules) -> Iterator[Conflict]:
    key = f"assets.{asset.name}"
    threshold, end = asset.liquidation_threshold_wad, asset.liquidation_end_wad
    if end > threshold:
        yield Conflict(
            f"{key}.liquidation_end",
            ratio_text(end),
            f"at most liquidation_threshold {ratio_text(threshold)}",
        )
    if asset.max_ltv_wad > end:
        yield Conflict(
            f"{key}.max_ltv",
            ratio_text(asset.max_ltv_wad),
            f"at most the liquidation level {ratio_text(end)}",
        )
    if asset.debt_ceiling_wad is not None and not asset.isolated:
        yield Conflict(f"{key}.debt_ceiling", ratio_text(asset.debt_ceiling_wad), "isolated = true")
    yield from _of_factor(
        rules,
        key,
        threshold=threshold,
        bonus=asset.liquidation_bonus_wad,
        fee=asset.liquidation_fee_wad,
    )


def _of_factor(
    rules: Rules, key: str, *, threshold: int, bonus: int, fee: int
) -> Iterator[Conflict]:
    most = rules.dynamics.max_bonus_wad
    if bonus > most:
        expected = f"at most dynamics.max_bonus {ratio_text(most)}"
        yield Conflict(f"{key}.liquidation_bonus", ratio_text(bonus), expected)
    factor = WAD + bonus + fee
    if threshold * factor > WAD * WAD:
        yield Conflict(
            f"{key}.liquidation_threshold",
            f"{ratio_text(threshold)} x (1 + bonus and fee {ratio_text(bonus + fee)})",
            "a product of at most 1: above it, a liquidation leaves bad debt by itself",
        )
    target = rules.liquidation.target_health_wad
    sized = rules.liquidation.sizing is Sizing.TARGET_HEALTH and key != f"assets.{rules.quote}"
    if sized and threshold and target * WAD <= threshold * factor:
        yield Conflict(
            "liquidation.target_health",
            ratio_text(target),
            f"more than {key}'s threshold x (1 + bonus)",
        )


def _of_underlying(rules: Rules, asset: AssetRules) -> Iterator[Conflict]:
    key = f"assets.{asset.name}.underlying"
    if asset.max_rate_growth_wad is not None and not asset.underlying:
        found = ratio_text(asset.max_rate_growth_wad)
        yield Conflict(f"assets.{asset.name}.max_rate_growth", found, "an underlying")
    seen, name = [asset.name], asset.underlying
    while name:
        if name not in rules.assets:
            yield Conflict(key, repr(name), "an asset of these rules")
            return
        if name in seen:
            yield Conflict(key, " -> ".join([*seen, name]), "no circle")
            return
        seen.append(name)
        name = rules.assets[name].underlying


def _of_category(rules: Rules, category: CategoryRules) -> Iterator[Conflict]:
    key = f"categories.{category.name}"
    threshold = category.liquidation_threshold_wad
    if category.max_ltv_wad > threshold:
        found, most = ratio_text(category.max_ltv_wad), ratio_text(threshold)
        yield Conflict(f"{key}.max_ltv", found, f"at most liquidation_threshold {most}")
    fee = 0
    for name in category.assets:
        if name not in rules.assets:
            yield Conflict(f"{key}.assets", repr(name), "assets of these rules")
            return
        fee = max(fee, rules.assets[name].liquidation_fee_wad)
    yield from _of_factor(
        rules, key, threshold=threshold, bonus=category.liquidation_bonus_wad, fee=fee
    )
