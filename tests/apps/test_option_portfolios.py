"""Portfolios from a chain: what they hold, what they are worth, and how they are held on."""

from dataclasses import replace

import pytest

from tests.conftest import DATA
from trimtab.adapters.files import ChainSnapshot, read_option_chain
from trimtab.apps.option_portfolios import (
    expiries_days,
    named_books,
    repriced,
    synthetic_snapshot,
)
from trimtab.protocols.option_book import value_wad
from trimtab.protocols.option_venues import VENUES
from trimtab.units import WAD, DataError, black76_value_wad

CHAIN = synthetic_snapshot()
BOOKS = {named.name: named.book for named in named_books(CHAIN)}


def test_the_synthetic_chain_has_four_expiries_and_a_smile() -> None:
    assert sorted(expiries_days(CHAIN).values()) == [7, 30, 90, 180]
    month = [row for row in CHAIN.rows if "-30D-" in row.name and row.is_call]
    assert len(month) == 21
    at = {row.strike_wad // WAD: row.vol_wad for row in month}
    assert at[60_000] == 55 * WAD // 100
    assert at[36_000] > at[60_000] < at[96_000]
    assert synthetic_snapshot() == CHAIN


def test_what_the_portfolios_hold() -> None:
    def held(name: str) -> list[tuple[str, int]]:
        return [(leg.name, leg.amount_wad // WAD) for leg in BOOKS[name].options]

    assert held("covered call") == [("BTC-30D-66000-C", -1)]
    assert held("short straddle") == [("BTC-30D-60000-C", -1), ("BTC-30D-60000-P", -1)]
    assert [amount for _, amount in held("iron condor")] == [1, -1, -1, 1]
    assert held("calendar") == [("BTC-30D-60000-C", -1), ("BTC-90D-60000-C", 1)]
    assert BOOKS["hedged strangle"].perp_wad == WAD // 5


def test_every_account_is_worth_a_coin_or_a_quarter_of_one() -> None:
    for name, book in BOOKS.items():
        worth = 60_000 if name == "covered call" else 15_000
        assert value_wad(book) == worth * WAD, name


def test_held_on_the_perpetual_is_settled_and_options_are_marked_afresh() -> None:
    higher = replace(CHAIN, index_wad=61_000 * WAD)
    book = BOOKS["hedged strangle"]
    found = repriced(book, higher)
    assert found is not None
    assert found.cash_wad - book.cash_wad == 200 * WAD
    assert found.options == book.options
    assert found.spot_wad == 61_000 * WAD


def test_an_option_that_is_not_listed_any_more_ends_the_holding() -> None:
    fewer = replace(CHAIN, rows=tuple(row for row in CHAIN.rows if "60000" not in row.name))
    assert repriced(BOOKS["short straddle"], fewer) is None
    assert repriced(BOOKS["covered call"], fewer) is not None


def test_an_expiry_that_is_not_listed_is_refused() -> None:
    with pytest.raises(DataError, match="no such expiry"):
        named_books(CHAIN, near_ns=1)


def real_chains(currency: str) -> tuple[ChainSnapshot, ...]:
    path = DATA / "options" / "deribit_option_chain_snapshots_2026.parquet"
    return read_option_chain(path, currency)


@pytest.fixture(scope="module")
def bitcoin() -> tuple[ChainSnapshot, ...]:
    return real_chains("BTC")


@pytest.mark.shared
def test_real_portfolios_have_the_strikes_and_times_that_were_asked_for(
    bitcoin: tuple[ChainSnapshot, ...],
) -> None:
    for snapshot in bitcoin[::10]:
        books = {named.name: named.book for named in named_books(snapshot)}
        near = books["short straddle"].options[0]
        assert 15 * 86_400 < near.seconds < 46 * 86_400
        assert abs(near.strike_wad - near.forward_wad) < near.forward_wad // 40
        strikes = [leg.strike_wad for leg in books["iron condor"].options]
        assert strikes == sorted(strikes)
        assert len(set(strikes)) == 4
        far = books["calendar"].options[1]
        assert far.seconds > 75 * 86_400


@pytest.mark.shared
def test_real_margins_are_explained_to_the_last_unit(bitcoin: tuple[ChainSnapshot, ...]) -> None:
    for snapshot in bitcoin[::17]:
        for named in named_books(snapshot):
            for assess in VENUES.values():
                found = assess(named.book)
                assert sum(charge.amount_wad for charge in found.charges) == found.initial_wad
                assert 0 <= found.maintenance_wad <= found.initial_wad


@pytest.mark.shared
def test_wings_make_a_strangle_cheaper_on_every_venue_and_day(
    bitcoin: tuple[ChainSnapshot, ...],
) -> None:
    for snapshot in bitcoin[::17]:
        condor = next(n.book for n in named_books(snapshot) if n.name == "iron condor")
        naked = replace(condor, options=condor.options[1:3])
        for venue, assess in VENUES.items():
            assert assess(condor).initial_wad < assess(naked).initial_wad, venue


@pytest.mark.shared
def test_black_76_of_the_chain_is_the_venue_s_own_mark(bitcoin: tuple[ChainSnapshot, ...]) -> None:
    """Mark prices in coins, from the chain's forward and volatility, for liquid strikes."""
    snapshot = bitcoin[0]
    gaps = []
    for row in snapshot.rows:
        forward = snapshot.forwards_wad[row.expiry_ns]
        if abs(row.strike_wad - forward) > forward // 10:
            continue
        value = black76_value_wad(
            forward,
            row.strike_wad,
            vol_wad=row.vol_wad,
            seconds=(row.expiry_ns - snapshot.at_ns) // 10**9,
            is_call=row.is_call,
        )
        gaps.append(abs(value / forward - row.mark_coins_wad / WAD))
    assert len(gaps) > 100
    assert sorted(gaps)[len(gaps) // 2] < 0.0002
    assert max(gaps) < 0.002


@pytest.mark.shared
def test_a_real_holding_goes_on_until_its_option_expires(
    bitcoin: tuple[ChainSnapshot, ...],
) -> None:
    first = bitcoin[0]
    expiry = sorted(first.forwards_wad)[9]
    book = named_books(first, near_ns=expiry, far_ns=max(first.forwards_wad))[1].book
    held = [snapshot for snapshot in bitcoin if repriced(book, snapshot) is not None]
    assert held[-1].at_ns < expiry
    assert all(snapshot.at_ns > expiry for snapshot in bitcoin if snapshot not in held)
    last = repriced(book, held[-1])
    assert last is not None
    assert [leg.name for leg in last.options] == [leg.name for leg in book.options]
    assert all(leg.seconds < 5 * 86_400 for leg in last.options)


@pytest.mark.shared
def test_ether_has_portfolios_of_its_own() -> None:
    snapshot = real_chains("ETH")[0]
    for named in named_books(snapshot):
        assert all(leg.name.startswith("ETH-") for leg in named.book.options)
        worth = snapshot.index_wad if named.name == "covered call" else snapshot.index_wad // 4
        assert value_wad(named.book) == worth
