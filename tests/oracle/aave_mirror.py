"""One account of the v3.0 market beside its twin: each step is taken by both, and compared."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tests.oracle.aave_market import LISTINGS, OFF, Listing, Market
from tests.oracle.chain import RevertedError
from tests.oracle.tally import Tally
from trimtab.protocols.aave import (
    V3_0,
    AaveRefusal,
    AccountHealth,
    Category,
    Holding,
    Position,
    Refused,
    Reserve,
    available_borrows,
    borrow,
    health,
)
from trimtab.protocols.aave_math import compounded_factor, linear_factor, supply_given
from trimtab.protocols.aave_rates import ReserveState
from trimtab.units import ray_mul_half_up

# The pool's codes (Errors.sol) and the twin's words for them.
REFUSALS = {
    "25": AaveRefusal.NOTHING_BURNED,
    "26": AaveRefusal.ZERO_AMOUNT,
    "27": AaveRefusal.INACTIVE,
    "29": AaveRefusal.PAUSED,
    "30": AaveRefusal.NOT_BORROWABLE,
    "34": AaveRefusal.NO_COLLATERAL,
    "35": AaveRefusal.UNHEALTHY,
    "36": AaveRefusal.COLLATERAL_TOO_SMALL,
    "45": AaveRefusal.HEALTHY,
    "46": AaveRefusal.NOT_COLLATERAL,
    "47": AaveRefusal.NOT_BORROWED,
    "57": AaveRefusal.ZERO_LTV,
    "58": AaveRefusal.NOT_BORROWABLE,
    "59": AaveRefusal.SENTINEL,
}
NAMES = tuple(listing.name for listing in LISTINGS)


def verdict(code: str) -> str:
    return str(REFUSALS.get(code, f"code {code}"))


@dataclass
class Mirror:
    """What the twin holds of one account: it starts empty and takes every step by its own rules."""

    market: Market
    user: str
    tally: Tally
    where: str
    listings: dict[str, Listing] = field(
        default_factory=lambda: {listing.name: listing for listing in LISTINGS}
    )
    prices: dict[str, int] = field(default_factory=dict)
    scaled: dict[str, tuple[int, int, bool]] = field(
        default_factory=lambda: dict.fromkeys(NAMES, (0, 0, False))
    )
    indices: dict[str, tuple[int, int]] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    category: Category | None = None

    def agree(self, what: str, chain: object, twin: object) -> bool:
        return self.tally.agree(what, chain=chain, twin=twin, where=self.where)

    def copy(self) -> Mirror:
        return replace(
            self,
            listings=dict(self.listings),
            prices=dict(self.prices),
            scaled=dict(self.scaled),
            indices=dict(self.indices),
            paused=set(self.paused),
        )

    def state(self, name: str) -> tuple[ReserveState, int]:
        """What the pool stores of a reserve, and when it wrote it."""
        chain, tokens = self.market.chain, self.market.tokens[name]
        words = chain.read(self.market.pool, "getReserveData(address)", tokens.asset)
        state = ReserveState(
            liquidity_index_ray=words[1],
            supply_rate_ray=words[2],
            borrow_index_ray=words[3],
            borrow_rate_ray=words[4],
            scaled_debt=chain.read_one(tokens.debt, "scaledTotalSupply()"),
            scaled_treasury=words[12],
            reserve_factor_bps=self.listings[name].strategy.reserve_factor_bps,
        )
        return state, words[6]

    def wait(self, seconds: int) -> None:
        """Let time pass, and bring every index up to it by the twin's factors."""
        chain, pool = self.market.chain, self.market.pool
        chain.wait(seconds)
        for name in NAMES:
            state, written = self.state(name)
            passed = chain.now - written
            linear = linear_factor(state.supply_rate_ray, passed)
            compound = compounded_factor(state.borrow_rate_ray, passed, version=V3_0)
            indices = (
                ray_mul_half_up(linear, state.liquidity_index_ray),
                ray_mul_half_up(compound, state.borrow_index_ray),
            )
            asset = self.market.tokens[name].asset
            told = (
                chain.read_one(pool, "getReserveNormalizedIncome(address)", asset),
                chain.read_one(pool, "getReserveNormalizedVariableDebt(address)", asset),
            )
            self.agree(f"indices of {name}", told, indices)
            self.tally.counts["accrued indices"] += 2
            self.indices[name] = indices

    def reserve(self, name: str) -> Reserve:
        listing, (liquidity, debt) = self.listings[name], self.indices[name]
        return Reserve(
            decimals=listing.decimals,
            ltv_bps=listing.ltv_bps,
            threshold_bps=listing.threshold_bps,
            bonus_bps=listing.bonus_bps,
            fee_bps=listing.fee_bps,
            liquidity_index_ray=liquidity,
            borrow_index_ray=debt,
            paused=name in self.paused,
        )

    def position(self) -> Position:
        holdings = {
            name: Holding(self.reserve(name), supply, debt, flagged)
            for name, (supply, debt, flagged) in self.scaled.items()
        }
        holdings[OFF.name] = Holding(Reserve(OFF.decimals, active=False))
        return Position(holdings, self.category)

    def adopt(self, position: Position) -> None:
        for name in NAMES:
            held = position.holdings[name]
            self.scaled[name] = (held.scaled_supply, held.scaled_debt, held.as_collateral)

    def health(self) -> AccountHealth:
        return health(self.position(), self.all_prices(), version=V3_0)

    def all_prices(self) -> dict[str, int]:
        return {**self.prices, OFF.name: 1}

    def set_prices(self, prices: dict[str, int]) -> None:
        for name, price in prices.items():
            self.market.set_price(name, price)
            self.prices[name] = price

    def supply(self, name: str, amount: int, *, as_collateral: bool = True) -> None:
        self.market.supply(self.user, name, amount)
        supply, debt, flagged = self.scaled[name]
        given = supply_given(amount, self.indices[name][0], version=V3_0)
        # The first supply is flagged by itself, where the asset may be collateral.
        flagged = flagged or (supply == 0 and self.listings[name].ltv_bps > 0)
        if flagged and not as_collateral:
            what = "setUserUseReserveAsCollateral(address,bool)"
            asset = self.market.tokens[name].asset
            self.market.chain.send(self.user, self.market.pool, what, asset, False)
            flagged = False
        self.scaled[name] = (supply + given, debt, flagged)

    def borrow(self, name: str, amount: int) -> None:
        """Borrow on both sides, or be refused for the same reason by both."""
        found = borrow(self.position(), self.all_prices(), version=V3_0, asset=name, amount=amount)
        try:
            self.market.borrow(self.user, name, amount)
            told = "allowed"
        except RevertedError as refusal:
            told = verdict(str(refusal))
        refused = isinstance(found, Refused)
        self.agree(f"borrow of {amount} {name}", told, str(found.reason) if refused else "allowed")
        self.tally.counts["borrows refused" if refused else "borrows"] += 1
        if not isinstance(found, Refused):
            self.adopt(found.position)

    def check_health(self) -> None:
        """The pool's view of the account against the twin's."""
        told = self.market.chain.read(self.market.pool, "getUserAccountData(address)", self.user)
        self.agree("account", told, account_words(self.health()))
        self.tally.counts["health factors"] += 1

    def check_balances(self) -> None:
        """Scaled balances and collateral flags of the account, against the twin's."""
        chain = self.market.chain
        flags = chain.read_one(self.market.pool, "getUserConfiguration(address)", self.user)
        for place, name in enumerate(NAMES):
            tokens = self.market.tokens[name]
            told = (
                chain.read_one(tokens.supply, "scaledBalanceOf(address)", self.user),
                chain.read_one(tokens.debt, "scaledBalanceOf(address)", self.user),
                bool(flags >> (2 * place + 1) & 1),
            )
            self.agree(f"balances of {name}", told, self.scaled[name])


def account_words(found: AccountHealth) -> list[int]:
    """An account's health in the order of `getUserAccountData`."""
    return [
        found.collateral_value,
        found.debt_value,
        available_borrows(found, version=V3_0),
        found.threshold_bps,
        found.ltv_bps,
        found.health_wad,
    ]
