"""Where safety ends along one line: a price, or a joint move of prices, with all else held.

The maintenance excess is concave along a price: balances and pnl are linear, a gain that weighs
less than a loss bends down, and a requirement grows no slower than the notional. What is safe is
therefore one interval, and its ends can be found from inside by interpolation, exactly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from trimtab.engine.draft import Draft
from trimtab.engine.margin import account_sums
from trimtab.engine.perps.marks import root_of
from trimtab.model import Account, MarketState, PriceState, Table
from trimtab.units import div_down, mul_div_down

Excess = Callable[[int], int]

# Prices are looked for up to so many times the present one.
HIGHEST_MULTIPLE = 10**6
PRICE_LEAST_WAD = 10**6


@dataclass(frozen=True, slots=True)
class Moved:
    """A view in which some assets, and the marks of their markets, have other prices.

    `share` maps an asset to (numerator, denominator) of its present price.
    """

    draft: Draft
    share: Mapping[str, tuple[int, int]]

    def get(self, table: Table, key: str) -> Any:
        """The record, with its price moved."""
        record = self.draft.get(table, key)
        if isinstance(record, PriceState) and key in self.share:
            up, down = self.share[key]
            # Low enough for any boundary, high enough for what is redeemed for the asset.
            least = min(PRICE_LEAST_WAD, record.price_wad)
            moved = mul_div_down(record.price_wad, up, down)
            return replace(record, price_wad=max(least, moved))
        if isinstance(record, MarketState) and record.mark_wad:
            asset = root_of(self.draft, self.draft.rules.markets[key].asset)
            if asset in self.share:
                up, down = self.share[asset]
                return replace(record, mark_wad=max(1, mul_div_down(record.mark_wad, up, down)))
        return record


def excess_with(account: Account, draft: Draft, *, share: Mapping[str, tuple[int, int]]) -> int:
    """Maintenance excess (1e-72) of an account if some prices were others."""
    moved = Draft(Moved(draft, share), draft.now_ns)
    return account_sums(account, moved).excess_maintenance


def last_safe(excess: Excess, safe: int, *, unsafe: int) -> int:
    """The last integer from `safe` towards `unsafe` at which the excess is >= 0.

    Interpolation on a concave function stays on the safe side; it is taken in turn with halving,
    so that bends cannot make it slow.
    """
    inside, outside = excess(safe), excess(unsafe)
    assert inside >= 0 > outside, "the boundary lies between"
    halve = False
    while abs(safe - unsafe) > 1:
        gap = unsafe - safe
        step = div_down(abs(gap), 2) if halve else mul_div_down(abs(gap), inside, inside - outside)
        step = max(1, min(abs(gap) - 1, step))
        middle = safe + (step if gap > 0 else -step)
        value = excess(middle)
        if value >= 0:
            halve = not halve
            safe, inside = middle, value
            beyond = middle + (1 if gap > 0 else -1)
            if beyond != unsafe and (after := excess(beyond)) < 0:
                unsafe, outside = beyond, after
        else:
            halve = not halve
            unsafe, outside = middle, value
    return safe


def price_boundary(excess: Excess, price_wad: int) -> tuple[int, str] | None:
    """The last safe price along one asset, and on which side the account is unsafe beyond it.

    From a safe price the nearer end of the safe interval on the side that hurts; from an unsafe
    one the nearest safe price, if raising or lowering it helps at all.
    """
    now = excess(price_wad)
    low, high = 1, price_wad * HIGHEST_MULTIPLE
    if now >= 0:
        if excess(low) < 0:
            return last_safe(excess, price_wad, unsafe=low), "below"
        if excess(high) < 0:
            return last_safe(excess, price_wad, unsafe=high), "above"
        return None
    rises = excess(price_wad + 1) > now
    found = _safe_beyond(excess, price_wad, limit=high if rises else low)
    if found is None:
        return None
    return last_safe(excess, found, unsafe=price_wad), "below" if rises else "above"


def _safe_beyond(excess: Excess, start: int, *, limit: int) -> int | None:
    """A safe point between an unsafe start and a limit: doubling steps up, halving ones down."""
    point = start
    while point != limit:
        point = min(limit, point * 2) if limit > start else max(limit, div_down(point, 2))
        if excess(point) >= 0:
            return point
    return None
