"""Derive's Dutch auction: what a bidder pays for a part of an account, or is paid for it.

Source: derivexyz/v2-core at 7736900d, src/liquidation/DutchAuction.sol. Every number is in wad
unless its name says seconds. Margins are net: negative when short of funds. Quotients lose their
fraction, as Solidity's do; refusals are returned, never raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from trimtab.protocols.signed import mul_div_toward_zero
from trimtab.units import WAD, mul_div_down


@unique
class AuctionRefusal(StrEnum):
    """Why no auction is started or no bid taken."""

    NOT_UNDER_MAINTENANCE = "not_under_maintenance"
    SOLVENT_AUCTION_ENDED = "solvent_auction_ended"
    RESERVED_CASH_ABOVE_MARK = "reserved_cash_above_mark"


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that the contract reverts: the rule, what was found and what it asks for."""

    reason: AuctionRefusal
    found: int
    needed: int


@dataclass(frozen=True, slots=True)
class AuctionRules:
    """The speeds and shares of the auctions.

    start_wad falls to cutoff_wad in fast_seconds, and that to 0 in slow_seconds; buffer_wad: how
    far past maintenance an account is brought; mark_min_wad: below it the whole account goes.
    """

    start_wad: int
    cutoff_wad: int
    fast_seconds: int
    slow_seconds: int
    insolvent_seconds: int
    buffer_wad: int
    fee_wad: int = 0
    mark_min_wad: int = 0

    def __post_init__(self) -> None:
        assert self.start_wad >= self.cutoff_wad >= 0, "an auction falls"


