"""Cascades that one barrier cannot answer: several sold assets, and sizes that follow the price.

Both iterate from the shock downward; every round can only lower prices, so that they end at the
highest prices that carry their own sales (docs/concepts/cascade-barrier.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.kernels.barrier import Barrier, Fall, Impact, barrier, checked_impact, fall
from trimtab.kernels.border import Floats, Ints, finite, same_length, whole
from trimtab.units import DataError

ROUNDS_MAX = 100_000
# Accounts that a fall of sizes looks at in one go.
BLOCK = 1 << 15


@dataclass(frozen=True, slots=True)
class Holders:
    """Accounts that hold sold assets: one row per position, in order of accounts.

    `slope` is what a unit of price adds to the account's excess (quantity x weight), `sale` what
    it sells of the asset when it falls. `rest` is the excess of each account without these
    positions: it is unsafe while rest + sum of slope x price < 0.
    """

    account: Ints
    asset: Ints
    slope: Floats
    sale: Floats
    rest: Floats


def holders(
    account: ArrayLike, asset: ArrayLike, *, slope: ArrayLike, sale: ArrayLike, rest: ArrayLike
) -> Holders:
    """Check the columns of a cascade over several assets.

    Raises:
        DataError: a number that is none or negative where it may not be, or rows out of order.
    """
    rests = finite(rest, "rest")
    accounts = whole(account, "account", below=max(rests.size, 1)).astype(np.int64)
    assets = whole(asset, "asset", below=2**31).astype(np.int64)
    slopes, sales = finite(slope, "slope", low=0.0), finite(sale, "sale", low=0.0)
    same_length({"account": accounts, "asset": assets, "slope": slopes, "sale": sales})
    if (accounts[1:] < accounts[:-1]).any():
        raise DataError("the rows are not in order", column="account", expected="ascending")
    return Holders(accounts, assets, slopes, sales, rests)


@dataclass(frozen=True, slots=True)
class JointFall:
    """Where a cascade over several assets stops: what was sold, the prices, and the rounds.

    `counts` is how many of the accounts with one sold asset fell, by asset, and `mixed` which of
    those with more; `JointCascade.fallen` says who they are.
    """

    counts: tuple[int, ...]
    mixed: NDArray[np.bool_]
    sold: Floats
    price: Floats
    rounds: int


class JointCascade:
    """Cascades over several sold assets, each with its own impact.

    Accounts with one sold asset stand in one sorted column per asset, where a round is a binary
    search; those with more are looked at one by one. Where no account holds more than one, each
    asset has a barrier and there are no rounds at all.
    """

    def __init__(self, book: Holders, impacts: Sequence[Impact]) -> None:
        """Sort the accounts.

        Raises:
            DataError: an asset without an impact, or an impact that rises.
        """
        whole(book.asset, "asset", below=max(len(impacts), 1))
        self._book, self._impacts = book, tuple(impacts)
        held = np.bincount(book.account, minlength=book.rest.size)
        alone = held[book.account] == 1
        self._rows = [np.flatnonzero(alone & (book.asset == a)) for a in range(len(impacts))]
        self._barriers = [self._barrier(asset) for asset in range(len(impacts))]
        self._mixed = np.flatnonzero(~alone)
        # Whoever is short without any sold asset falls at any price.
        self._lost = (held == 0) & (book.rest < 0)

    def _barrier(self, asset: int) -> Barrier:
        book, rows = self._book, self._rows[asset]
        rest, slope = book.rest[book.account[rows]], book.slope[rows]
        edge = liquidation_prices(rest, slope)
        return barrier(edge, book.sale[rows], impact=self._impacts[asset])

    def fall(self, prices: ArrayLike) -> JointFall:
        """Where the cascade stops that starts at some prices, one of each asset.

        Exact in the arithmetic of the columns: an account falls when its rounded excess, or with
        one sold asset the price against its liquidation price, says so.
        """
        starts = finite(prices, "price", low=0.0)
        if starts.shape != (len(self._impacts),):
            raise DataError("one price of each sold asset", found=str(starts.shape))
        if self._mixed.size:
            return self._iterate(starts)
        falls = [fall(one, starts[asset : asset + 1]) for asset, one in enumerate(self._barriers)]
        counts = tuple(int(one.fallen[0]) for one in falls)
        sold = np.array([one.sold[0] for one in falls])
        price = np.array([one.price[0] for one in falls])
        return JointFall(counts, np.zeros(0, np.bool_), sold, price, 1)

    def _iterate(self, starts: Floats) -> JointFall:
        book, mixed = self._book, self._mixed
        owner, inverse = np.unique(book.account[mixed], return_inverse=True)
        asset, slope, sale = book.asset[mixed], book.slope[mixed], book.sale[mixed]
        rest, down = book.rest[owner], np.zeros(owner.size, np.bool_)
        counts = [0] * len(starts)
        price, sold = starts.copy(), np.zeros(starts.size)
        for number in range(1, ROUNDS_MAX):
            for place, one in enumerate(self._barriers):
                counts[place] = max(counts[place], _above(one.price, price[place]))
            worth = np.bincount(inverse, weights=slope * price[asset], minlength=owner.size)
            down |= rest + worth < 0
            extra = np.bincount(asset, weights=sale * down[inverse], minlength=starts.size)
            own = [one.sold[count] for one, count in zip(self._barriers, counts, strict=True)]
            again: Floats = np.array(own) + extra
            if (again == sold).all():
                return JointFall(tuple(counts), down, sold, price, number)
            sold = again
            factors = [
                checked_impact(impact, np.array([0.0, quantity]))[1]
                for impact, quantity in zip(self._impacts, sold, strict=True)
            ]
            price = starts * np.array(factors)
        raise AssertionError("each round fells an account")

    def fallen(self, found: JointFall) -> NDArray[np.bool_]:
        """Whether each account fell."""
        fallen: NDArray[np.bool_] = self._lost.copy()
        for rows, one, count in zip(self._rows, self._barriers, found.counts, strict=True):
            fallen[self._book.account[rows[one.order[:count]]]] = True
        fallen[np.unique(self._book.account[self._mixed])[found.mixed]] = True
        return fallen


def liquidation_prices(rest: Floats, slope: Floats) -> Floats:
    """The price under which rest + slope x price < 0: 0 is never, the largest float always."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        edge = np.where(rest < 0, -rest / slope, 0.0)
    return np.minimum(edge, np.finfo(np.float64).max)


