"""A v3.0 market on a local node with a crowd of random accounts in it."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from tests.oracle.aave_market import LISTINGS, VARIABLE_RATE, ZERO, Market, deploy, linked
from tests.oracle.chain import ADMIN, account
from tests.oracle.drawing import log_uniform
from tests.oracle.imports.node_chain import NodeChain
from trimtab.units import UINT256_MAX, pow10

STABLE_RATE = 1
DAY = 86_400
CATEGORY = (1, 9300, 9500, 10200, ZERO, "dollars")
MEMBERS = ("USD6", "DAI18")
ROLES = ("borrower", "borrower", "borrower", "lender", "heir", "in a category", "stable")
SUPPLY = "supply(address,uint256,address,uint16)"
BORROW = "borrow(address,uint256,uint256,uint16,address)"
PLEDGE = "setUserUseReserveAsCollateral(address,bool)"
PRICE_MOVES = {"USD6": 1.002, "BTC8": 0.71, "ETH18": 0.78, "DAI18": 0.995, "GEM2": 1.6}
HEIR_SHIFT = 10_000


@dataclass
class Crowd:
    """The market, its oracle's feeds by name, and what was done."""

    market: Market
    feeds: dict[str, str]
    borrows: int = 0

    @property
    def chain(self) -> NodeChain:
        assert isinstance(self.market.chain, NodeChain)
        return self.market.chain

    def order(self, who: str, to: str, what: str, *arguments: Any) -> tuple[str, str, bytes]:
        return who, to, self.chain.data(what, *arguments)


def deploy_market(chain: NodeChain) -> Crowd:
    """The market of the other oracle tests, under the real oracle, with caps and a category."""
    market = deploy(chain)  # type: ignore[arg-type]
    feeds, names = {}, list(market.tokens)
    prices = {listing.name: listing.price for listing in LISTINGS} | {"PLEDGE18": 10**6, "OFF0": 1}
    code = linked("mocks/oracle/CLAggregators/MockAggregator.sol/MockAggregator", {})
    for name in names:
        feeds[name] = chain.deploy(code, "(int256)", prices[name] * pow10(8))
    oracle = chain.deploy(
        linked("misc/AaveOracle.sol/AaveOracle", {}),
        "(address,address[],address[],address,address,uint256)",
        *(market.provider, [market.tokens[name].asset for name in names]),
        *([feeds[name] for name in names], ZERO, ZERO, pow10(8)),
    )
    market.admin(market.provider, "setPriceOracle(address)", oracle)
    to, assets = market.configurator, {name: market.tokens[name].asset for name in names}
    market.admin(to, "setEModeCategory(uint8,uint16,uint16,uint16,address,string)", *CATEGORY)
    for name in MEMBERS:
        market.admin(to, "setAssetEModeCategory(address,uint8)", assets[name], CATEGORY[0])
    market.admin(to, "setReserveStableRateBorrowing(address,bool)", assets["ETH18"], True)
    market.admin(to, "setSupplyCap(address,uint256)", assets["BTC8"], 2 * 10**9)
    market.admin(to, "setBorrowCap(address,uint256)", assets["ETH18"], 3 * 10**9)
    return Crowd(market, feeds)


def fill(crowd: Crowd, count: int, *, seed: str) -> list[str]:
    """Let accounts supply, borrow, bequeath; then a month goes by, and prices move."""
    people = []
    for number in range(count):
        rng = Random(f"{seed} {number}")
        people += enter(crowd, account(20_000 + number), rng, role=ROLES[number % len(ROLES)])
    crowd.chain.wait(30 * DAY)
    return people


def move_prices(crowd: Crowd) -> None:
    """New feeds at other prices, so that some accounts are below water."""
    names, chain = list(PRICE_MOVES), crowd.chain
    prices = {listing.name: listing.price for listing in LISTINGS}
    code = linked("mocks/oracle/CLAggregators/MockAggregator.sol/MockAggregator", {})
    for name in names:
        moved = round(prices[name] * PRICE_MOVES[name] * 10**8) + 7
        crowd.feeds[name] = chain.deploy(code, "(int256)", moved)
    assets = [crowd.market.tokens[name].asset for name in names]
    oracle = f"0x{chain.read_one(crowd.market.provider, 'getPriceOracle()'):040x}"
    what = "setAssetSources(address[],address[])"
    crowd.market.admin(oracle, what, assets, [crowd.feeds[name] for name in names])


def enter(crowd: Crowd, user: str, rng: Random, *, role: str) -> list[str]:
    """Bring one account in; returns it, and whoever else holds something then."""
    market = crowd.market
    pool = market.pool
    supplied = rng.sample([listing for listing in LISTINGS if listing.ltv_bps], rng.randint(1, 3))
    if role == "in a category":
        supplied = [listing for listing in LISTINGS if listing.name in MEMBERS]
    orders = []
    for listing in supplied:
        asset = market.tokens[listing.name].asset
        amount = int(log_uniform(rng, 2, 5) * pow10(listing.decimals) / listing.price) + 1
        orders += [
            crowd.order(ADMIN, asset, "mint(address,uint256)", user, amount),
            crowd.order(user, asset, "approve(address,uint256)", pool, UINT256_MAX),
            crowd.order(user, pool, SUPPLY, asset, amount, user, 0),
        ]
    if role == "in a category":
        orders.append(crowd.order(user, pool, "setUserEMode(uint8)", CATEGORY[0]))
    assert all(crowd.chain.transact(orders)), f"{role} cannot enter"
    if role == "heir":
        return [user, *bequeath(crowd, user, supplied[0].name, rng)]
    if role != "lender":
        borrow(crowd, user, rng, role=role)
    if rng.random() < 0.3:  # may be refused, where it backs a debt
        asset = market.tokens[supplied[-1].name].asset
        crowd.chain.transact([crowd.order(user, pool, PLEDGE, asset, False)])
    return [user]


def bequeath(crowd: Crowd, user: str, name: str, rng: Random) -> list[str]:
    """Send a part of a supply to somebody who never spoke to the pool."""
    token = crowd.market.tokens[name].supply
    heir = f"0x{int(user, 16) + HEIR_SHIFT:040x}"
    amount = crowd.chain.read_one(token, "balanceOf(address)", user) * rng.randint(1, 100) // 100
    crowd.chain.send(user, token, "transfer(address,uint256)", heir, max(1, amount))
    return [heir]


def borrow(crowd: Crowd, user: str, rng: Random, *, role: str) -> None:
    """One to three debts, up to nearly all that is allowed."""
    market, share = crowd.market, rng.choice((0.3, 0.9, 0.999))
    choices = [one for one in LISTINGS if role != "in a category" or one.name in MEMBERS]
    if role == "stable":
        choices = [one for one in LISTINGS if one.name == "ETH18"]
    debts = rng.sample(choices, min(len(choices), rng.randint(1, 3)))
    room = crowd.chain.read(market.pool, "getUserAccountData(address)", user)[2]
    rate = STABLE_RATE if role == "stable" else VARIABLE_RATE
    orders = [
        crowd.order(
            user,
            market.pool,
            BORROW,
            market.tokens[listing.name].asset,
            max(1, int(room * share / len(debts) * pow10(listing.decimals) / listing.price / 1e8)),
            *(rate, 0, user),
        )
        for listing in debts
    ]
    crowd.borrows += sum(crowd.chain.transact(orders))
