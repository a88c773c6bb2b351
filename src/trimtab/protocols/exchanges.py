"""Binance, Bybit, OKX, Gate, BitMEX: liquidation, bankruptcy and deleveraging of one position.

Source: the venues' documentation and freqtrade/freqtrade, commit c9ae5e1e, freqtrade/exchange (its
sum over other positions has the sign of shorts wrong and is not followed). All numbers are wad; a
size is a magnitude and the side apart. Prices of liquidation and bankruptcy round toward the
earlier event: up for a long, down for a short.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum, unique

from trimtab.protocols.signed import mul_div_ceil, mul_div_floor, wad_mul_floor
from trimtab.units import WAD, div_up, mul_div_down, wad_mul_up


@unique
class Side(IntEnum):
    """The sign of a position."""

    LONG = 1
    SHORT = -1


@dataclass(frozen=True, slots=True)
class Other:
    """Another position of the same cross account."""

    side: Side
    size: int
    entry_wad: int
    mark_wad: int
    rate_wad: int
    deduction: int = 0

    @property
    def pnl(self) -> int:
        """Return side * size * (mark - entry), floored."""
        return wad_mul_floor(self.side * self.size, self.mark_wad - self.entry_wad)

    @property
    def maintenance(self) -> int:
        """Return size * mark * rate - deduction, rounded up."""
        return wad_mul_up(wad_mul_up(self.size, self.mark_wad), self.rate_wad) - self.deduction


@dataclass(frozen=True, slots=True)
class Cross:
    """A position and what else stands in its wallet.

    wallet: balance (the margin of an isolated position); size, entry_wad: of the position;
    rate_wad, deduction: of its bracket; others_pnl, others_maintenance: sums over the others.
    """

    wallet: int
    size: int
    entry_wad: int
    rate_wad: int = 0
    deduction: int = 0
    others_pnl: int = 0
    others_maintenance: int = 0

    def in_bracket(self, rate_wad: int, deduction: int) -> Cross:
        """Return the same in another bracket."""
        return replace(self, rate_wad=rate_wad, deduction=deduction)

    def beside(self, others: Iterable[Other]) -> Cross:
        """Return the same with the sums of other positions added; each keeps its own side."""
        held = tuple(others)
        return replace(
            self,
            others_pnl=self.others_pnl + sum(other.pnl for other in held),
            others_maintenance=self.others_maintenance + sum(other.maintenance for other in held),
        )

    @property
    def free(self) -> int:
        """Return the wallet with the others' profit, less their requirement."""
        return self.wallet + self.others_pnl - self.others_maintenance


