"""A pool of Aave v3 by hand, of the newest kind: one rate strategy, categories by bitmap."""

from __future__ import annotations

from typing import Any

from tests.adapters.chain_fakes import FakeChain, address
from trimtab.adapters.chains import aave, aave_reserves
from trimtab.adapters.chains.tokens import BALANCE, DECIMALS, SYMBOL, TOTAL_SUPPLY
from trimtab.units import RAY, ray_mul_down, ray_mul_half_up, ray_mul_up

POOL, PROVIDER, ORACLE, STRATEGY = (address(0xAA0 + number) for number in range(4))
ZERO = address(0)
ANN, BEN, CAT, DAN = (address(0xB0 + number) for number in range(4))
DOLLARS = 2
SUPPLY_INDEX = RAY + 123_456_789_012_345_678_901_234_567
DEBT_INDEX = RAY + 234_567_890_123_456_789_012_345_678


def bits(**fields: int) -> int:
    """A configuration word from its fields."""
    places = {"ltv": 0, "threshold": 16, "bonus": 32, "decimals": 48, "active": 56, "frozen": 57}
    places |= {"borrowing": 58, "paused": 60, "factor": 64, "borrow_cap": 80, "supply_cap": 116}
    places |= {"fee": 152, "category": 168, "ceiling": 212, "in_isolation": 61}
    return sum(value << places[name] for name, value in fields.items())


# Symbol, decimals, price, configuration; the third has a place in the bitmaps apart from its row.
ASSETS: list[tuple[str, int, int, int]] = [
    (
        "WETH",
        18,
        2000_12345678,
        bits(
            ltv=8050,
            threshold=8300,
            bonus=10500,
            active=1,
            borrowing=1,
            factor=1500,
            supply_cap=1_800_000,
            borrow_cap=1_400_000,
            fee=1000,
        ),
    ),
    (
        "USDC",
        6,
        99_995_000,
        bits(ltv=7500, threshold=7800, bonus=10450, active=1, borrowing=1, factor=1000, fee=1000),
    ),
    (
        "USDC",  # another token of the same symbol
        6,
        1_00000000,
        bits(ltv=0, threshold=7800, bonus=10450, active=1, borrowing=1, frozen=1, ceiling=500_050),
    ),
]
PLACES = (0, 1, 4)
# Scaled balances by account and asset: supply, debt.
SCALED: dict[tuple[str, int], tuple[int, int]] = {
    (ANN, 0): (10**18 + 7, 0),
    (ANN, 1): (0, 1_000_000_001),
    (BEN, 1): (5_000_000_003, 0),
    (BEN, 2): (0, 3_999_999_999),
    (CAT, 0): (3, 0),
}
# Bitmaps: two bits an asset by its place, first borrowed, then pledged.
USERS = {
    ANN: (1 << 1 | 1 << 2, 0),
    BEN: (1 << 3 | 1 << 8, DOLLARS),
    CAT: (0, 0),
    DAN: (0, 0),
}


def tokens_of(number: int) -> tuple[str, str, str]:
    """The asset's address, its supply token's and its debt token's."""
    first = 0xD00 + 16 * number
    return address(first), address(first + 1), address(first + 2)


def pool(*, rounds: bool = True, category_price: str = ZERO) -> FakeChain:
    """The chain with the pool; with `rounds`, balances round as from v3.5, else as in v3.0."""
    chain = FakeChain()
    chain.answers(POOL, aave_reserves.RESERVES, [tokens_of(number)[0] for number in range(3)])
    chain.answers(POOL, aave_reserves.PROVIDER, PROVIDER)
    chain.answers(PROVIDER, aave_reserves.ORACLE, ORACLE)
    chain.answers(ORACLE, aave_reserves.PRICE_UNIT, 10**8)
    chain.answers(POOL, aave_reserves.DEFICIT, 0)
    chain.answers(POOL, aave_reserves.LTV_ZERO, 0)
    chain.answers(POOL, aave_reserves.STRATEGY, STRATEGY)
    numbers = {tokens_of(number)[0]: number for number in range(3)}
    chain.answers(POOL, aave_reserves.RESERVE, lambda asset: reserve_words(numbers[asset]))
    chain.answers(POOL, aave_reserves.INCOME, SUPPLY_INDEX)
    chain.answers(POOL, aave_reserves.DEBT_INDEX, DEBT_INDEX)
    chain.answers(ORACLE, aave_reserves.PRICE, lambda asset: ASSETS[numbers[asset]][2])
    for one, percent in zip(aave_reserves.CURVE_OF, (90, 0, 4, 60), strict=True):
        chain.answers(STRATEGY, one, lambda _, p=percent: p * RAY // 100)
    category = (9300, 9500, 10100, category_price, "dollars")
    chain.answers(POOL, aave_reserves.CATEGORY, category)
    chain.answers(POOL, aave_reserves.MEMBERS, 1 << 1 | 1 << 4)
    chain.answers(POOL, aave.USER, lambda who: USERS[who][0])
    chain.answers(POOL, aave.USER_CATEGORY, lambda who: USERS[who][1])
    for number in range(3):
        put_tokens(chain, number, rounds=rounds)
    return chain


def reserve_words(number: int) -> tuple[Any, ...]:
    _, supply, debt = tokens_of(number)
    word = ASSETS[number][3] | bits(decimals=ASSETS[number][1])
    rates = (0, RAY, 5 * RAY // 100, 0, 0, PLACES[number])
    return (word, RAY, *rates, supply, ZERO, debt, ZERO, 0, 0, 0)


def put_tokens(chain: FakeChain, number: int, *, rounds: bool) -> None:
    asset, supply, debt = tokens_of(number)
    chain.answers(asset, SYMBOL, ASSETS[number][0])
    chain.answers(asset, DECIMALS, ASSETS[number][1])
    sides = ((supply, SUPPLY_INDEX, ray_mul_down), (debt, DEBT_INDEX, ray_mul_up))
    for side, (token, index, directed) in enumerate(sides):
        multiply = directed if rounds else ray_mul_half_up
        chain.answers(token, aave.SCALED, lambda who, s=side: scaled(who, number)[s])
        chain.answers(
            token,
            BALANCE,
            lambda who, s=side, i=index, m=multiply: m(scaled(who, number)[s], i),
        )
        chain.answers(token, TOTAL_SUPPLY, 10**25)
        for (who, place), held in SCALED.items():
            if place == number and held[side]:
                chain.log(token, aave.TRANSFER, ZERO, who, block=500 + number)
    # Burnt: the zero address is nobody.
    chain.log(supply, aave.TRANSFER, DAN, ZERO, block=600)


def scaled(who: str, number: int) -> tuple[int, int]:
    return SCALED.get((who, number), (0, 0))
