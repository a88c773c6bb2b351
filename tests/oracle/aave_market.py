"""The v3.0 market of Aave from its own bytecode: libraries, pool, reserves, lender and borrower."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.chain import ADMIN, Chain, account, address_of
from tests.oracle.packages import AAVE
from trimtab.protocols.aave_rates import BPS_TO_RAY, RateStrategy
from trimtab.units import UINT256_MAX, pow10

ZERO = "0x" + "00" * 20
TREASURY = account(1)
LENDER = account(2)
DEBTOR = account(3)
LIQUIDATOR = account(4)
PRICE_SOURCE = account(5)
VARIABLE_RATE = 2
LENT_TOKENS = 10**9

LOGIC = "protocol/libraries/logic/{0}.sol/{0}"
LIBRARIES = (
    "SupplyLogic",
    "BorrowLogic",
    "LiquidationLogic",
    "EModeLogic",
    "BridgeLogic",
    "ConfiguratorLogic",
    "FlashLoanLogic",  # links BorrowLogic
    "PoolLogic",
)
INIT_RESERVES = (
    "initReserves((address,address,address,uint8,address,address,address,address,"
    "string,string,string,string,string,string,bytes)[])"
)


@dataclass(frozen=True, slots=True)
class Listing:
    """One reserve as it is listed: ratios in basis points, the price in whole base currency.

    Args:
        used_percent: the part of what is lent that the first debtor owes.
    """

    name: str
    decimals: int
    ltv_bps: int
    threshold_bps: int
    bonus_bps: int
    fee_bps: int
    price: int
    used_percent: int
    strategy: RateStrategy


LISTINGS = (
    Listing("USD6", 6, 7700, 8000, 10450, 1000, 1, 85, RateStrategy(9000, 0, 400, 6000, 1000)),
    Listing(
        "BTC8", 8, 7000, 7500, 11000, 1000, 60_000, 30, RateStrategy(4500, 0, 700, 30000, 2000)
    ),
    Listing(
        "ETH18", 18, 8000, 8250, 10500, 3333, 2_500, 60, RateStrategy(8000, 100, 380, 8000, 1500)
    ),
    Listing("DAI18", 18, 6000, 6500, 10750, 0, 1, 95, RateStrategy(8000, 0, 400, 7500, 1000)),
    Listing("GEM2", 2, 0, 0, 0, 10000, 20, 10, RateStrategy(6500, 50, 800, 10000, 0)),
)
# What the debtor pledges, so that it dilutes no reserve under test; and one that is switched off.
PLEDGE = Listing("PLEDGE18", 18, 9000, 9500, 10100, 0, 10**6, 0, RateStrategy(8000, 0, 1, 1, 0))
OFF = Listing("OFF0", 0, 5000, 6000, 11000, 0, 1, 0, RateStrategy(8000, 0, 1, 1, 0))


@dataclass(frozen=True, slots=True)
class Tokens:
    """The contracts of one reserve."""

    asset: str
    supply: str
    debt: str


@dataclass
class Market:
    """The deployed contracts by role, and the reserves by name."""

    chain: Chain
    provider: str
    pool: str = ""
    configurator: str = ""
    oracle: str = ""
    sequencer: str = ""
    sentinel: str = ""
    tokens: dict[str, Tokens] = field(default_factory=dict)

    def admin(self, to: str, what: str, *arguments: Any) -> bytes:
        return self.chain.send(ADMIN, to, what, *arguments)

    def set_price(self, name: str, price: int) -> None:
        self.admin(self.oracle, "setAssetPrice(address,uint256)", self.tokens[name].asset, price)

    def supply(self, user: str, name: str, amount: int) -> None:
        asset = self.tokens[name].asset
        self.chain.send(user, asset, "mint(uint256)", amount)
        self.approve(user, name)
        what = "supply(address,uint256,address,uint16)"
        self.chain.send(user, self.pool, what, asset, amount, user, 0)

    def equip(self, user: str, name: str) -> None:
        """Give an account more of an asset than any call takes, and let the pool take it."""
        what = "mint(address,uint256)"
        self.admin(self.tokens[name].asset, what, user, 2**120)
        self.approve(user, name)

    def approve(self, user: str, name: str) -> None:
        asset = self.tokens[name].asset
        self.chain.send(user, asset, "approve(address,uint256)", self.pool, UINT256_MAX)

    def borrow(self, user: str, name: str, amount: int) -> None:
        what = "borrow(address,uint256,uint256,uint16,address)"
        asset = self.tokens[name].asset
        self.chain.send(user, self.pool, what, asset, amount, VARIABLE_RATE, 0, user)


def artifact(name: str) -> dict[str, Any]:
    path = AAVE.folder / "artifacts" / "contracts" / f"{name}.json"
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def linked(name: str, libraries: dict[str, str]) -> bytes:
    """The creation code of a contract, with the addresses of its libraries put in."""
    content = artifact(name)
    code = content["bytecode"].removeprefix("0x")
    for wanted in content["linkReferences"].values():
        for library, places in wanted.items():
            for place in places:
                begin, end = 2 * place["start"], 2 * (place["start"] + place["length"])
                code = code[:begin] + libraries[library].removeprefix("0x") + code[end:]
    return bytes.fromhex(code)


def deploy(chain: Chain) -> Market:
    """The market with its reserves, a lender of all of them, a debtor of all, and a year gone."""
    libraries: dict[str, str] = {}
    for library in LIBRARIES:
        libraries[library] = chain.deploy(linked(LOGIC.format(library), libraries))
    configuration = "protocol/configuration/{0}.sol/{0}"
    code = linked(configuration.format("PoolAddressesProvider"), libraries)
    market = Market(chain, chain.deploy(code, "(string,address)", "oracle", ADMIN))
    provider = market.provider
    market.admin(provider, "setACLAdmin(address)", ADMIN)
    code = linked(configuration.format("ACLManager"), libraries)
    access = chain.deploy(code, "(address)", provider)
    market.admin(provider, "setACLManager(address)", access)
    market.admin(access, "addPoolAdmin(address)", ADMIN)
    market.oracle = chain.deploy(linked("mocks/oracle/PriceOracle.sol/PriceOracle", libraries))
    market.admin(provider, "setPriceOracle(address)", market.oracle)
    code = linked("protocol/pool/Pool.sol/Pool", libraries)
    market.admin(provider, "setPoolImpl(address)", chain.deploy(code, "(address)", provider))
    market.pool = address_of(chain.read_one(provider, "getPool()"))
    code = linked("protocol/pool/PoolConfigurator.sol/PoolConfigurator", libraries)
    market.admin(provider, "setPoolConfiguratorImpl(address)", chain.deploy(code))
    market.configurator = address_of(chain.read_one(provider, "getPoolConfigurator()"))
    deploy_sentinel(market)
    code = linked("misc/AaveProtocolDataProvider.sol/AaveProtocolDataProvider", libraries)
    books = chain.deploy(code, "(address)", provider)
    market.admin(provider, "setPoolDataProvider(address)", books)
    for listing in (*LISTINGS, PLEDGE, OFF):
        list_reserve(market, listing)
    what = "setReserveActive(address,bool)"
    market.admin(market.configurator, what, market.tokens[OFF.name].asset, False)
    open_for_business(market)
    return market


def deploy_sentinel(market: Market) -> None:
    """A sentinel that holds everything back while its sequencer is down; not in force yet."""
    code = linked("mocks/oracle/SequencerOracle.sol/SequencerOracle", {})
    market.sequencer = market.chain.deploy(code, "(address)", ADMIN)
    code = linked("protocol/configuration/PriceOracleSentinel.sol/PriceOracleSentinel", {})
    place = (market.provider, market.sequencer, 0)
    market.sentinel = market.chain.deploy(code, "(address,address,uint256)", *place)
    market.admin(market.sequencer, "setAnswer(bool,uint256)", True, 0)


def list_reserve(market: Market, listing: Listing) -> None:
    chain, name = market.chain, listing.name
    code = linked("mocks/tokens/MintableERC20.sol/MintableERC20", {})
    asset = chain.deploy(code, "(string,string,uint8)", name, name, listing.decimals)
    code = linked(
        "protocol/pool/DefaultReserveInterestRateStrategy.sol/DefaultReserveInterestRateStrategy",
        {},
    )
    curve = listing.strategy
    rates = (curve.kink_bps, curve.base_bps, curve.slope1_bps, curve.slope2_bps, 0, 0, 0, 0, 0)
    types = "(address" + ",uint256" * len(rates) + ")"
    strategy = chain.deploy(code, types, market.provider, *(bps * BPS_TO_RAY for bps in rates))
    kinds = ("AToken", "StableDebtToken", "VariableDebtToken")
    sources = [linked(f"protocol/tokenization/{kind}.sol/{kind}", {}) for kind in kinds]
    tokens = [chain.deploy(source, "(address)", market.pool) for source in sources]
    entry = (*tokens, listing.decimals, strategy, asset, TREASURY, ZERO, *(name,) * 6, b"")
    market.admin(market.configurator, INIT_RESERVES, [entry])
    reserve = chain.read(market.pool, "getReserveData(address)", asset)
    market.tokens[name] = Tokens(asset, address_of(reserve[8]), address_of(reserve[10]))
    configure(market, listing)


def configure(market: Market, listing: Listing) -> None:
    asset, to = market.tokens[listing.name].asset, market.configurator
    market.admin(to, "setReserveBorrowing(address,bool)", asset, True)
    market.admin(
        to, "setReserveFactor(address,uint256)", asset, listing.strategy.reserve_factor_bps
    )
    market.admin(to, "setLiquidationProtocolFee(address,uint256)", asset, listing.fee_bps)
    set_risk(
        market,
        listing.name,
        ltv_bps=listing.ltv_bps,
        threshold_bps=listing.threshold_bps,
        bonus_bps=listing.bonus_bps,
    )
    market.set_price(listing.name, listing.price * pow10(8))


def set_risk(
    market: Market, name: str, *, ltv_bps: int, threshold_bps: int, bonus_bps: int
) -> None:
    what = "configureReserveAsCollateral(address,uint256,uint256,uint256)"
    asset = market.tokens[name].asset
    market.admin(market.configurator, what, asset, ltv_bps, threshold_bps, bonus_bps)


def open_for_business(market: Market) -> None:
    """Somebody lends, somebody borrows a part of each reserve, and a year goes by."""
    for listing in LISTINGS:
        amount = LENT_TOKENS * pow10(listing.decimals)
        market.supply(LENDER, listing.name, amount)
        market.equip(LIQUIDATOR, listing.name)
    market.supply(DEBTOR, PLEDGE.name, LENT_TOKENS * pow10(PLEDGE.decimals))
    for listing in LISTINGS:
        amount = LENT_TOKENS * pow10(listing.decimals) * listing.used_percent // 100
        market.borrow(DEBTOR, listing.name, amount)
    market.chain.wait(365 * 86_400)
    for listing in LISTINGS:
        market.supply(LENDER, listing.name, pow10(listing.decimals))
