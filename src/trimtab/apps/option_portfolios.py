"""Option portfolios that people hold, built from a snapshot of a chain; and a synthetic chain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from trimtab.adapters.files import ChainRow, ChainSnapshot
from trimtab.protocols.option_book import OptionBook, OptionLeg, option_value_wad
from trimtab.protocols.signed import mul_div_toward_zero
from trimtab.units import NANOSECONDS, WAD, DataError, div_down, mul_div_down, parse_decimal

DAY_NS = 86_400 * NANOSECONDS
NEAR_DAYS, FAR_DAYS = 30, 120


@dataclass(frozen=True, slots=True)
class NamedBook:
    """A portfolio with its name, and in a few words what it is."""

    name: str
    words: str
    book: OptionBook


def named_books(
    snapshot: ChainSnapshot, *, near_ns: int | None = None, far_ns: int | None = None
) -> tuple[NamedBook, ...]:
    """Return a covered call, a short straddle, an iron condor, a calendar and a hedged strangle.

    Each is for one coin; strikes are the listed ones nearest to 80 to 120 % of the forward. Cash is
    what the options brought or cost at mark, and a quarter of the index where no coin is held.

    Arguments:
        near_ns, far_ns: expiries; None: the listed ones nearest to 30 and to 120 days.
    """
    near = _expiry(snapshot, days=NEAR_DAYS) if near_ns is None else near_ns
    far = _expiry(snapshot, days=FAR_DAYS) if far_ns is None else far_ns

    def leg(percent: int, *, is_call: bool, amount: int, expiry_ns: int = near) -> OptionLeg:
        row = _nearest(snapshot, expiry_ns, percent=percent, is_call=is_call)
        return _leg(row, snapshot, amount_wad=amount * WAD)

    short_call = leg(100, is_call=True, amount=-1)
    short_put = leg(100, is_call=False, amount=-1)
    wings = (
        leg(80, is_call=False, amount=1),
        leg(90, is_call=False, amount=-1),
        leg(110, is_call=True, amount=-1),
        leg(120, is_call=True, amount=1),
    )
    far_call = _same_strike(snapshot, short_call, expiry_ns=far)
    strangle, fifth = (wings[1], wings[2]), div_down(WAD, 5)
    return (
        _funded(
            snapshot,
            "covered call",
            words="coin held, call sold above",
            legs=(wings[2],),
            base_wad=WAD,
        ),
        _funded(
            snapshot,
            "short straddle",
            words="call and put sold at the money",
            legs=(short_call, short_put),
        ),
        _funded(snapshot, "iron condor", words="strangle sold inside one bought", legs=wings),
        _funded(
            snapshot,
            "calendar",
            words="near call sold, far one bought",
            legs=(short_call, far_call),
        ),
        _funded(
            snapshot,
            "hedged strangle",
            words="strangle sold, a fifth of a perpetual long",
            legs=strangle,
            perp_wad=fifth,
        ),
    )


def repriced(book: OptionBook, snapshot: ChainSnapshot) -> OptionBook | None:
    """The same holdings at another snapshot's prices; None where an option is not listed there.

    What the perpetual gained or lost in between is settled into cash.
    """
    listed = {row.name: row for row in snapshot.rows}
    if any(leg.name not in listed for leg in book.options):
        return None
    legs = tuple(
        _leg(listed[leg.name], snapshot, amount_wad=leg.amount_wad) for leg in book.options
    )
    gain = mul_div_toward_zero(book.perp_wad, snapshot.index_wad - book.spot_wad, denominator=WAD)
    return replace(book, spot_wad=snapshot.index_wad, options=legs, cash_wad=book.cash_wad + gain)


def synthetic_snapshot() -> ChainSnapshot:
    """A chain that anybody may have: index 60,000, four expiries, a smile by a formula.

    Volatility is 0.55 + 0.6 * x**2 - 0.1 * x with x = strike / forward - 1, forwards carry 6 % a
    year; no market's prices.
    """
    at_ns = 1_767_254_400 * NANOSECONDS
    index = 60_000 * WAD
    forwards, rows = {}, []
    for days in (7, 30, 90, 180):
        expiry = at_ns + days * DAY_NS
        forwards[expiry] = index + mul_div_down(index, 6 * days, 36_500)
        rows += [
            row
            for percent in range(60, 161, 5)
            for row in _synthetic_rows(index, percent=percent, expiry_ns=expiry, days=days)
        ]
    return ChainSnapshot(at_ns, "BTC", index, forwards, tuple(rows))


def expiries_days(snapshot: ChainSnapshot) -> Mapping[int, int]:
    """Whole days to each expiry of a snapshot, by its time in ns."""
    return {expiry: div_down(expiry - snapshot.at_ns, DAY_NS) for expiry in snapshot.forwards_wad}


def _synthetic_rows(
    index_wad: int, *, percent: int, expiry_ns: int, days: int
) -> Sequence[ChainRow]:
    strike = mul_div_down(index_wad, percent, 100)
    away = (percent - 100) * WAD // 100
    smile = mul_div_down(parse_decimal("0.6", 18), away * away, WAD * WAD)
    vol = parse_decimal("0.55", 18) + smile - away // 10
    return [
        ChainRow(
            f"BTC-{days}D-{strike // WAD}-{'C' if is_call else 'P'}",
            strike,
            expiry_ns,
            is_call,
            vol,
            0,
        )
        for is_call in (True, False)
    ]


def _expiry(snapshot: ChainSnapshot, *, days: int) -> int:
    return min(snapshot.forwards_wad, key=lambda at: abs(at - snapshot.at_ns - days * DAY_NS))


def _nearest(snapshot: ChainSnapshot, expiry_ns: int, *, percent: int, is_call: bool) -> ChainRow:
    if expiry_ns not in snapshot.forwards_wad:
        raise DataError("the chain lists no such expiry", found=str(expiry_ns))
    wanted = mul_div_down(snapshot.forwards_wad[expiry_ns], percent, 100)
    rows = [row for row in snapshot.rows if row.expiry_ns == expiry_ns and row.is_call == is_call]
    return min(rows, key=lambda row: abs(row.strike_wad - wanted))


def _same_strike(snapshot: ChainSnapshot, leg: OptionLeg, *, expiry_ns: int) -> OptionLeg:
    rows = [row for row in snapshot.rows if row.expiry_ns == expiry_ns and row.is_call]
    row = min(rows, key=lambda row: abs(row.strike_wad - leg.strike_wad))
    return _leg(row, snapshot, amount_wad=WAD)


def _leg(row: ChainRow, snapshot: ChainSnapshot, *, amount_wad: int) -> OptionLeg:
    return OptionLeg(
        name=row.name,
        strike_wad=row.strike_wad,
        seconds=div_down(row.expiry_ns - snapshot.at_ns, NANOSECONDS),
        forward_wad=snapshot.forwards_wad[row.expiry_ns],
        vol_wad=row.vol_wad,
        is_call=row.is_call,
        amount_wad=amount_wad,
    )


def _funded(
    snapshot: ChainSnapshot,
    name: str,
    *,
    words: str,
    legs: tuple[OptionLeg, ...],
    base_wad: int = 0,
    perp_wad: int = 0,
) -> NamedBook:
    """An account whose value is a coin, or a quarter of one in cash, whatever it trades."""
    own = 0 if base_wad else div_down(snapshot.index_wad, 4)
    book = OptionBook(snapshot.index_wad, legs, base_wad, perp_wad)
    paid = sum(option_value_wad(leg) for leg in legs)
    return NamedBook(name, words, replace(book, cash_wad=own - paid))
