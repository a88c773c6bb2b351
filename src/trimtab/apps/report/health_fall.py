"""A market fall, exactly: all prices that move against the quote fall together, held or owed.

It differs from the distance of an account, which lets only what the account holds fall and leaves
what it owes at its price. Who owes an asset that falls along is nearer by its distance than by a
market fall.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low

from trimtab.engine import EXACT_PER_WAD, Draft, account_sums, is_unsafe
from trimtab.model import Explanation, Rules, account_key
from trimtab.simulation import Standing
from trimtab.simulation.price_shock import Shock, shocked_records
from trimtab.units import WAD, div_up

PERCENTS = (5, 10, 30)
STABLE_PERCENT = 5
PART_WAD = WAD // 10_000  # the grid on which the first debt is sought, a hundredth of a percent
PARTS = 10_000


@dataclass(frozen=True, slots=True)
class FallReach:
    """What is liquidatable after a market fall, valued at the fallen prices (wad)."""

    debt_wad: int
    accounts: int
    whole_wad: int


@dataclass(frozen=True, slots=True)
class MarketFall:
    """What market falls do to a book.

    Attributes:
        moving: assets of the book that fall. kept: those that are stable against the quote.
        reaches: what is liquidatable after falls of some percent.
        first: the account that becomes liquidatable first; None where no fall reaches any.
        first_wad: the largest fall, in hundredths of a percent, under which all that are safe
            now stay safe.
    """

    moving: tuple[str, ...]
    kept: tuple[str, ...]
    reaches: Mapping[int, FallReach]
    first: Explanation | None
    first_wad: int


def market_fall(found: Standing, debtors: Sequence[Explanation]) -> MarketFall:
    """Return what market falls do to the debtors of a standing, nobody acting in between.

    Every asset falls by the same fraction, where it is held and where it is owed, and mark prices
    of its markets with it. The quote keeps its price, and so does what is stable against it: an
    asset whose median price in the case is within 5 % of 1. A yield-bearing asset does as its
    underlying does.
    """
    steady, used = stable_assets(found), _used(found)
    moving = tuple(sorted(used - steady))
    kept = tuple(sorted(used & steady - {found.case.rules.quote}))
    scene = _Scene(found, _movers(found, steady))
    keys = [(account_key(one.account, one.group), one) for one in debtors]
    reaches = {percent: _reach(scene, keys, fall_wad=percent * WAD // 100) for percent in PERCENTS}
    safe = [(key, one) for key, one in keys if not one.liquidatable]
    part, first = _first(scene, safe) if moving else (PARTS, [])
    first.sort(key=lambda one: (-one.debt_wad - one.notional_wad, one.account, one.group))
    return MarketFall(moving, kept, reaches, first[0] if first else None, part * PART_WAD)


def stable_assets(found: Standing) -> frozenset[str]:
    """Assets whose median price in the case is within 5 % of 1, and what bears their yield."""
    rules = found.case.rules
    seen: dict[str, list[int]] = {}
    for tick in found.case.ticks:
        for name, price in tick.prices:
            seen.setdefault(name, []).append(price)
    room = STABLE_PERCENT * WAD // 100
    near = {
        name
        for name, prices in seen.items()
        if name in rules.assets and abs(median_low(prices) - WAD) <= room
    }
    near.add(rules.quote)
    return frozenset(near | {name for name in rules.assets if _root(name, rules) in near})


def _root(name: str, rules: Rules) -> str:
    """What an asset's price hangs on: itself, or the underlying at the end of its chain."""
    for _ in rules.assets:
        under = rules.assets[name].underlying if name in rules.assets else None
        if not under:
            break
        name = under
    return name


def _used(found: Standing) -> frozenset[str]:
    """Assets that the book holds, owes, or has positions in."""
    markets = found.case.rules.markets
    rows = (row.instrument for row in found.case.book)
    return frozenset(markets[name].asset if name in markets else name for name in rows)


@dataclass(frozen=True, slots=True)
class _Scene:
    """A standing, and the assets whose own prices fall."""

    found: Standing
    movers: tuple[str, ...]

    def fallen(self, fall_wad: int) -> Draft:
        """The venue once prices have fallen by a fraction below 1."""
        store, at_ns = self.found.store, self.found.as_of_ns
        shock = Shock(dict.fromkeys(self.movers, WAD - fall_wad))
        after = Draft(store, at_ns)
        for (table, key), record in shocked_records(
            store, Draft(store, at_ns), shock=shock
        ).items():
            after.put(table, key, record=record)
        return after


Keyed = tuple[str, Explanation]


def _movers(found: Standing, steady: frozenset[str]) -> tuple[str, ...]:
    """What a fall moves; a price too small to lose 99.99 % of itself stays."""
    draft = Draft(found.store, found.as_of_ns)
    names = []
    for name, rules in found.case.rules.assets.items():
        mark = draft.mark_if_priced(name)
        if name not in steady and not rules.underlying and mark and mark.price_wad >= PARTS:
            names.append(name)
    return tuple(names)


def _reach(scene: _Scene, keys: Iterable[Keyed], *, fall_wad: int) -> FallReach:
    draft = scene.fallen(fall_wad)
    debt = accounts = whole = 0
    for key, _ in keys:
        account = draft.account(key)
        sums = account_sums(account, draft)
        owed = div_up(sums.debt + sums.notional, EXACT_PER_WAD)
        whole += owed
        if is_unsafe(account, sums):
            debt, accounts = debt + owed, accounts + 1
    return FallReach(debt, accounts, whole)


def _unsafe(scene: _Scene, keys: Sequence[Keyed], *, part: int) -> list[Keyed]:
    draft = scene.fallen(part * PART_WAD)
    unsafe = []
    for key, one in keys:
        account = draft.account(key)
        if is_unsafe(account, account_sums(account, draft)):
            unsafe.append((key, one))
    return unsafe


def _first(scene: _Scene, safe: Sequence[Keyed]) -> tuple[int, list[Explanation]]:
    """The largest fall, in parts, that leaves all safe; and who is not safe one part further.

    An excess is linear in the fall where there are no positions, so that who is unsafe once stays
    so, and halving finds the first exactly; positions may bend it, hence the near falls first.
    """
    low, high, reached = 0, PARTS, list[Keyed]()
    for high in (*(PARTS // 100 * percent for percent in PERCENTS), PARTS - 1):
        reached = _unsafe(scene, safe, part=high)
        if reached:
            break
        low = high
    if not reached:
        return PARTS, []
    while high - low > 1:
        middle = low + (high - low >> 1)
        nearer = _unsafe(scene, reached, part=middle)
        if nearer:
            high, reached = middle, nearer
        else:
            low = middle
    return low, [one for _, one in reached]
