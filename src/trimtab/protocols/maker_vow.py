"""Maker's balance sheet: the queue of bad debt, and the auctions of debt and surplus.

Source: makerdao/dss, commit fa4f6630: src/vow.sol, and Vat.heal, Vat.suck. All amounts in rad but
the lot of a debt auction, which is in wad of the governance token.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum, unique


@unique
class VowRefusal(StrEnum):
    """Why the vow reverts."""

    WAIT_NOT_FINISHED = "wait_not_finished"
    INSUFFICIENT_SURPLUS = "insufficient_surplus"
    INSUFFICIENT_DEBT = "insufficient_debt"
    SURPLUS_NOT_ZERO = "surplus_not_zero"
    DEBT_NOT_ZERO = "debt_not_zero"


@dataclass(frozen=True, slots=True)
class VowRefused:
    """A call that the vow reverts: the rule, what was found and what it asks for."""

    reason: VowRefusal
    found: int
    needed: int


@dataclass(frozen=True, slots=True)
class QueuedDebt:
    """Bad debt pushed at one second, in rad."""

    pushed_s: int
    debt_rad: int


@dataclass(frozen=True, slots=True)
class Vow:
    """Surplus (its DAI), all bad debt (sin), the part queued and the part on auction (Ash)."""

    surplus_rad: int = 0
    bad_debt_rad: int = 0
    queue: tuple[QueuedDebt, ...] = ()
    on_auction_rad: int = 0

    @property
    def queued_rad(self) -> int:
        """Return the bad debt that waits in the queue (Sin)."""
        return sum(entry.debt_rad for entry in self.queue)

    @property
    def free_debt_rad(self) -> int:
        """Return the bad debt that is neither queued nor on auction."""
        return self.bad_debt_rad - self.queued_rad - self.on_auction_rad


@dataclass(frozen=True, slots=True)
class VowRules:
    """wait_seconds: in the queue; debt_bid_rad (sump) and debt_lot (dump): fixed bid and first lot
    of a debt auction; surplus_lot_rad (bump) and buffer_rad (hump): of a surplus auction."""

    wait_seconds: int
    debt_bid_rad: int
    debt_lot: int
    surplus_lot_rad: int
    buffer_rad: int


@dataclass(frozen=True, slots=True)
class VowAuction:
    """An auction just started: what is sold, what is asked, and the vow after.

    Debt auction: bid_rad is fixed and the lot (wad of governance token) falls. Surplus auction:
    lot is fixed (rad) and the bid starts at zero.
    """

    lot: int
    bid_rad: int
    vow: Vow


def push(vow: Vow, debt_rad: int, *, now_s: int) -> Vow:
    """Queue the debt of a liquidation; the vat books it as bad debt in the same step."""
    entry = QueuedDebt(now_s, debt_rad)
    return replace(vow, bad_debt_rad=vow.bad_debt_rad + debt_rad, queue=(*vow.queue, entry))


def release(vow: Vow, pushed_s: int, *, rules: VowRules, now_s: int) -> Vow | VowRefused:
    """Free the debt queued at `pushed_s` once the wait is over; it may then be auctioned."""
    due = pushed_s + rules.wait_seconds
    if due > now_s:
        return VowRefused(VowRefusal.WAIT_NOT_FINISHED, now_s, due)
    return replace(vow, queue=tuple(entry for entry in vow.queue if entry.pushed_s != pushed_s))


def reward(vow: Vow, reward_rad: int) -> Vow:
    """Mint a keeper's reward against the vow: its bad debt grows by as much."""
    return replace(vow, bad_debt_rad=vow.bad_debt_rad + reward_rad)


def receive(vow: Vow, paid_rad: int) -> Vow:
    """Take in what a buyer paid, or a fee."""
    return replace(vow, surplus_rad=vow.surplus_rad + paid_rad)


def heal(vow: Vow, amount_rad: int) -> Vow | VowRefused:
    """Cancel surplus against free bad debt."""
    if amount_rad > vow.surplus_rad:
        return VowRefused(VowRefusal.INSUFFICIENT_SURPLUS, vow.surplus_rad, amount_rad)
    if amount_rad > vow.free_debt_rad:
        return VowRefused(VowRefusal.INSUFFICIENT_DEBT, vow.free_debt_rad, amount_rad)
    return _cancelled(vow, amount_rad)


def settle_auctioned(vow: Vow, amount_rad: int) -> Vow | VowRefused:
    """Cancel surplus against bad debt on auction, once its bid came in (Vow.kiss)."""
    if amount_rad > vow.on_auction_rad:
        return VowRefused(VowRefusal.INSUFFICIENT_DEBT, vow.on_auction_rad, amount_rad)
    if amount_rad > vow.surplus_rad:
        return VowRefused(VowRefusal.INSUFFICIENT_SURPLUS, vow.surplus_rad, amount_rad)
    return _cancelled(replace(vow, on_auction_rad=vow.on_auction_rad - amount_rad), amount_rad)


def start_debt_auction(vow: Vow, rules: VowRules) -> VowAuction | VowRefused:
    """Auction new governance tokens for one fixed bid: only without surplus (Vow.flop)."""
    if rules.debt_bid_rad > vow.free_debt_rad:
        needed = rules.debt_bid_rad
        return VowRefused(VowRefusal.INSUFFICIENT_DEBT, vow.free_debt_rad, needed)
    if vow.surplus_rad:
        return VowRefused(VowRefusal.SURPLUS_NOT_ZERO, vow.surplus_rad, 0)
    after = replace(vow, on_auction_rad=vow.on_auction_rad + rules.debt_bid_rad)
    return VowAuction(lot=rules.debt_lot, bid_rad=rules.debt_bid_rad, vow=after)


def start_surplus_auction(vow: Vow, rules: VowRules) -> VowAuction | VowRefused:
    """Auction one lot of surplus above the buffer: only without free bad debt (Vow.flap)."""
    needed = vow.bad_debt_rad + rules.surplus_lot_rad + rules.buffer_rad
    if vow.surplus_rad < needed:
        return VowRefused(VowRefusal.INSUFFICIENT_SURPLUS, vow.surplus_rad, needed)
    if vow.free_debt_rad:
        return VowRefused(VowRefusal.DEBT_NOT_ZERO, vow.free_debt_rad, 0)
    after = replace(vow, surplus_rad=vow.surplus_rad - rules.surplus_lot_rad)
    return VowAuction(lot=rules.surplus_lot_rad, bid_rad=0, vow=after)


def _cancelled(vow: Vow, amount_rad: int) -> Vow:
    return replace(
        vow,
        surplus_rad=vow.surplus_rad - amount_rad,
        bad_debt_rad=vow.bad_debt_rad - amount_rad,
    )
