"""A venue of a few accounts for the worked examples, and the numbers as the pages write them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from trimtab.engine import Draft, explain, open_venue, step
from trimtab.engine.perps.settlement import position_of
from trimtab.model import (
    Accepted,
    Account,
    AssetRules,
    BookRow,
    Command,
    Explanation,
    MarketRules,
    Pool,
    Position,
    Reason,
    Rejected,
    Rules,
    Table,
    contract_decimals,
)
from trimtab.model import commands as c
from trimtab.units import NANOSECONDS, format_decimal, parse_decimal

CONCEPTS = Path(__file__).resolve().parents[2] / "docs" / "concepts"
START_S = 1_700_000_000


def wad(text: str) -> int:
    """A decimal as a ratio, price or value."""
    return parse_decimal(text, 18)


def at(seconds: int) -> int:
    """Nanoseconds of a moment some seconds after the book's."""
    return (START_S + seconds) * NANOSECONDS


def shown(raw: int, decimals: int = 18) -> str:
    """An exact number as a page writes it: thousands apart, no zeros at the end."""
    whole, point, part = format_decimal(raw, decimals).partition(".")
    return f"{int(whole):,}{point}{part}" if whole != "-0" else f"-0{point}{part}"


def says(page: str, numbers: Iterable[str]) -> None:
    """Assert that a page holds each number or word, not as a part of a longer one."""
    text = (CONCEPTS / page).read_text(encoding="utf-8")
    missing = [
        number
        for number in numbers
        if not re.search(rf"(?<![\d.,]){re.escape(number)}(?!\d|[.,]\d)", text)
    ]
    assert not missing, f"{page} does not say {missing}"


def tells(page: str, numbers: Iterable[int], expected: str) -> None:
    """Assert that these are the expected numbers (wad, with spaces between), and on a page."""
    found = [shown(number) for number in numbers]
    assert found == expected.split(), f"{page}: {' '.join(found)}"
    says(page, found)


def asset(name: str, price: str, *, weights: str = "", terms: str = "") -> AssetRules:
    """An asset of 18 decimals without interest.

    Arguments:
        weights: max ltv, liquidation end and threshold, with spaces between.
        terms: bonus and fee.
    """
    initial, end, threshold = (wad(part) for part in (weights or "0 0 0").split())
    bonus, fee = (wad(part) for part in (terms or "0 0").split())
    return AssetRules(
        name,
        decimals=18,
        max_ltv_wad=initial,
        liquidation_end_wad=end,
        liquidation_threshold_wad=threshold,
        liquidation_bonus_wad=bonus,
        liquidation_fee_wad=fee,
        price_wad=wad(price),
    )


def usd() -> AssetRules:
    """The quote: worth one, full weight."""
    return asset("USD", "1", weights="1 1 1")


def rules_of(*assets: AssetRules, market: MarketRules | None = None) -> Rules:
    """Rules of a venue of these assets, the quote and perhaps a market added."""
    rules = Rules("page", "USD", {each.name: each for each in (usd(), *assets)}, {})
    return rules if market is None else replace(rules, markets={market.name: market})


def perp(name: str = "ETH-PERP", margin: str = "0.10 0.05", **terms: Any) -> MarketRules:
    """A market on the asset that its name begins with.

    Arguments:
        margin: initial and maintenance rate, with a space between.
        terms: other fields of the market's rules.
    """
    initial, maintenance = (wad(part) for part in margin.split())
    return MarketRules(name, initial, maintenance, asset=name.partition("-")[0], **terms)


class TinyVenue:
    """A venue and its clock in seconds after the book's; commands must be accepted."""

    def __init__(self, rules: Rules, book: str, *, groups: bool = False) -> None:
        """Open the venue.

        `book` holds `account instrument quantity [group-or-category]` lines, of a position with its
        entry price at the end: `@2000`.
        """
        rows = [line.split() for line in book.strip().splitlines()]
        self.store = open_venue(
            rules, [_row(row, rules, is_group=groups) for row in rows], at_ns=at(0)
        )
        self.now_s = 0

    def do(self, command: Command) -> Accepted:
        outcome = step(self.store, command)
        assert isinstance(outcome, Accepted), f"{command}: {outcome}"
        self.store.apply(outcome)
        self.now_s = max(self.now_s, command.at_ns // NANOSECONDS - START_S)
        return outcome

    def refused(self, command: Command) -> Reason:
        outcome = step(self.store, command)
        assert isinstance(outcome, Rejected), f"{command} was accepted"
        return outcome.reason

    def price(self, asset: str, price: str, *, seconds: int = 0) -> None:
        self.do(c.SetPrices(at(seconds), ((asset, wad(price)),)))

    def draft(self) -> Draft:
        return Draft(self.store, at(self.now_s))

    def ask(self, key: str) -> Explanation:
        draft = self.draft()
        return explain(draft.account(key), draft)

    def account(self, key: str) -> Account:
        return self.draft().account(key)

    def position(self, key: str, market: str = "ETH-PERP") -> Position:
        return position_of(self.draft(), key, market=market)

    def equity(self, key: str) -> int:
        return self.ask(key).equity_wad

    def pool(self, asset: str) -> Pool:
        found = self.store.get(Table.POOL, asset)
        assert isinstance(found, Pool)
        return found


def _row(row: list[str], rules: Rules, *, is_group: bool) -> BookRow:
    account, instrument, quantity, *rest = row
    raw = parse_decimal(quantity, _decimals(rules, instrument))
    entry = next((wad(part[1:]) for part in rest if part.startswith("@")), None)
    tag = next((part for part in rest if not part.startswith("@")), "")
    group, category = (tag, "") if is_group else ("", tag)
    return BookRow(account, instrument, raw, group, category, None, entry)


def _decimals(rules: Rules, instrument: str) -> int:
    if instrument in rules.markets:
        return contract_decimals(rules, rules.markets[instrument])
    return rules.assets[instrument].decimals
