"""Aave v3: its reserves and categories as the pool tells them.

Sources: aave/aave-v3-core 782f5191 (v3.0), aave-dao/aave-v3-origin fd1fbd91 (v3.7): IPool,
DataTypes, ReserveConfiguration, both rate strategies. What a version lacks it refuses, and that
tells which it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from trimtab.adapters.chains.abi import ZERO_ADDRESS, function
from trimtab.adapters.chains.reader import Call, Reader
from trimtab.adapters.chains.tokens import TOTAL_SUPPLY, Token, read_tokens
from trimtab.units import DataError

RESERVES = function("getReservesList()", "address[]")
RESERVE = function(
    "getReserveData(address)",
    *("uint256", "uint128", "uint128", "uint128", "uint128", "uint128", "uint40", "uint16"),
    *("address", "address", "address", "address", "uint128", "uint128", "uint128"),
)
INCOME = function("getReserveNormalizedIncome(address)", "uint256")
DEBT_INDEX = function("getReserveNormalizedVariableDebt(address)", "uint256")
DEFICIT = function("getReserveDeficit(address)", "uint256")  # from 3.3
STRATEGY = function("RESERVE_INTEREST_RATE_STRATEGY()", "address")  # from 3.4
PROVIDER = function("ADDRESSES_PROVIDER()", "address")
ORACLE = function("getPriceOracle()", "address")
PRICE = function("getAssetPrice(address)", "uint256")
PRICE_UNIT = function("BASE_CURRENCY_UNIT()", "uint256")
CATEGORY = function("getEModeCategoryData(uint8)", "(uint16,uint16,uint16,address,string)")
MEMBERS = function("getEModeCategoryCollateralBitmap(uint8)", "uint128")  # from 3.2
LTV_ZERO = function("getEModeCategoryLtvzeroBitmap(uint8)", "uint128")  # from 3.6
# The curve of a reserve: of its own contract until 3.0, of one contract for all from 3.1.
CURVE_OWN = tuple(
    function(f"{name}()", "uint256")
    for name in (
        "OPTIMAL_USAGE_RATIO",
        "getBaseVariableBorrowRate",
        "getVariableRateSlope1",
        "getVariableRateSlope2",
    )
)
CURVE_OF = tuple(
    function(f"{name}(address)", "uint256")
    for name in (
        "getOptimalUsageRatio",
        "getBaseVariableBorrowRate",
        "getVariableRateSlope1",
        "getVariableRateSlope2",
    )
)


@dataclass(frozen=True, slots=True)
class Curve:
    """A borrow rate by utilization, all in ray: the kink, and a year's rates."""

    kink_ray: int
    base_ray: int
    slope1_ray: int
    slope2_ray: int


@dataclass(frozen=True, slots=True)
class Reserve:
    """One reserve at the block.

    Args:
        place: its number in the pool, which bitmaps count by.
        bits: its configuration word.
        stable_debt: token of stable debt, "" where there is none.
        supply_index_ray, debt_index_ray: normalized to the block's time.
        rate_ray: borrow rate a year now.
        supplied: all of its supply tokens, native units.
        price: in units of the oracle, None where the oracle refuses.
        curve: None where its strategy tells none.
    """

    token: Token
    place: int
    bits: int
    supply: str
    stable_debt: str
    debt: str
    supply_index_ray: int
    debt_index_ray: int
    rate_ray: int
    supplied: int
    price: int | None
    curve: Curve | None

    def field(self, begin: int, bits: int) -> int:
        """A part of the configuration word, by its first bit and its length."""
        return self.bits >> begin & (1 << bits) - 1

    @property
    def ltv_bps(self) -> int:
        """Loan-to-value, basis points."""
        return self.field(0, 16)

    @property
    def threshold_bps(self) -> int:
        """Liquidation threshold, basis points."""
        return self.field(16, 16)

    @property
    def bonus_bps(self) -> int:
        """Liquidation bonus, basis points; 10000 is none, 0 where it is no collateral."""
        return self.field(32, 16)

    @property
    def category(self) -> int:
        """Its one category, until 3.1; 0 is none."""
        return self.field(168, 8)


@dataclass(frozen=True, slots=True)
class Category:
    """An efficiency mode: its ratios in basis points, its label, and the places of its members."""

    number: int
    ltv_bps: int
    threshold_bps: int
    bonus_bps: int
    has_price: bool
    label: str
    members: frozenset[int]


