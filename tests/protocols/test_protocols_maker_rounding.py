"""Maker's vat and dog: every rounding and edge, in exact fractions and by single units."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols.maker import (
    AuctionRoom,
    Bark,
    MakerRefusal,
    Refused,
    Vault,
    VaultType,
    accrued_index_ray,
    adjust,
    health,
    liquidate,
    safety_price_ray,
)
from trimtab.units import RAY, WAD

# An index and a penalty that divide nothing evenly, and amounts of a few units.
ODD = VaultType(
    index_ray=RAY + 7,
    safety_price_ray=2,
    dust_rad=0,
    penalty_wad=WAD + WAD // 7,
    hole_rad=10**40,
    total_shares=1000,
)
WIDE = AuctionRoom(10**40, 0)
few = st.integers(1, 300)


@given(few, few, st.integers(1, 10**31), st.integers(0, 10**28))
def test_a_bark_in_fractions(collateral: int, shares: int, room: int, dust: int) -> None:
    terms = replace(ODD, hole_rad=room, dust_rad=dust)
    found = liquidate(Vault(collateral, shares), terms, limits=WIDE)
    fitting = floor(Fraction(floor(Fraction(room * WAD, terms.index_ray)), terms.penalty_wad))
    taken = min(shares, fitting)
    rest = (shares - taken) * terms.index_ray
    takes_dust = 0 < rest < dust
    taken = shares if takes_dust else taken
    lot = floor(Fraction(collateral * taken, shares))
    due = taken * terms.index_ray
    if not takes_dust and rest and due < dust:
        assert found == Refused(MakerRefusal.DUSTY_AUCTION, due, dust)
        return
    if lot == 0:
        assert found == Refused(MakerRefusal.NULL_AUCTION, 0, 1)
        return
    target = floor(Fraction(due * terms.penalty_wad, WAD))
    assert found == Bark(
        lot=lot,
        debt_shares=taken,
        due_rad=due,
        target_rad=target,
        room_rad=room,
        takes_dust=takes_dust,
        vault=Vault(collateral - lot, shares - taken),
        terms=replace(terms, on_auction_rad=target, total_shares=1000 - taken),
        limits=replace(WIDE, on_auction_rad=target),
    )


def test_shares_for_the_room_round_down_twice() -> None:
    """First by the index, 8/7 a unit short of the penalty; then by the penalty, 10/7 of a share."""
    short = VaultType(7, 1, 0, penalty_wad=1142857142857142858, hole_rad=8)
    assert liquidate(Vault(10, 10), short, limits=WIDE) == Refused(MakerRefusal.NULL_AUCTION, 0, 1)
    part = liquidate(Vault(10, 10), VaultType(7, 1, 0, WAD, hole_rad=10), limits=WIDE)
    assert isinstance(part, Bark)
    assert part.debt_shares == 1


def test_a_target_rounds_down() -> None:
    terms = VaultType(RAY + 1, 1, 0, WAD + 1, hole_rad=10**40)
    found = liquidate(Vault(1, 1), terms, limits=WIDE)
    assert isinstance(found, Bark)
    assert found.target_rad == RAY + 1 + RAY // WAD


def test_a_room_of_one_unit_is_room_and_of_none_is_not() -> None:
    one = liquidate(Vault(9, 10), VaultType(1, 1, 0, WAD, hole_rad=1), limits=WIDE)
    assert one == Refused(MakerRefusal.NULL_AUCTION, 0, 1)
    none = liquidate(Vault(10, 10), replace(ODD, hole_rad=0), limits=WIDE)
    assert none == Refused(MakerRefusal.LIMIT_HIT, 0, 1)


def test_a_rest_of_one_unit_is_dust() -> None:
    terms = VaultType(1, 1, dust_rad=2, penalty_wad=WAD, hole_rad=9)
    found = liquidate(Vault(9, 10), terms, limits=WIDE)
    assert isinstance(found, Bark)
    assert found.takes_dust
    assert found.debt_shares == 10


def test_what_is_too_small_for_an_auction_is_told() -> None:
    terms = VaultType(3, 1, dust_rad=10, penalty_wad=WAD, hole_rad=8)
    found = liquidate(Vault(1, 10), terms, limits=WIDE)
    assert found == Refused(MakerRefusal.DUSTY_AUCTION, 6, 10)


def test_shares_leave_the_type_and_never_below_none() -> None:
    found = liquidate(Vault(10, 30), replace(ODD, total_shares=100), limits=WIDE)
    assert isinstance(found, Bark)
    assert found.terms.total_shares == 70
    short = liquidate(Vault(10, 30), replace(ODD, total_shares=20), limits=WIDE)
    assert isinstance(short, Bark)
    assert short.terms.total_shares == 0


def test_a_price_of_one_unit_is_a_price() -> None:
    assert health(Vault(1, 1), replace(ODD, safety_price_ray=1)).is_liquidatable
    assert not health(Vault(1, 1), replace(ODD, safety_price_ray=0)).is_liquidatable


def test_an_index_rounds_down() -> None:
    # (1 + 1e-27)^2 = 1 + 2e-27 + 1e-54
    assert accrued_index_ray(RAY + 1, RAY + 1, seconds=1) == RAY + 2


def test_a_safety_price_rounds_down_at_its_first_division() -> None:
    # 1 / 3 of 1e9 ray units, floored to 333333333, and that over a ratio of 1e-9: exact again.
    assert safety_price_ray(1, 3 * RAY, ratio_ray=10**18) == 333333333 * 10**9


CALM = VaultType(
    index_ray=3,
    safety_price_ray=3,
    dust_rad=30,
    penalty_wad=WAD,
    hole_rad=10**6,
    ceiling_rad=300,
    total_shares=90,
)


def changed(
    vault: Vault, collateral: int, *, shares: int, debt: int = 270, ceiling: int = 10**6
) -> Vault | Refused:
    return adjust(
        vault,
        CALM,
        collateral_change=collateral,
        shares_change=shares,
        total_debt_rad=debt,
        total_ceiling_rad=ceiling,
    )


def test_ceilings_are_reached_exactly_and_not_passed() -> None:
    vault = Vault(1000, 10)
    assert changed(vault, 0, shares=10) == Vault(1000, 20)
    assert changed(vault, 0, shares=11) == Refused(MakerRefusal.CEILING_EXCEEDED, 303, 300)
    assert changed(vault, 0, shares=1, ceiling=273) == Vault(1000, 11)
    over = changed(vault, 0, shares=1, ceiling=272)
    assert over == Refused(MakerRefusal.CEILING_EXCEEDED, 273, 272)


def test_ceilings_bind_new_debt_alone_and_its_first_unit() -> None:
    above = replace(CALM, ceiling_rad=0)
    ask = {"total_debt_rad": 900, "total_ceiling_rad": 10}
    free = adjust(Vault(1000, 10), above, collateral_change=5, shares_change=0, **ask)
    assert free == Vault(1005, 10)
    one = adjust(Vault(1000, 10), above, collateral_change=0, shares_change=1, **ask)
    assert one == Refused(MakerRefusal.CEILING_EXCEEDED, 273, 0)
    typed = replace(CALM, ceiling_rad=10**6)
    one = adjust(Vault(1000, 10), typed, collateral_change=0, shares_change=1, **ask)
    assert one == Refused(MakerRefusal.CEILING_EXCEEDED, 903, 10)


def test_the_first_unit_of_risk_asks_for_safety() -> None:
    edge = Vault(10, 10)
    assert health(edge, CALM).excess_rad == 0
    assert changed(edge, 0, shares=1) == Refused(MakerRefusal.NOT_SAFE, 30, 33)
    assert changed(edge, -1, shares=0) == Refused(MakerRefusal.NOT_SAFE, 27, 30)
    unsafe = Vault(5, 12)
    assert changed(unsafe, 0, shares=-1) == Vault(5, 11)
    assert changed(unsafe, 1, shares=0) == Vault(6, 12)
    assert changed(unsafe, 0, shares=0) == unsafe


def test_a_debt_of_exactly_dust_may_stay() -> None:
    assert changed(Vault(1000, 11), 0, shares=-1) == Vault(1000, 10)
    assert changed(Vault(1000, 10), 0, shares=-1) == Refused(MakerRefusal.DUST, 27, 30)
    assert changed(Vault(1000, 10), 0, shares=-10) == Vault(1000, 0)


def test_what_a_vault_and_its_type_may_be() -> None:
    plain = VaultType(1, 0, 0, WAD, 0)
    assert (plain.on_auction_rad, plain.ceiling_rad, plain.total_shares) == (0, 0, 0)
    for wrong in ({"index_ray": 0}, {"penalty_wad": WAD - 1}):
        with pytest.raises(AssertionError):
            replace(plain, **wrong)
    for wrong in ((-1, 0), (0, -1)):
        with pytest.raises(AssertionError):
            Vault(*wrong)
