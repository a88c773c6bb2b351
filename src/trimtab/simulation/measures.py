"""Measures of the venue itself at one step: funds, and what stands open in each market."""

from trimtab.engine import Draft, Refusal, fund_key, market_mark, supply_amount
from trimtab.engine import account_sums as sums_of
from trimtab.model import BACKSTOP, INSURANCE
from trimtab.units import float_of

EXACT_PLACES = 54


def venue_measures(draft: Draft) -> dict[str, float]:
    """Per market: open interest by side, mark price, funding rate; and what the funds hold.

    Floats in the quote. A venue without markets has none of these columns.
    """
    row: dict[str, float] = {}
    if not draft.rules.markets:
        return row
    rings = {fund_key(rules) for rules in draft.rules.markets.values()} | {INSURANCE}
    row["insurance_capital"] = sum(_held(draft, ring) for ring in sorted(rings))
    row["backstop_equity"] = _equity(draft, BACKSTOP)
    for market in sorted(draft.rules.markets):
        try:
            mark = market_mark(draft, market)
        except Refusal:
            row |= dict.fromkeys(_names(market), float("nan"))
            continue
        price = float_of(mark.price_wad, 18)
        unit = float_of(mark.lift, 36) * (1.0 if mark.rules.is_inverse else price)
        values = (
            float_of(mark.state.long, 0) * unit,
            float_of(mark.state.short, 0) * unit,
            price,
            float_of(mark.state.rate_wad, 18),
        )
        row |= dict(zip(_names(market), values, strict=True))
    return row


def _names(market: str) -> tuple[str, ...]:
    return tuple(f"{what}_{market}" for what in ("long", "short", "mark", "funding_rate"))


def _held(draft: Draft, key: str) -> float:
    total = 0.0
    for asset, shares in draft.account(key).supply.items():
        mark = draft.mark_if_priced(asset)
        if mark is not None:
            total += float_of(supply_amount(mark.pool, shares) * mark.unit, EXACT_PLACES)
    return total


def _equity(draft: Draft, key: str) -> float:
    try:
        return float_of(sums_of(draft.account(key), draft).equity, EXACT_PLACES)
    except Refusal:
        return float("nan")
