"""Books for Hypothesis, with a liking for what is hard: ties, dust, extreme prices and weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from hypothesis import strategies as st

from tests.simulation.cases import collateral, rules_of
from trimtab.model import AssetRules, BookRow, CategoryRules, Rules
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

NAMES = ("AAA", "BBB", "CCC", "STK")
PRICES = (1, 10**9, WAD // 1000, WAD, 3 * WAD, 2000 * WAD, 33_333 * WAD + 7, 10**12 * WAD)
DECIMALS = (0, 2, 6, 8, 18, 30)
PERCENTS = st.sampled_from((1, 50, 77, 80, 99))


@dataclass(frozen=True, slots=True)
class Scene:
    """A venue to be opened, its prices, and how long interest runs after them."""

    rules: Rules
    book: tuple[BookRow, ...]
    prices: tuple[tuple[str, int], ...]
    elapsed_s: int


@st.composite
def assets(draw: st.DrawFn) -> tuple[AssetRules, ...]:
    """Three assets and a yield-bearing one on the first of them."""
    found = []
    for name in NAMES:
        rules = collateral(
            name, draw(st.sampled_from(DECIMALS)), threshold=draw(PERCENTS), bonus=draw(BONUSES)
        )
        rules = replace(
            rules,
            liability_weight_wad=draw(st.sampled_from((WAD, 10**36 // (WAD * 7 // 10) + 1))),
            base_rate_wad=draw(st.sampled_from((0, 7 * PERCENT))),
            reserve_factor_wad=10 * PERCENT,
        )
        if name == "STK":
            rate = draw(st.sampled_from((WAD, WAD + 123_456_789, WAD // 3)))
            rules = replace(rules, underlying="AAA", exchange_rate_wad=rate)
        found.append(rules)
    return tuple(found)


BONUSES = st.sampled_from((0, 1, 5, 15))


@st.composite
def scenes(draw: st.DrawFn, *, accounts: int = 5) -> Scene:
    """A venue with a book of up to `accounts` accounts."""
    category = CategoryRules(
        "pair",
        assets=("AAA", "STK"),
        max_ltv_wad=90 * PERCENT,
        liquidation_threshold_wad=93 * PERCENT,
        liquidation_bonus_wad=PERCENT,
    )
    rules = rules_of(*draw(assets()), categories=[category])
    prices = {name: draw(st.sampled_from(PRICES)) for name in NAMES if name != "STK"}
    prices["STK"] = prices["AAA"] * rules.assets["STK"].exchange_rate_wad // WAD
    if prices["STK"] == 0:
        prices["AAA"], prices["STK"] = WAD, rules.assets["STK"].exchange_rate_wad
    prices["USD"] = WAD
    rows: list[BookRow] = []
    for number in range(draw(st.integers(1, accounts))):
        rows += draw(holdings(f"a{number}", rules, prices=prices))
    quoted = tuple(sorted((name, price) for name, price in prices.items() if name != "STK"))
    return Scene(rules, tuple(rows), quoted, draw(st.sampled_from((0, 1, 3600, 10**8))))


@st.composite
def holdings(
    draw: st.DrawFn, account: str, rules: Rules, *, prices: dict[str, int]
) -> list[BookRow]:
    """One account: a tie, its neighbors, dust, one side only, or several assets of each side."""
    kind = draw(st.sampled_from(("tie", "tie", "near", "dust", "rich", "poor", "mixed")))
    names = sorted(prices)
    held, owed = draw(st.sampled_from(names)), draw(st.sampled_from(names))
    category = draw(st.sampled_from(("", "", "pair")))
    threshold = draw(st.sampled_from((None, None, 60 * PERCENT, 0)))

    def amount(asset: str) -> int:
        unit = 10 ** rules.assets[asset].decimals
        return draw(st.sampled_from((1, 3, 7 * unit, 1000 * unit, 123_456_789 * unit + 1)))

    def supply(asset: str, quantity: int) -> BookRow:
        return BookRow(account, asset, quantity, category=category, threshold_wad=threshold)

    def debt(asset: str, quantity: int) -> BookRow:
        return BookRow(account, asset, -quantity, category=category)

    if kind == "rich":
        return [supply(held, amount(held))]
    if kind == "poor":
        return [debt(owed, amount(owed))]
    if kind == "dust":
        return [supply(held, draw(st.integers(1, 3))), debt(owed, draw(st.integers(1, 3)))]
    if kind == "mixed":
        sides = [supply(name, amount(name)) for name in names[:3]]
        return sides + [debt(name, amount(name)) for name in names[2:4]]
    quantity = amount(held)
    weight = _weight(rules.assets[held], category=category, threshold=threshold, rules=rules)
    worth = Fraction(quantity * prices[held] * weight, 10 ** rules.assets[held].decimals)
    price = prices[owed] * rules.assets[owed].liability_weight_wad
    even = int(worth * 10 ** rules.assets[owed].decimals / price)
    off = draw(st.integers(-1, 1)) if kind == "tie" else even // 10**9 * draw(st.integers(-2, 2))
    return [supply(held, quantity), debt(owed, max(1, even + off))]


def _weight(asset: AssetRules, *, category: str, threshold: int | None, rules: Rules) -> int:
    if threshold is not None:
        return threshold
    if category and asset.name in rules.categories[category].assets:
        return rules.categories[category].liquidation_threshold_wad
    return asset.liquidation_threshold_wad