DEPLOYED: Final = AuctionRules(
    start_wad=95 * 10**16,
    cutoff_wad=70 * 10**16,
    fast_seconds=15 * 60,
    slow_seconds=12 * 3600,
    insolvent_seconds=3600,
    buffer_wad=15 * 10**16,
    fee_wad=10 * 10**16,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """An account in an auction: net maintenance, mark-to-market, cash that earlier bids paid."""

    maintenance_wad: int
    mark_to_market_wad: int
    reserved_cash_wad: int = 0


@dataclass(frozen=True, slots=True)
class Bid:
    """One bid taken: the share, the cash (from the bidder if positive), and what it must hold.

    from_module_wad and socialized_wad: of what a bidder is paid, by whom.
    """

    share_wad: int
    cash_wad: int
    bidder_cash_min_wad: int
    ends: bool
    from_module_wad: int = 0
    socialized_wad: int = 0


def discount_wad(rules: AuctionRules, elapsed_s: int) -> int:
    """Return the part of mark-to-market that a solvent auction asks for after some seconds.

    Rounding: up. In the slow leg the contract first cuts cutoff * seconds to whole seconds, so the
    discount moves in steps of 1 / slow_seconds.
    """
    assert elapsed_s >= 0, f"negative time: {elapsed_s}"
    if elapsed_s < rules.fast_seconds:
        fall = (rules.start_wad - rules.cutoff_wad) * elapsed_s
        return rules.start_wad - mul_div_down(fall, 1, rules.fast_seconds)
    slow = elapsed_s - rules.fast_seconds
    if slow >= rules.slow_seconds:
        return 0
    # multiplyDecimal, then divideDecimal: the contract takes plain seconds for wad in both.
    scaled = mul_div_down(rules.cutoff_wad, slow, WAD)
    return rules.cutoff_wad - mul_div_down(scaled, WAD, rules.slow_seconds)


def buffer_margin_wad(standing: Standing, rules: AuctionRules) -> int:
    """Return maintenance plus its distance from mark-to-market times the buffer: the aim."""
    distance = standing.maintenance_wad - standing.mark_to_market_wad
    return standing.maintenance_wad + _times(distance, rules.buffer_wad)


def max_share_wad(standing: Standing, rules: AuctionRules, *, discount_wad: int) -> int:
    """Return the largest share of the account that may be sold: what brings it to the buffer.

    f = BM / (BM - MtM * discount - reserved * (1 - discount)), BM at most 0; all of it where the
    mark-to-market is below the minimum.
    """
    mark = standing.mark_to_market_wad
    if mark < rules.mark_min_wad:
        return WAD
    buffer = min(0, buffer_margin_wad(standing, rules))
    kept = mul_div_down(standing.reserved_cash_wad, WAD - discount_wad, WAD)
    return mul_div_down(-buffer, WAD, -(buffer - _times(mark, discount_wad) - kept))


def liquidation_fee_wad(standing: Standing, rules: AuctionRules) -> int:
    """Return what a solvent account pays the security module when its auction starts."""
    if standing.mark_to_market_wad <= 0:
        return 0
    whole = Standing(standing.maintenance_wad, standing.mark_to_market_wad)
    share = max_share_wad(whole, rules, discount_wad=WAD)
    return _times(_times(share, standing.mark_to_market_wad), rules.fee_wad)


def start_is_solvent(standing: Standing) -> bool | Refused:
    """Return whether an auction of the account starts as a solvent one, or why none starts."""
    if standing.maintenance_wad >= 0:
        return Refused(AuctionRefusal.NOT_UNDER_MAINTENANCE, standing.maintenance_wad, -1)
    return standing.mark_to_market_wad > 0


def bid_solvent(
    standing: Standing, rules: AuctionRules, *, elapsed_s: int, share_wad: int
) -> Bid | Refused:
    """Sell a share of a solvent account (at most what is allowed).

    Returns:
        The cash due, (mark-to-market - reserved) * discount * share, or why no bid is taken.
    """
    assert 0 < share_wad <= WAD, f"share out of range: {share_wad}"
    reserved, mark = standing.reserved_cash_wad, standing.mark_to_market_wad
    if reserved > mark:
        return Refused(AuctionRefusal.RESERVED_CASH_ABOVE_MARK, reserved, mark)
    discount = discount_wad(rules, elapsed_s)
    price = _times(mark - reserved, discount)
    if price <= 0:
        return Refused(AuctionRefusal.SOLVENT_AUCTION_ENDED, price, 1)
    most = max_share_wad(standing, rules, discount_wad=discount)
    share = min(share_wad, most)
    cash = _times(price, share)
    covered = abs(buffer_margin_wad(standing, rules) - reserved)
    return Bid(share, cash, cash + _times(covered, share), ends=share_wad >= most)


def insolvent_payout_wad(standing: Standing, rules: AuctionRules, *, elapsed_s: int) -> int:
    """Return what a bidder on a whole insolvent account is paid, in wad, at least 0.

    Grows linearly from -min(MtM, 0) to -maintenance.
    """
    if standing.maintenance_wad >= 0:
        return 0
    mark = min(standing.mark_to_market_wad, 0)
    if elapsed_s >= rules.insolvent_seconds:
        return -standing.maintenance_wad
    distance = standing.maintenance_wad - mark
    moved = mul_div_toward_zero(distance, elapsed_s, denominator=rules.insolvent_seconds)
    return -(moved + mark)


def bid_insolvent(
    standing: Standing,
    rules: AuctionRules,
    *,
    elapsed_s: int,
    share_wad: int,
    module_cash_wad: int,
) -> Bid:
    """Hand a share of an insolvent account to a bidder, who is paid for it.

    The security module pays what it has; the rest is printed, which every holder of cash bears.
    """
    assert 0 < share_wad <= WAD, f"share out of range: {share_wad}"
    due = _times(insolvent_payout_wad(standing, rules, elapsed_s=elapsed_s), share_wad)
    paid = min(due, max(module_cash_wad, 0))
    return Bid(
        share_wad=share_wad,
        cash_wad=-due,
        bidder_cash_min_wad=_times(abs(standing.maintenance_wad), share_wad) - due,
        ends=share_wad == WAD,
        from_module_wad=paid,
        socialized_wad=due - paid,
    )


def is_withdrawal_blocked(insolvent_maintenance_wad: int, module_cash_wad: int) -> bool:
    """Return whether cash may not leave: the insolvent accounts need more than the module has."""
    return insolvent_maintenance_wad > 0 and insolvent_maintenance_wad > module_cash_wad


def _times(a: int, b_wad: int) -> int:
    return mul_div_toward_zero(a, b_wad, denominator=WAD)