@dataclass(frozen=True, slots=True)
class Pool:
    """The pool's configuration.

    Args:
        price_unit: of the oracle's prices, one of the base currency.
        refuses_dust: from 3.3.
        counts_zero_threshold: a category's threshold counts for reserves without one (3.6).
    """

    address: str
    reserves: tuple[Reserve, ...]
    price_unit: int
    refuses_dust: bool
    counts_zero_threshold: bool


def read_pool(reader: Reader, address: str) -> Pool:
    """Return the reserves of a pool at the reader's block.

    Raises:
        DataError: the node fails, or the contract is no pool of Aave v3.
    """
    assets: Sequence[str] = reader.one(address, RESERVES)
    if not assets:
        raise DataError("the pool has no reserves", where=address, expected="a pool of Aave v3")
    provider = reader.one(address, PROVIDER)
    oracle = reader.one(provider, ORACLE)
    price_unit: int = reader.one(oracle, PRICE_UNIT)
    marks = reader.ask(
        [
            Call(address, DEFICIT, (assets[0],), optional=True),
            Call(address, LTV_ZERO, (1,), optional=True),
            Call(address, STRATEGY, optional=True),
        ],
        "the pool",
    )
    reserves = _reserves(reader, address, assets=assets, oracle=oracle, strategy=marks[2])
    return Pool(
        address,
        reserves,
        price_unit,
        refuses_dust=marks[0] is not None,
        counts_zero_threshold=marks[1] is not None,
    )


def _reserves(
    reader: Reader, pool: str, *, assets: Sequence[str], oracle: str, strategy: str | None
) -> tuple[Reserve, ...]:
    tokens = read_tokens(reader, assets)
    data = reader.ask([Call(pool, RESERVE, (asset,)) for asset in assets], "reserves")
    incomes = reader.ask([Call(pool, INCOME, (asset,)) for asset in assets], "reserves")
    debts = reader.ask([Call(pool, DEBT_INDEX, (asset,)) for asset in assets], "reserves")
    prices = reader.ask(
        [Call(oracle, PRICE, (asset,), optional=True) for asset in assets], "prices"
    )
    totals = reader.ask([Call(words[8], TOTAL_SUPPLY) for words in data], "reserves")
    curves = _curves(reader, assets, strategies=[strategy or words[11] for words in data])
    return tuple(
        Reserve(
            token,
            place=words[7],
            bits=words[0],
            supply=words[8],
            stable_debt="" if words[9] == ZERO_ADDRESS else words[9],
            debt=words[10],
            supply_index_ray=incomes[number],
            debt_index_ray=debts[number],
            rate_ray=words[4],
            supplied=totals[number],
            price=prices[number],
            curve=curves[number],
        )
        for number, (token, words) in enumerate(zip(tokens, data, strict=True))
    )


def _curves(
    reader: Reader, assets: Sequence[str], *, strategies: Sequence[str]
) -> list[Curve | None]:
    calls = []
    for asset, strategy in zip(assets, strategies, strict=True):
        calls += [Call(strategy, one, (asset,), optional=True) for one in CURVE_OF]
        calls += [Call(strategy, one, optional=True) for one in CURVE_OWN]
    found = reader.ask(calls, "rates")
    curves: list[Curve | None] = []
    for begin in range(0, len(found), len(CURVE_OF) + len(CURVE_OWN)):
        shared, own = found[begin : begin + 4], found[begin + 4 : begin + 8]
        words = shared if None not in shared else own
        curves.append(None if None in words else Curve(*words))
    return curves


def read_categories(
    reader: Reader, pool: Pool, *, numbers: Iterable[int]
) -> Mapping[int, Category]:
    """Return the categories of some numbers; those that the pool does not have are left out."""
    wanted = sorted(set(numbers) - {0})
    calls = [Call(pool.address, CATEGORY, (number,)) for number in wanted]
    calls += [Call(pool.address, MEMBERS, (number,), optional=True) for number in wanted]
    found = reader.ask(calls, "categories")
    categories = {}
    for number, words, bitmap in zip(
        wanted, found[: len(wanted)], found[len(wanted) :], strict=True
    ):
        ltv_bps, threshold_bps, bonus_bps, price_source, label = words
        members = frozenset(
            reserve.place
            for reserve in pool.reserves
            if _is_member(reserve, number, bitmap=bitmap)
            and (reserve.threshold_bps or pool.counts_zero_threshold)
        )
        if threshold_bps and members:
            has_price = price_source != ZERO_ADDRESS
            categories[number] = Category(
                number, ltv_bps, threshold_bps, bonus_bps, has_price, label, members
            )
    return categories


def _is_member(reserve: Reserve, number: int, *, bitmap: int | None) -> bool:
    if bitmap is None:
        return reserve.category == number
    return bool(bitmap >> reserve.place & 1)
