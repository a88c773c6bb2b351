"""Maker: when a vault is safe, and what the dog takes of one that is not.

Source: makerdao/dss, commit fa4f6630 (Liquidations 2.0): src/vat.sol, src/spot.sol, src/dog.sol,
src/jug.sol. Here `collateral` is the contract's ink, `debt_shares` art, `index_ray` rate,
`safety_price_ray` spot, `penalty_wad` chop, `room` hole less dirt and `target_rad` tab.

Units: collateral and debt shares in wad, prices and indices in ray, debts in rad (1e-45): wad times
ray is rad, so that the ledger never divides. Refusals are returned, never raised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum, unique
from typing import Final

from trimtab.units import WAD, div_down, mul_div_down, pow_ray, ray_div_down, ray_mul_down

# The feed has 18 decimals and spot 27.
_FEED_TO_RAY: Final = 10**9


@unique
class MakerRefusal(StrEnum):
    """Why the vat or the dog does nothing."""

    CEILING_EXCEEDED = "ceiling_exceeded"
    NOT_SAFE = "not_safe"
    DUST = "dust"
    NOT_UNSAFE = "not_unsafe"
    LIMIT_HIT = "limit_hit"
    DUSTY_AUCTION = "dusty_auction"
    NULL_AUCTION = "null_auction"


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that the contract reverts: the rule, what was found and what it asks for."""

    reason: MakerRefusal
    found: int
    needed: int


@dataclass(frozen=True, slots=True)
class Vault:
    """One vault: collateral in wad and debt in shares (wad); debt = shares times the index."""

    collateral: int
    debt_shares: int

    def __post_init__(self) -> None:
        assert self.collateral >= 0, f"negative collateral: {self.collateral}"
        assert self.debt_shares >= 0, f"negative debt: {self.debt_shares}"


@dataclass(frozen=True, slots=True)
class VaultType:
    """The state and rules of one collateral type.

    index_ray: debt per share; safety_price_ray: the price already divided by the liquidation ratio,
    0 while the feed is invalid; dust_rad: smallest debt of a vault; penalty_wad: at least 1e18;
    hole_rad and on_auction_rad: the most and the present debt with penalty in running auctions;
    ceiling_rad and total_shares: the debt ceiling of the type and its shares in all.
    """

    index_ray: int
    safety_price_ray: int
    dust_rad: int
    penalty_wad: int
    hole_rad: int
    on_auction_rad: int = 0
    ceiling_rad: int = 0
    total_shares: int = 0

    def __post_init__(self) -> None:
        assert self.index_ray > 0, "the type is not initialized"
        assert self.penalty_wad >= WAD, f"penalty below one: {self.penalty_wad}"


@dataclass(frozen=True, slots=True)
class AuctionRoom:
    """The limit on debt in auctions over all types, and what is in auctions now, in rad."""

    hole_rad: int
    on_auction_rad: int


@dataclass(frozen=True, slots=True)
class VaultHealth:
    """What decides: collateral at the safety price against debt, both in rad.

    `is_safe` is the vat's test (equality is safe); `is_liquidatable` the dog's, which also asks for
    a valid price.
    """

    backing_rad: int
    debt_rad: int
    is_safe: bool
    is_liquidatable: bool

    @property
    def excess_rad(self) -> int:
        """Return backing less debt, signed; safe from zero on."""
        return self.backing_rad - self.debt_rad


@dataclass(frozen=True, slots=True)
class Bark:
    """One liquidation: what was taken, what the auction has to raise and what is left behind.

    lot: collateral to the auction, wad; debt_shares: taken, wad; due_rad: their debt, which enters
    the queue of bad debt; target_rad: due with penalty; room_rad: the room there was;
    takes_dust: the rest would have been dusty, so the whole vault went, past the limit if need be.
    """

    lot: int
    debt_shares: int
    due_rad: int
    target_rad: int
    room_rad: int
    takes_dust: bool
    vault: Vault
    terms: VaultType
    limits: AuctionRoom


def safety_price_ray(price_wad: int, par_ray: int, *, ratio_ray: int) -> int:
    """Return the price at which the vat values collateral (Spotter.poke).

    Args:
        price_wad: the feed, in wad of dollars; par_ray: dollars per DAI, positive.
        ratio_ray: the liquidation ratio, 1.5e27 for 150 %, positive.

    Returns:
        price / par / ratio in ray, floored after each division.
    """
    return ray_div_down(ray_div_down(price_wad * _FEED_TO_RAY, par_ray), ratio_ray)


def accrued_index_ray(index_ray: int, rate_ray: int, *, seconds: int) -> int:
    """Return the index after `seconds` of a stability fee (Jug.drip).

    Args:
        index_ray: now, in ray; rate_ray: base + duty, 1e27 plus the rate per second.

    Returns:
        floor(index * rate ** seconds); the power by square and multiply with half-up products.
    """
    return ray_mul_down(pow_ray(rate_ray, seconds), index_ray)