def _above(descending: Floats, price: float) -> int:
    """How many of the prices, highest first, lie above one."""
    return int(descending.size - np.searchsorted(descending[::-1], price, side="right"))


@dataclass(frozen=True, slots=True)
class Sizing:
    """Sales that follow the price: clip(need / price - spare, 0, size) whole units.

    That is what sizing to a target health asks for: with debt D, weighted amount w, target h and
    what a sold unit frees k: need = h D / (h - k), spare = w / (h - k); docs say more.
    """

    liquidation_price: Floats
    need: Floats
    spare: Floats
    size: Floats


def sized_fall(
    book: Sizing, price: float, *, impact: Impact, tolerance: float = 1e-12
) -> tuple[Fall, int]:
    """Where a cascade stops whose sales grow as the price falls; and the rounds it took.

    Each round freezes the sales at the last price and takes the barrier's answer. Prices fall
    toward the highest price that carries its own sales, and stop within `tolerance` of the step.

    Raises:
        DataError: a number that is none or negative, or an impact that rises.
    """
    columns = {
        name: finite(getattr(book, name), name, low=0.0)
        for name in ("liquidation_price", "need", "spare", "size")
    }
    same_length(columns)
    # The order of falling does not change with the sizes: it is sorted once.
    order = np.argsort(-columns["liquidation_price"], kind="stable")
    ordered = Sizing(*(column[order] for column in columns.values()))
    start = float(finite([price], "price", low=0.0)[0])
    at, rounds = start, 0
    while True:
        rounds += 1
        count, sold, factor = _frozen_fall(ordered, (start, at), impact=impact)
        reached = start * factor
        if at - reached <= tolerance * at or rounds >= ROUNDS_MAX:
            return Fall(np.array([count]), np.array([sold]), np.array([reached])), rounds
        at = reached


def _frozen_fall(
    ordered: Sizing, prices: tuple[float, float], *, impact: Impact
) -> tuple[int, float, float]:
    """How many fall from a starting price, what they sell, and the impact, sizes frozen at another.

    A block at a time: whoever stands behind the stop is not looked at.
    """
    start, frozen = prices
    count, sold, factor = 0, 0.0, 1.0
    for begin in range(0, ordered.size.size, BLOCK):
        part = slice(begin, begin + BLOCK)
        sale = ordered.size[part]
        if frozen > 0:
            sale = np.clip(ordered.need[part] / frozen - ordered.spare[part], 0.0, sale)
        sums = np.cumsum(np.concatenate([[sold], sale]))
        # The impact is checked at 0 too; of the block's first sum it is that of the block before.
        factors = checked_impact(impact, np.concatenate([[0.0], sums]))[1:]
        stops = start * factors[:-1] >= ordered.liquidation_price[part]
        stop = int(stops.argmax()) if stops.any() else sale.size
        count, sold, factor = begin + stop, float(sums[stop]), float(factors[stop])
        if stop < sale.size:
            break
    return count, sold, factor
