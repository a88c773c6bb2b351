"""Read models of the venue as a whole: overview, funds, waterfall, oracle, breakers."""

from typing import Any

from trimtab.apps.service.board import Heard, Reading
from trimtab.apps.service.figures import book, histogram, text
from trimtab.apps.summaries import wad_text
from trimtab.engine import Draft, debt_amount, supply_amount
from trimtab.model import (
    BACKSTOP,
    INSURANCE,
    SINGLE,
    MarketState,
    OracleState,
    Payer,
    PriceState,
    Table,
    VenueState,
    contract_decimals,
)
from trimtab.units import NANOSECONDS, Time, format_decimal, mul_div_down, pow10

AT_RISK = "1.1"


def when(at_ns: int) -> str:
    """A time as text, UTC."""
    return Time(at_ns).text()


def overview(reading: Reading, *, acting: bool) -> dict[str, Any]:
    """The venue in one page: totals, health distribution, breaker, funds, prices."""
    figures, rules = book(reading), reading.draft.rules
    debt, locked = float(figures.debt.sum()), float(figures.collateral.sum())
    equity = float(figures.equity.sum())
    waiting = [reading.columns.number[key] for key in reading.waiting]
    tally = reading.tally
    return {
        "venue": rules.venue,
        "quote": rules.quote,
        "as_of": when(reading.at_ns),
        "version": reading.version,
        "journal_number": reading.number,
        "acting": acting,
        "accounts": len(figures.keys),
        "accounts_with_debt": int((figures.debt > 0).sum()),
        "collateral": text(locked),
        "debt": text(debt),
        "equity": text(equity),
        "aggregate_leverage": text(locked / equity) if equity > 0 else None,
        "debt_over_collateral": text(debt / locked) if locked > 0 else None,
        "debt_at_risk": text(float(figures.at_risk.sum())),
        "debt_at_risk_below_health": AT_RISK,
        "shortfall": text(float(-figures.equity[figures.equity < 0].sum())),
        "unsafe_accounts": len(waiting),
        "unsafe_debt": text(float(figures.debt[waiting].sum())) if waiting else "0",
        "health_histogram": histogram(figures),
        "breaker_level": breakers(reading)["level"],
        "insurance": text(_fund_value(reading.draft, INSURANCE)),
        "backstop": text(_fund_value(reading.draft, BACKSTOP)),
        "liquidations": tally.liquidations + tally.position_liquidations,
        "repaid": wad_text(tally.repaid_wad),
        "seized": wad_text(tally.seized_wad),
        "bad_debt": wad_text(tally.bad_debt_wad),
        "prices": prices(reading),
        "markets": markets(reading),
    }


def prices(reading: Reading) -> dict[str, str | None]:
    """Accepted prices, quote per whole unit; None where there is none."""
    found = {}
    for asset in reading.draft.rules.assets:
        mark = reading.draft.mark_if_priced(asset)
        found[asset] = None if mark is None else wad_text(mark.price_wad)
    return found


def markets(reading: Reading) -> list[dict[str, Any]]:
    """What stands open in each derivatives market, in whole units of its contract."""
    rules, found = reading.draft.rules, []
    for name in sorted(rules.markets):
        state = reading.store.get(Table.MARKET, name)
        if isinstance(state, MarketState):
            decimals = contract_decimals(rules, rules.markets[name])
            found.append(
                {
                    "market": name,
                    "mark_price": wad_text(state.mark_wad or None),
                    "long": format_decimal(state.long, decimals),
                    "short": format_decimal(state.short, decimals),
                    "funding_rate": wad_text(state.rate_wad),
                }
            )
    return found


def breakers(reading: Reading) -> dict[str, Any]:
    """The breaker: the level in force, the operator's, and what rules tripped."""
    venue = reading.store.get(Table.VENUE, SINGLE)
    assert isinstance(venue, VenueState), "a venue has a state"
    trips = [
        {"cause": cause, "level": trip.level, "until": when(trip.until_s * NANOSECONDS)}
        for cause, trip in sorted(venue.trips.items())
        if trip.until_s > reading.draft.now_s
    ]
    level = max([venue.breaker_level, *(int(str(trip["level"])) for trip in trips)])
    return {
        "as_of": when(reading.at_ns),
        "level": level,
        "operator_level": venue.breaker_level,
        "trips": trips,
        "meaning": MEANING[level],
    }


MEANING = (
    "open",
    "no action that increases risk",
    "also no new liquidation, auction start or reset",
    "also no auction fill",
)


def funds(reading: Reading) -> dict[str, Any]:
    """The funds that pay losses, and the pools they stand beside."""
    draft = reading.draft
    return {
        "as_of": when(reading.at_ns),
        "quote": draft.rules.quote,
        "insurance": _fund(draft, INSURANCE),
        "backstop": _fund(draft, BACKSTOP),
        "pools": [_pool(draft, asset) for asset in sorted(draft.rules.assets)],
    }


def _fund(draft: Draft, key: str) -> dict[str, Any]:
    holdings = {}
    for asset, shares in draft.account(key).supply.items():
        amount = supply_amount(draft.pool(asset), shares)
        holdings[asset] = format_decimal(amount, draft.rules.assets[asset].decimals)
    return {"value": text(_fund_value(draft, key)), "holdings": holdings}