def health(vault: Vault, terms: VaultType) -> VaultHealth:
    """Return whether a vault is safe: collateral * safety price >= shares * index, exactly."""
    backing = vault.collateral * terms.safety_price_ray
    debt = vault.debt_shares * terms.index_ray
    return VaultHealth(
        backing_rad=backing,
        debt_rad=debt,
        is_safe=backing >= debt,
        is_liquidatable=terms.safety_price_ray > 0 and backing < debt,
    )


def adjust(
    vault: Vault,
    terms: VaultType,
    *,
    collateral_change: int,
    shares_change: int,
    total_debt_rad: int,
    total_ceiling_rad: int,
) -> Vault | Refused:
    """Lock or free collateral and draw or wipe debt, as Vat.frob allows (consent left out).

    Args:
        collateral_change: signed, wad; shares_change: signed, wad.
        total_debt_rad: of the whole system before the call; total_ceiling_rad: its limit.

    Returns:
        The vault after, or why not: ceilings bind new debt only, safety binds what adds risk, and
        a vault has no debt or at least `dust_rad`.
    """
    after = Vault(vault.collateral + collateral_change, vault.debt_shares + shares_change)
    type_debt = (terms.total_shares + shares_change) * terms.index_ray
    system_debt = total_debt_rad + shares_change * terms.index_ray
    if shares_change > 0 and type_debt > terms.ceiling_rad:
        return Refused(MakerRefusal.CEILING_EXCEEDED, type_debt, terms.ceiling_rad)
    if shares_change > 0 and system_debt > total_ceiling_rad:
        return Refused(MakerRefusal.CEILING_EXCEEDED, system_debt, total_ceiling_rad)
    checked = health(after, terms)
    adds_risk = shares_change > 0 or collateral_change < 0
    if adds_risk and not checked.is_safe:
        return Refused(MakerRefusal.NOT_SAFE, checked.backing_rad, checked.debt_rad)
    if after.debt_shares and checked.debt_rad < terms.dust_rad:
        return Refused(MakerRefusal.DUST, checked.debt_rad, terms.dust_rad)
    return after


def liquidate(vault: Vault, terms: VaultType, *, limits: AuctionRoom) -> Bark | Refused:
    """Take an unsafe vault, or the part that the limits leave room for (Dog.bark).

    Args:
        vault, terms: the vault and its type; limits: the room over all types.

    Returns:
        What goes to auction and the states after, or why nothing does.

    Rounding: shares for the room down twice (by index, then by penalty), collateral down, target
    down: the owner keeps the rest.
    """
    checked = health(vault, terms)
    if not checked.is_liquidatable:
        return Refused(MakerRefusal.NOT_UNSAFE, checked.backing_rad, checked.debt_rad)
    room = min(limits.hole_rad - limits.on_auction_rad, terms.hole_rad - terms.on_auction_rad)
    if room <= 0:
        return Refused(MakerRefusal.LIMIT_HIT, room, 1)
    fitting = div_down(mul_div_down(room, WAD, terms.index_ray), terms.penalty_wad)
    taken = min(vault.debt_shares, fitting)
    rest_rad = (vault.debt_shares - taken) * terms.index_ray
    takes_dust = 0 < rest_rad < terms.dust_rad
    if takes_dust:
        taken = vault.debt_shares
    elif rest_rad and taken * terms.index_ray < terms.dust_rad:
        due = taken * terms.index_ray
        return Refused(MakerRefusal.DUSTY_AUCTION, due, terms.dust_rad)
    lot = mul_div_down(vault.collateral, taken, vault.debt_shares)
    if lot == 0:
        return Refused(MakerRefusal.NULL_AUCTION, lot, 1)
    return _bark(vault, terms, limits=limits, taken=taken, lot=lot, room=room, dust=takes_dust)


def _bark(
    vault: Vault,
    terms: VaultType,
    *,
    limits: AuctionRoom,
    taken: int,
    lot: int,
    room: int,
    dust: bool,
) -> Bark:
    due = taken * terms.index_ray
    target = mul_div_down(due, terms.penalty_wad, WAD)
    return Bark(
        lot=lot,
        debt_shares=taken,
        due_rad=due,
        target_rad=target,
        room_rad=room,
        takes_dust=dust,
        vault=Vault(vault.collateral - lot, vault.debt_shares - taken),
        terms=replace(
            terms,
            on_auction_rad=terms.on_auction_rad + target,
            total_shares=max(0, terms.total_shares - taken),
        ),
        limits=replace(limits, on_auction_rad=limits.on_auction_rad + target),
    )
