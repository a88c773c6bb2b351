"""Positions as float64 columns: what the screen needs to clear an account that holds some."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.engine import Draft, MarketMark, market_mark, owed_cost, rate_wad
from trimtab.model import Account, Level, MarketRules
from trimtab.units import float_of

Floats = NDArray[np.float64]
# The scale of costs: 1e-54 of the quote, or 1e-36 of the asset of an inverse contract.
LINEAR_COST, INVERSE_COST = 54, 36


@dataclass(frozen=True, slots=True)
class PositionLevels:
    """Per account, quote: pnl by sign, requirement at two levels, notional, gross magnitude.

    `gains` are weighted as the maintenance level weighs them; `gross` bounds what rounding can
    touch: notional and cost of all positions.
    """

    pnl: Floats
    gains: Floats
    losses: Floats
    requirement: Floats
    requirement_end: Floats
    notional: Floats
    gross: Floats


class PositionColumns:
    """Dense columns of sizes, costs and rates by market, kept in step with the store."""

    def __init__(self, accounts: int, markets: tuple[str, ...]) -> None:
        self.markets = markets
        shape = (accounts, len(markets))
        self._size, self._cost, self._index = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self._rate, self._rate_end = np.zeros(shape), np.zeros(shape)
        self.holds = np.zeros(accounts, dtype=bool)

    def read(self, row: int, account: Account, *, draft: Draft) -> None:
        """Read an account's positions again; its row is cleared first."""
        for table in (self._size, self._cost, self._index, self._rate, self._rate_end):
            table[row] = 0.0
        self.holds[row] = bool(account.positions or account.orders)
        for column, market in enumerate(self.markets):
            position = account.positions.get(market)
            if position is None:
                continue
            mark = market_mark(draft, market)
            places = INVERSE_COST if mark.rules.is_inverse else LINEAR_COST
            self._size[row, column] = float_of(position.size, 0)
            self._cost[row, column] = float_of(owed_cost(position, mark.state), places)
            side = mark.state.long_index if position.size > 0 else mark.state.short_index
            self._index[row, column] = float_of(side, places)
            if not mark.rules.tiers:
                maintenance = rate_wad(position.size, mark, level=Level.MAINTENANCE)
                end = rate_wad(position.size, mark, level=Level.LIQUIDATION_END)
                self._rate[row, column] = float_of(maintenance, 18)
                self._rate_end[row, column] = float_of(end, 18)

    def levels(self, draft: Draft) -> PositionLevels | None:
        """Value every account's positions; None where no account has any."""
        if not self.holds.any():
            return None
        zeros = np.zeros(len(self.holds))
        found = PositionLevels(*(zeros.copy() for _ in range(7)))
        for column, market in enumerate(self.markets):
            if self._size[:, column].any() or self._cost[:, column].any():
                self._add(found, column, mark=market_mark(draft, market))
        return found

    def proportional(self, asset: str, draft: Draft) -> Floats:
        """Per account, the part of its maintenance excess that moves with an asset's price.

        Linear: size less requirement at today's price; inverse: what the cost is worth. Tiers and
        haircuts count as they stand now.
        """
        total = np.zeros(len(self.holds))
        for column, market in enumerate(self.markets):
            if draft.rules.markets[market].asset != asset or not self._size[:, column].any():
                continue
            mark, size = market_mark(draft, market), self._size[:, column]
            price, unit = float_of(mark.price_wad, 18), float_of(mark.lift, 36)
            if mark.rules.is_inverse:
                total -= self._cost[:, column] * float_of(mark.index_wad, 18)
                continue
            notional = np.abs(size) * (price * unit)
            needed = notional * self._rate[:, column]
            if mark.rules.tiers:
                needed = _tiered(notional, mark.rules, level=Level.MAINTENANCE)
            total += size * (price * unit) - needed
        return total

    def _add(self, found: PositionLevels, column: int, *, mark: MarketMark) -> None:
        rules, size = mark.rules, self._size[:, column]
        price = float_of(mark.price_wad, 18)
        unit = float_of(mark.lift, 36)
        places = INVERSE_COST if rules.is_inverse else LINEAR_COST
        now = np.where(
            size > 0,
            float_of(mark.state.long_index, places),
            float_of(mark.state.short_index, places),
        )
        cost = self._cost[:, column] + np.abs(size) * (now - self._index[:, column])
        if rules.is_inverse:
            # Settled in the asset, which is worth the index price.
            index = float_of(mark.index_wad, 18)
            notional, paid = np.abs(size) * unit, cost * index
            pnl = -size * (unit * index / price) - paid
        else:
            notional, paid = np.abs(size) * (price * unit), cost
            pnl = size * (price * unit) - paid
        found.pnl[:] += pnl
        found.gains[:] += np.maximum(pnl, 0.0) * float_of(rules.gain_weight_wad, 18)
        found.losses[:] += np.maximum(-pnl, 0.0)
        found.notional[:] += notional
        found.gross[:] += notional + np.abs(paid)
        flat = np.where(size != 0, float_of(rules.position_margin_wad, 18), 0.0)
        if rules.tiers:
            found.requirement[:] += flat + _tiered(notional, rules, level=Level.MAINTENANCE)
            # Between the levels; what it cannot clear is asked exactly.
            found.requirement_end[:] += flat + _tiered(notional, rules, level=Level.INITIAL)
        else:
            found.requirement[:] += flat + notional * self._rate[:, column]
            found.requirement_end[:] += flat + notional * self._rate_end[:, column]


def _tiered(notional: Floats, rules: MarketRules, *, level: Level) -> Floats:
    """Requirement by tiers: the integral of the rate over the notional."""
    floors = np.array([float_of(tier.floor_wad, 18) for tier in rules.tiers])
    stored = [
        tier.initial_wad if level is Level.INITIAL else tier.maintenance_wad for tier in rules.tiers
    ]
    total = np.zeros_like(notional)
    for floor, rate, before in zip(floors, stored, [0, *stored], strict=False):
        total += np.maximum(notional - floor, 0.0) * float_of(rate - before, 18)
    return total
