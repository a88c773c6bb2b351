"""The twin of Morpho Blue against its bytecode: markets, liquidations, and the curve of rates."""

from __future__ import annotations

from random import Random

import pytest
from eth_abi import encode

from tests.oracle import morpho_market
from tests.oracle.chain import ADMIN, Chain
from tests.oracle.drawing import flip, log_uniform
from tests.oracle.morpho_market import BORROWER, DEBTOR, PARAMS, Venue
from tests.oracle.morpho_mirror import Mirror
from tests.oracle.tally import Tally
from trimtab.protocols.morpho import (
    FEE_WAD_MAX,
    PRICE_SCALE,
    Position,
    Refused,
    borrow,
    health,
    liquidate,
)
from trimtab.protocols.morpho_rates import adaptive_curve_rate
from trimtab.units import WAD

pytestmark = pytest.mark.oracle

MARKETS = 4_000
CURVES = 500
CURVE_CALLS = 5
CALLS_MAX = 3
PLEDGE_MAX = 2**127  # below what Morpho stores
DAY = 86_400
YEAR = 365 * DAY
SHAPES = ("edge", "edge", "edge", "near", "near", "crash", "crash", "dear")
SIZES = ("few", "any", "any", "all", "all", "edge", "edge", "nothing", "both", "beyond")
COMMON_LLTVS = (385, 625, 770, 860, 915, 945, 965, 980)
BORROW_RATE = f"borrowRate({PARAMS},(uint128,uint128,uint128,uint128,uint128,uint128))"


@pytest.fixture(scope="module")
def venue() -> Venue:
    return morpho_market.deploy(Chain())


def test_markets_equal_those_of_the_bytecode(venue: Venue, tally: Tally) -> None:
    tally.begin("morpho blue", first=("markets", "liquidations", "liquidations refused"))
    for number in range(MARKETS):
        saved = venue.chain.save()
        play(venue, tally, number=number)
        venue.chain.restore(saved)
        tally.counts["markets"] += 1
    tally.demand("markets", 2_000)
    tally.demand("liquidations", 2_000)
    tally.demand("liquidations with bad debt", 200)
    tally.demand("borrows", 2_000)


def play(venue: Venue, tally: Tally, *, number: int) -> None:
    """One market with two borrowers, and liquidations of the second at a few prices."""
    rng = Random(f"morpho {number}")
    mirror = open_market(venue, tally, rng=rng, where=f"market {number}")
    borrow_at_the_limit(mirror, rng)
    mirror.wait(rng.choice((0, 1, rng.randrange(30 * DAY), rng.randrange(YEAR))))
    if mirror.borrower.collateral and rng.random() < 0.5:
        withdraw_at_the_limit(mirror, rng)
    for price in moved_prices(mirror, rng):
        mirror.set_price(price)
        for _ in range(CALLS_MAX):
            liquidate_once(mirror, rng)
            if rng.random() < 0.3:
                mirror.wait(rng.randrange(DAY))


