"""Random accounts, prices biased to the edges, and liquidation calls, drawn from a seed."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.oracle.aave_market import LISTINGS, PRICE_SOURCE, ZERO, set_risk
from tests.oracle.aave_mirror import NAMES, Mirror
from tests.oracle.drawing import flip, log_uniform
from trimtab.protocols.aave import (
    V3_0,
    Binding,
    Call,
    Category,
    Position,
    Refused,
    health,
    liquidate,
)
from trimtab.protocols.aave import borrow as borrow_of
from trimtab.protocols.aave_sizing import CLOSE_FACTOR_HEALTH_WAD
from trimtab.units import UINT256_MAX, WAD, pow10

PRICE_MAX = 10**18
DAY = 86_400
CATEGORY = 1
SHAPES = ("one", "one", "one", "cap", "cap", "crash", "boom", "all", "coarse")
COVERS = ("all", "all", "few", "any", "any", "limit", "limit", "edge", "edge", "whole")


def open_account(mirror: Mirror, rng: Random) -> None:
    """Supply one to three assets and borrow one to three, some at the very limit."""
    mirror.wait(rng.choice((0, 1, rng.randrange(30 * DAY))))
    mirror.set_prices(
        {item.name: round(item.price * log_uniform(rng, -1, 1) * 1e8) for item in LISTINGS}
    )
    if rng.random() < 0.2:
        enter_category(mirror, rng)
    tiny = rng.random() < 0.12
    worth = log_uniform(rng, -1, 7)
    for name in rng.sample(NAMES, k=rng.choice((1, 1, 2, 2, 3, 4))):
        amount = rng.randrange(1, 20) if tiny else units(mirror, name, worth * rng.random())
        mirror.supply(name, max(amount, 1), as_collateral=rng.random() > 0.08)
    for name in rng.sample(NAMES, k=rng.choice((1, 1, 1, 2, 3))):
        borrow_some(mirror, name, rng=rng)
    if all(debt == 0 for _, debt, _ in mirror.scaled.values()):
        borrow_some(mirror, rng.choice(NAMES), rng=rng)
    mirror.check_balances()
    mirror.check_health()


def units(mirror: Mirror, name: str, worth: float) -> int:
    """Native units of an asset that are worth so much of the base currency."""
    return int(worth * 1e8 / mirror.prices[name] * pow10(mirror.listings[name].decimals))


def borrow_some(mirror: Mirror, name: str, *, rng: Random) -> None:
    def refused(amount: int) -> bool:
        found = borrow_of(
            mirror.position(), mirror.all_prices(), version=V3_0, asset=name, amount=amount
        )
        return isinstance(found, Refused)

    found = mirror.health()
    free = found.collateral_value * found.ltv_bps // 10_000 - found.debt_value
    amount = units(mirror, name, free / 1e8 * rng.uniform(0.2, 1.02))
    if rng.random() < 0.3:
        limit = flip(refused, 1, 2 * amount + 10)
        if limit is not None:
            mirror.borrow(name, limit + 1)
            amount = limit
    mirror.borrow(name, max(amount, rng.randrange(2)))


def enter_category(mirror: Mirror, rng: Random) -> None:
    """Two assets in an efficiency mode, and the account in it; at times with its own price."""
    members = frozenset(rng.sample(NAMES, k=2))
    threshold = rng.randrange(9_100, 9_700)
    bonus = rng.randrange(10_001, 10**8 // threshold)
    ltv = rng.randrange(9_050, threshold + 1)
    price = round(log_uniform(rng, -1, 4) * 1e8) if rng.random() < 0.4 else 0
    market, to = mirror.market, mirror.market.configurator
    source = PRICE_SOURCE if price else ZERO
    what = "setEModeCategory(uint8,uint16,uint16,uint16,address,string)"
    market.admin(to, what, CATEGORY, ltv, threshold, bonus, source, "pair")
    what = "setAssetEModeCategory(address,uint8)"
    for name in members:
        market.admin(to, what, market.tokens[name].asset, CATEGORY)
    market.admin(market.oracle, "setAssetPrice(address,uint256)", PRICE_SOURCE, price)
    market.chain.send(mirror.user, market.pool, "setUserEMode(uint8)", CATEGORY)
    mirror.category = Category(ltv, threshold, bonus, members, members, price=price)


def open_exact_account(mirror: Mirror, rng: Random) -> None:
    """Round amounts, and prices that put the health at 1 or 0.95 to the last digit, or beside."""
    mirror.wait(0)
    pledged, drawn = rng.sample(NAMES[:4], k=2)
    threshold = mirror.listings[pledged].threshold_bps
    tokens, times, scale = rng.randrange(1, 10**6), rng.randrange(1, 6), rng.randrange(1, 10**6)
    part, whole = rng.choice(((1, 1), (95, 100)))
    if rng.random() < 0.5:
        # Debt worth about 1e18: one unit more or less moves the health by its last digit.
        tokens, scale = 1, rng.randrange(7 * 10**17, 2 * 10**18) // (threshold * times * whole)
    mirror.set_prices({item.name: item.price * 10**8 for item in LISTINGS})
    mirror.set_prices({pledged: 10**14, drawn: 10**8})
    mirror.supply(pledged, tokens * times * pow10(mirror.listings[pledged].decimals))
    mirror.borrow(drawn, tokens * pow10(mirror.listings[drawn].decimals))
    nudge = rng.choice((0, 0, 0, 1, -1))
    mirror.set_prices(
        {
            pledged: 10_000 * scale * part,
            drawn: scale * threshold * times * whole + nudge,
        }
    )


def change_risks(mirror: Mirror, rng: Random) -> None:
    """New ratios and fees for one to all reserves that are collateral."""
    market = mirror.market
    for item in rng.sample(LISTINGS[:4], k=rng.randrange(1, 5)):
        threshold = rng.randrange(1, 9_000)
        bonus = rng.randrange(10_001, min(10**8 // threshold, 65_535))
        ltv = rng.choice((0, rng.randrange(threshold + 1)))
        fee = rng.choice((0, 1, 10_000, rng.randrange(10_001)))
        set_risk(market, item.name, ltv_bps=ltv, threshold_bps=threshold, bonus_bps=bonus)
        what = "setLiquidationProtocolFee(address,uint256)"
        market.admin(market.configurator, what, market.tokens[item.name].asset, fee)
        mirror.listings[item.name] = replace(
            item, ltv_bps=ltv, threshold_bps=threshold, bonus_bps=bonus, fee_bps=fee
        )


def moved_prices(mirror: Mirror, rng: Random) -> list[dict[str, int]]:
    """One or two sets of prices; the two lie on either side of an edge."""
    position, prices = mirror.position(), mirror.prices
    held = [name for name in NAMES if position.counts(name, version=V3_0)]
    owed = [name for name in NAMES if position.holdings[name].scaled_debt]
    if not held or not owed:
        return [prices]
    shape = rng.choice(SHAPES)
    if shape in ("one", "cap"):
        edge = WAD if shape == "one" else CLOSE_FACTOR_HEALTH_WAD + 1
        return edge_prices(mirror, rng.choice((*held, *owed)), edge_wad=edge) or [prices]
    if shape == "crash":
        name = rng.choice(held)
        return [prices | {name: max(round(prices[name] * log_uniform(rng, -4, -0.1)), 1)}]
    if shape == "boom":
        name = rng.choice(owed)
        return [prices | {name: min(round(prices[name] * log_uniform(rng, 0.1, 4)), PRICE_MAX)}]
    if shape == "coarse":
        return [{name: rng.randrange(1, 2_000) for name in NAMES}]
    return [{name: round(price * rng.uniform(0.5, 1.6)) for name, price in prices.items()}]


def edge_prices(mirror: Mirror, name: str, *, edge_wad: int) -> list[dict[str, int]]:
    """Two neighboring prices of an asset with the edge of the health factor between them."""
    position, prices = mirror.position(), mirror.all_prices()

    def below(price: int) -> bool:
        moved = prices | {name: price}
        return health(position, moved, version=V3_0).health_wad < edge_wad

    place = flip(below, 1, PRICE_MAX)
    if place is None:
        return []
    return [mirror.prices | {name: place}, mirror.prices | {name: place + 1}]


def draw_call(mirror: Mirror, rng: Random) -> Call:
    """What to seize, what to repay and how much of it; mostly sensible, at times not."""
    position = mirror.position()
    names = list(position.holdings)
    held = [name for name in NAMES if position.counts(name, version=V3_0)]
    owed = [name for name in NAMES if position.holdings[name].scaled_debt]
    collateral = rng.choice(held if held and rng.random() < 0.95 else names)
    debt = rng.choice(owed if owed and rng.random() < 0.96 else names)
    call = Call(
        collateral,
        debt,
        debt_to_cover=UINT256_MAX,
        receives_supply=rng.random() < 0.35,
        sentinel_holds=rng.random() < 0.04,
    )
    if rng.random() < 0.04:
        call = replace(call, by_borrower=True)
    cover = draw_cover(position, mirror.all_prices(), call=call, rng=rng)
    return replace(call, debt_to_cover=cover)


def draw_cover(position: Position, prices: dict[str, int], *, call: Call, rng: Random) -> int:
    """How much debt to cover: all, few units, anything, or just at one of the limits."""
    whole = position.holdings[call.debt].debt(V3_0)
    kind = rng.choice(COVERS)
    if kind == "few":
        return rng.randrange(4)
    if kind == "any":
        return rng.randrange(1, whole + 2)
    if kind == "whole":
        return max(whole + rng.choice((-1, 0, 1)), 0)
    found = liquidate(position, prices, version=V3_0, call=call)
    if kind == "all" or isinstance(found, Refused):
        return UINT256_MAX
    if kind == "limit":
        return max(found.debt_limit + rng.choice((-1, 0, 1)), 0)

    def takes_all(cover: int) -> bool:
        found = liquidate(position, prices, version=V3_0, call=replace(call, debt_to_cover=cover))
        return not isinstance(found, Refused) and found.seizure.binding is Binding.WHOLE_COLLATERAL

    place = flip(takes_all, 1, found.debt_limit)
    return UINT256_MAX if place is None else place + rng.choice((0, 0, 1, 1, -1))