def _fund_value(draft: Draft, key: str) -> float:
    total, account = 0, draft.account(key)
    for asset, shares in account.supply.items():
        mark = draft.mark_if_priced(asset)
        total += 0 if mark is None else supply_amount(mark.pool, shares) * mark.unit
    for asset, shares in account.debt.items():
        mark = draft.mark_if_priced(asset)
        total -= 0 if mark is None else debt_amount(mark.pool, shares) * mark.unit
    return total / pow10(54)


def _pool(draft: Draft, asset: str) -> dict[str, Any]:
    pool, decimals = draft.pool(asset), draft.rules.assets[asset].decimals
    names = ("cash", "supplied", "borrowed", "reserves", "minted", "deficit")
    return {"asset": asset} | {
        name: format_decimal(getattr(pool, name), decimals) for name in names
    }


def waterfall(reading: Reading, losses: list[Heard]) -> dict[str, Any]:
    """Who paid for losses since the start, in the order of the payers, and the latest losses."""
    tally = reading.tally
    return {
        "as_of": when(reading.at_ns),
        "quote": reading.draft.rules.quote,
        "bad_debt": wad_text(tally.bad_debt_wad),
        "payers": [
            {"payer": str(payer), "paid": wad_text(tally.loss_wad[payer])} for payer in Payer
        ],
        "open_deficits": {
            asset: format_decimal(pool.deficit, draft_decimals)
            for asset, draft_decimals in _decimals(reading).items()
            if (pool := reading.draft.pool(asset)).deficit
        },
        "losses": [heard(one, reading) for one in losses],
    }


def _decimals(reading: Reading) -> dict[str, int]:
    return {name: rules.decimals for name, rules in reading.draft.rules.assets.items()}


def heard(one: Heard, reading: Reading) -> dict[str, Any]:
    """An event for readers: exact decimals, whole units of its asset."""
    rules, event = reading.draft.rules, one.event
    places = None
    if event.asset in rules.assets:
        places = rules.assets[event.asset].decimals
    elif event.asset in rules.markets:
        places = contract_decimals(rules, rules.markets[event.asset])
    quantity = None if places is None else format_decimal(event.quantity, places)
    return {
        "number": one.number,
        "at": when(one.at_ns),
        "source": one.source,
        "kind": str(event.kind),
        "account": event.account or None,
        "asset": event.asset or None,
        "quantity": quantity if event.quantity else None,
        "price": wad_text(event.price or None),
        "value": wad_text(event.value or None),
        "payer": str(event.payer) if event.payer else None,
        "reason": event.reason or None,
    }


def now_seen(reading: Reading, clock_ns: int) -> int:
    """The moment by which readers are told ages: the later of the clock and the venue, ns UTC."""
    return max(clock_ns, reading.at_ns)


def price_age_ns(reading: Reading, asset: str, *, now_ns: int) -> int:
    """How old an asset's own price is, ns; 0 for the quote, and where there is none."""
    state = reading.store.get(Table.PRICE, asset)
    own = isinstance(state, PriceState) and asset != reading.draft.rules.quote
    return max(0, now_ns - state.at_ns) if own and isinstance(state, PriceState) else 0


def oracle(reading: Reading, *, now_ns: int, old_after_ns: int) -> dict[str, Any]:
    """Every asset's accepted price, its age, and what each source last said.

    Arguments:
        now_ns: by which moment ages are told, ns UTC.
        old_after_ns: the age from which on a price is old.
    """
    draft = reading.draft
    return {
        "as_of": when(reading.at_ns),
        "quote": draft.rules.quote,
        "assets": [
            _price_row(reading, asset, now_ns=now_ns)
            | {"old": price_age_ns(reading, asset, now_ns=now_ns) > old_after_ns}
            for asset in sorted(draft.rules.assets)
        ],
    }


def _price_row(reading: Reading, asset: str, *, now_ns: int) -> dict[str, Any]:
    draft = reading.draft
    mark, state = draft.mark_if_priced(asset), reading.store.get(Table.PRICE, asset)
    stands = reading.store.get(Table.ORACLE, asset)
    behind = stands if isinstance(stands, OracleState) else OracleState(asset)
    own = asset != draft.rules.quote
    age_ns = now_ns - state.at_ns if own and isinstance(state, PriceState) else None
    stable = behind.stable
    return {
        "asset": asset,
        "price": None if mark is None else wad_text(mark.price_wad),
        "age_seconds": None if age_ns is None else _seconds(age_ns),
        "stable_price": None if stable is None else wad_text(stable.price_wad),
        "refused_in_a_row": behind.refused,
        "underlying": draft.rules.assets[asset].underlying or None,
        "sources": [
            {
                "source": name,
                "price": wad_text(said.price_wad),
                "confidence": wad_text(said.confidence_wad),
                "published": when(said.published_ns),
                "age_seconds": _seconds(now_ns - said.published_ns),
            }
            for name, said in sorted(behind.observations.items())
        ],
    }


def _seconds(nanoseconds: int) -> str:
    """Seconds as decimal text, rounded down to milliseconds."""
    return format_decimal(mul_div_down(max(0, nanoseconds), 1000, NANOSECONDS), 3)