def open_market(venue: Venue, tally: Tally, *, rng: Random, where: str) -> Mirror:
    """A lender, a first debtor whom nothing threatens, and some time."""
    lltv = rng.choice((rng.choice(COMMON_LLTVS) * WAD // 1_000, rng.randrange(WAD // 100, WAD)))
    fee = rng.choice((0, FEE_WAD_MAX, rng.randrange(FEE_WAD_MAX)))
    mirror = Mirror.of(venue, tally, where=where, lltv_wad=lltv, fee_wad=fee)
    mirror.set_rate(rng.choice((0, round(log_uniform(rng, 6, 11.5)))))
    mirror.set_price(round(log_uniform(rng, -14, 14) * PRICE_SCALE))
    size = rng.choice((rng.randrange(1, 100), round(log_uniform(rng, 3, 26))))
    mirror.supply(size)
    if rng.random() < 0.8:
        part = rng.randrange(size // 2 + 1)
        needed = part * PRICE_SCALE * WAD // (mirror.price * lltv)
        enough = 10 * needed + 10 * PRICE_SCALE // mirror.price + 10
        mirror.pledge(DEBTOR, min(enough, PLEDGE_MAX))
        mirror.borrow(DEBTOR, part)
    mirror.wait(rng.choice((0, rng.randrange(YEAR))))
    return mirror


def borrow_at_the_limit(mirror: Mirror, rng: Random) -> None:
    """The second borrower takes what he may: just that, one more, or a part of it."""

    def refused(assets: int) -> bool:
        found = borrow(mirror.borrower, mirror.price, market=mirror.market, assets=assets)
        return isinstance(found, Refused)

    free = mirror.market.supply_assets - mirror.market.borrow_assets
    wanted = max(round(free * rng.uniform(0.01, 1.1)), 1)
    pledge = wanted * PRICE_SCALE * WAD // (mirror.price * mirror.market.lltv_wad)
    pledge = pledge or rng.randrange(1, 4)
    mirror.pledge(BORROWER, min(pledge, PLEDGE_MAX))
    limit = flip(refused, 1, 2 * wanted + 10)
    if limit is None:
        mirror.borrow(BORROWER, wanted)
        return
    mirror.borrow(BORROWER, limit + 1)
    mirror.borrow(BORROWER, limit if rng.random() < 0.7 else rng.randrange(1, limit + 1))


def withdraw_at_the_limit(mirror: Mirror, rng: Random) -> None:
    held = mirror.borrower

    def unhealthy(assets: int) -> bool:
        left = Position(held.collateral - assets, held.borrow_shares)
        return not health(left, mirror.price, market=mirror.market).healthy

    limit = flip(unhealthy, 0, held.collateral)
    mirror.withdraw(rng.randrange(1, held.collateral + 1) if limit is None else limit + 1)
    if limit and rng.random() < 0.5:
        mirror.withdraw(limit)


def moved_prices(mirror: Mirror, rng: Random) -> list[int]:
    """Prices at which the second borrower is liquidated, or just is not."""
    held, price = mirror.borrower, mirror.price

    def healthy(price: int) -> bool:
        return health(held, price, market=mirror.market).healthy

    edge = flip(healthy, 1, 10**60)
    if edge is None:
        return [price]
    shape = rng.choice(SHAPES)
    if shape == "edge":
        return [edge + 1, edge]
    if shape == "near":
        return [max(round(edge * rng.uniform(0.8, 1)), 1)]
    if shape == "crash":
        return [max(round(edge * log_uniform(rng, -6, 0)), 1)]
    return [max(round(edge * log_uniform(rng, -1, 0)), 1), max(round(edge * 0.2), 1)]


def liquidate_once(mirror: Mirror, rng: Random) -> None:
    seized, shares = draw_size(mirror, rng)
    found = mirror.liquidate(seized, repaid_shares=shares)
    counts = mirror.tally.counts
    if isinstance(found, Refused):
        counts["liquidations refused"] += 1
        counts[f"refused: {found.reason}"] += 1
        return
    counts["liquidations"] += 1
    counts["liquidations by seized assets" if seized else "liquidations by repaid shares"] += 1
    counts["liquidations with bad debt"] += found.bad_debt_shares > 0
    counts["debt one unit below the edge"] += found.before.debt_assets == found.before.debt_max + 1
    counts["one unit of collateral left"] += found.position.collateral == 1
    counts["whole debt repaid"] += found.position.borrow_shares == 0 == found.bad_debt_shares


def draw_size(mirror: Mirror, rng: Random) -> tuple[int, int]:
    """Collateral to seize or shares to repay: one of the two is nothing, but for some."""
    held, by_shares = mirror.borrower, rng.random() < 0.5
    whole = held.borrow_shares if by_shares else held.collateral
    size = rng.choice(SIZES)
    if size in ("nothing", "both"):
        amount = int(size == "both")
        return amount, amount
    if size == "few":
        amount = rng.randrange(1, 4)
    elif size == "all":
        amount = max(whole + rng.choice((0, 0, 0, -1)), 1)
    elif size == "beyond":
        amount = whole + rng.choice((1, 2 ** rng.randrange(100)))
    elif size == "edge":
        amount = edge_size(mirror, whole, by_shares=by_shares) + rng.choice((0, 0, 1))
    else:
        amount = rng.randrange(1, whole + 2)
    return (0, amount) if by_shares else (amount, 0)


def edge_size(mirror: Mirror, whole: int, *, by_shares: bool) -> int:
    """The most that the other side of the position allows."""

    def refused(amount: int) -> bool:
        shares, seized = (amount, 0) if by_shares else (0, amount)
        order = {"market": mirror.market, "seized": seized, "repaid_shares": shares}
        return isinstance(liquidate(mirror.borrower, mirror.price, **order), Refused)

    return flip(refused, 1, whole) or max(whole, 1)


def test_curves_equal_those_of_the_bytecode(tally: Tally) -> None:
    """The caller stands in for Morpho; time passes between the calls of one market."""
    tally.begin("morpho adaptive curve", first=("rates",))
    chain = Chain()
    code = morpho_market.creation_code(morpho_market.CURVE_CODE)
    model = chain.deploy(code, "(address)", ADMIN)
    for number in range(CURVES):
        follow_curve(chain, model, number=number, tally=tally)
    tally.demand("rates", 2_000)


def follow_curve(chain: Chain, model: str, *, number: int, tally: Tally) -> None:
    rng = Random(f"curve {number}")
    params = (ADMIN, ADMIN, ADMIN, ADMIN, number)
    key = chain.evm.message_call(ADMIN, chain.hasher, calldata=encode([PARAMS], [params]))
    at_target = 0
    for turn in range(CURVE_CALLS):
        seconds = rng.choice((0, 1, rng.randrange(DAY), rng.randrange(20 * YEAR))) if turn else 0
        supplied = rng.choice((0, round(log_uniform(rng, 0, 28))))
        borrowed = rng.choice((0, supplied, supplied * 9 // 10, rng.randrange(supplied + 1)))
        state = (supplied, 0, borrowed, 0, chain.now, 0)
        chain.wait(seconds)
        told = int.from_bytes(chain.send(ADMIN, model, BORROW_RATE, params, state), "big")
        kept = chain.read_one(model, "rateAtTarget(bytes32)", key)
        found = adaptive_curve_rate(
            borrowed, supplied, rate_at_target_wad=at_target, seconds=seconds
        )
        due = (found.average_rate_wad, found.rate_at_target_wad)
        tally.agree("rates", chain=(told, kept), twin=due, where=f"curve {number}.{turn}")
        tally.counts["rates"] += 1
        at_target = kept