def earlier(side: Side, numerator: int, *, denominator: int) -> int:
    """Return a price rounded toward the earlier event: up for a long, down for a short."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    rounded = mul_div_ceil if side is Side.LONG else mul_div_floor
    return rounded(numerator, 1, denominator=denominator)


def cross_liquidation_price_wad(side: Side, cross: Cross) -> int | None:
    """Return (WB - TMM + UPNL + cum - side q EP) / (q MMR - side q): linear, isolated or cross.

    None where the price is not above zero: the position is then never liquidated by its own price.
    """
    slope = cross.size * (cross.rate_wad - side * WAD)
    if slope == 0:
        return None
    held = (cross.free + cross.deduction) * WAD - side * cross.size * cross.entry_wad
    price = earlier(side, held * WAD, denominator=slope)
    return price if price > 0 else None


def inverse_liquidation_price_wad(side: Side, cross: Cross, *, contract_wad: int) -> int | None:
    """Return the coin-margined price: (q MMR + side q) / ((WB + cum) / contract + side q / EP).

    None where no price above zero is one: a fully covered position.

    Args:
        cross: wallet, deduction and sums in the coin, size in contracts; contract_wad: quote per
            contract.
    """
    free = (cross.free + cross.deduction) * WAD * cross.entry_wad
    per_price = free + side * cross.size * contract_wad * WAD
    worth = cross.size * (cross.rate_wad + side * WAD) * cross.entry_wad * contract_wad
    if per_price == 0 or worth == 0:
        return None
    price = earlier(side, worth, denominator=per_price)
    return price if price > 0 else None


def isolated_liquidation_price_wad(
    side: Side, entry_wad: int, *, size: int, margin: int, rate_wad: int, taker_wad: int = 0
) -> int:
    """Return (EP -+ m / q) / (1 -+ (MMR + taker)): Gate and OKX, linear and isolated.

    Args:
        margin: of the position, quote; rate_wad, taker_wad: fractions.
    """
    worth = entry_wad * size - side * margin * WAD
    return earlier(side, worth * WAD, denominator=size * (WAD - side * (rate_wad + taker_wad)))


def leverage_liquidation_price_wad(
    side: Side, entry_wad: int, *, leverage_wad: int, rate_wad: int
) -> int:
    """Return EP * (1 -+ 1 / leverage +- MMR): Bybit, linear and isolated, no added margin."""
    part = leverage_wad * (WAD + side * rate_wad) - side * WAD * WAD
    return earlier(side, entry_wad * part, denominator=leverage_wad * WAD)


def bankruptcy_price_wad(side: Side, entry_wad: int, *, leverage_wad: int) -> int:
    """Return EP * (1 -+ 1 / leverage): where a linear isolated margin is gone."""
    return leverage_liquidation_price_wad(side, entry_wad, leverage_wad=leverage_wad, rate_wad=0)


def inverse_bankruptcy_price_wad(side: Side, entry_wad: int, *, leverage_wad: int) -> int | None:
    """Return EP * L / (L +- 1) of an inverse contract; None for a short of 1x, which has none."""
    return inverse_leverage_price_wad(side, entry_wad, leverage_wad=leverage_wad, rate_wad=0)


def inverse_leverage_price_wad(
    side: Side, entry_wad: int, *, leverage_wad: int, rate_wad: int
) -> int | None:
    """Return EP * L / (L +- 1 -+ MMR * L): the liquidation price of an inverse contract.

    The requirement is held at the entry value. None where there is no such price.
    """
    below = leverage_wad * WAD + side * (WAD * WAD - rate_wad * leverage_wad)
    if below <= 0:
        return None
    return earlier(side, entry_wad * leverage_wad * WAD, denominator=below)


def tick_up(price_wad: int, tick_wad: int) -> int:
    """Return a price rounded up to a whole tick, as Bybit shows a long's bankruptcy price."""
    return div_up(price_wad, tick_wad) * tick_wad


def funding_clamp_wad(rate_wad: int, maintenance_wad: int) -> int:
    """Return a funding rate held within plus and minus the maintenance rate (Binance)."""
    return max(-maintenance_wad, min(rate_wad, maintenance_wad))


def adl_score_wad(pnl: int, *, notional: int, balance: int) -> int:
    """Return the rank of a position in the deleveraging queue, highest first (Binance, BitMEX).

    pnl% * leverage for a gain, pnl% / leverage for a loss; pnl% = pnl / notional, leverage =
    notional / (balance + pnl). Floored. A position without equity ranks last.

    Args:
        pnl: unrealized, signed; notional: positive; balance: of the margin account.
    """
    assert notional > 0, f"no position: {notional}"
    equity = balance + pnl
    if equity <= 0:
        return -(10**9) * WAD
    if pnl >= 0:
        return mul_div_down(pnl, WAD, equity)
    return mul_div_floor(pnl * equity, WAD, denominator=notional * notional)


def bybit_adl_score_wad(side: Side, *, mark_wad: int, entry_wad: int, leverage_wad: int) -> int:
    """Return Bybit's rank: side * (mark / entry - 1), times leverage if a gain, over it if not."""
    gain = side * (mark_wad - entry_wad)
    if gain >= 0:
        return mul_div_floor(gain, leverage_wad, denominator=entry_wad)
    return mul_div_floor(gain * WAD, WAD, denominator=entry_wad * leverage_wad)


def okx_adl_score_wad(return_wad: int, margin_ratio_wad: int) -> int:
    """Return OKX's rank: return over margin ratio (positive), floored."""
    return mul_div_floor(return_wad, WAD, denominator=margin_ratio_wad)
