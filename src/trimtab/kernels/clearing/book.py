"""A book of loans as the path kernel takes it: dense columns of amounts, weights and pools."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.border import Floats, Ints, finite, whole
from trimtab.units import DataError


@unique
class SizingKind(IntEnum):
    """How much one liquidation closes, as `model.Sizing`."""

    TARGET_HEALTH = 0
    CLOSE_FACTOR = 1
    WHOLE = 2


@dataclass(frozen=True, slots=True)
class LiquidationTerms:
    """How a venue liquidates; ratios of 1, values in the quote. Fields as `LiquidationRules`."""

    sizing: SizingKind = SizingKind.TARGET_HEALTH
    target_health: float = 1.05
    close_factor: float = 0.5
    full_close_health: float = 0.95
    shortfall_bonus: bool = False
    minimum_bonus: float = 0.01
    full_bonus_health: float = 0.9
    spiral_cut: bool = True
    dust_debt: float = 0.0
    dust_collateral: float = 0.0
    dust_share: float = 0.001

    def __post_init__(self) -> None:
        for name, low, high in _LIQUIDATION_RANGES:
            value = getattr(self, name)
            if not low <= value <= high:
                raise DataError(
                    "liquidation terms cannot be used",
                    column=name,
                    found=str(value),
                    expected=f"{low:g} to {high:g}",
                )


_LIQUIDATION_RANGES = (
    ("target_health", 1.0, 10.0),
    ("close_factor", 1e-18, 1.0),
    ("full_close_health", 0.0, 1.0),
    ("minimum_bonus", 0.0, 1.0),
    ("full_bonus_health", 0.0, 1.0 - 1e-18),
    ("dust_debt", 0.0, 1e300),
    ("dust_collateral", 0.0, 1e300),
    ("dust_share", 0.0, 1.0),
)


@dataclass(frozen=True, slots=True, eq=False)
class PoolColumns:
    """Each asset's pool at the start; whole units, one entry per asset.

    Args:
        supplied: claims of all suppliers, those of the book among them.
        borrowed: owed by the book. cash: there to be paid out. reserves: the venue's own.
        minted: of an asset that borrowing mints; `mintable` says which are.
        fund, backstop: what the insurance fund and the backstop hold of `supplied`.
        growth: factor by which a debt grows in a step.
        reserve_factor: share of the interest that the reserves keep.
    """

    supplied: Floats
    borrowed: Floats
    cash: Floats
    reserves: Floats
    minted: Floats
    mintable: NDArray[np.bool_]
    fund: Floats
    backstop: Floats
    growth: Floats
    reserve_factor: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ClearingBook:
    """Loans of many accounts at one venue, for the path kernel.

    Args:
        assets: names, ascending; ties between pairs and the order of payers go by them.
        quote: place of the venue's quote in `assets`.
        prices: of each asset at the start, above 0; assets without a path keep it.
        accounts: names, ascending; ties between accounts go by them.
        held, owed: accounts by assets, whole units, 0 or more.
        kind: per account a row of the three tables of weights.
        weight, end, bonus: kinds by assets: collateral weight at the maintenance and the
            liquidation-end level, from 0 to 1, and the full liquidation bonus.
        liability: per asset, the weight of a debt, 1 or more. fee: per asset, to the fund.
        pools: what stands behind the loans.
        liquidation: how the venue liquidates.
        step_seconds: the step that `pools.growth` is of.

    Raises:
        DataError: columns that do not fit, or a number out of its range.
    """

    assets: tuple[str, ...]
    quote: int
    prices: Floats
    accounts: tuple[str, ...]
    held: Floats
    owed: Floats
    kind: Ints
    weight: Floats
    end: Floats
    bonus: Floats
    liability: Floats
    fee: Floats
    pools: PoolColumns
    liquidation: LiquidationTerms
    step_seconds: float

    def __post_init__(self) -> None:
        count, kinds = len(self.assets), self.weight.shape[0]
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys(
            ("held", "owed"), (len(self.accounts), count)
        )
        shapes |= dict.fromkeys(("weight", "end", "bonus"), (kinds, count))
        shapes |= dict.fromkeys(("prices", "liability", "fee"), (count,))
        for name, shape in shapes.items():
            column = finite(getattr(self, name), name, low=_LEAST.get(name, 0.0))
            _require_shape(name, column, shape=shape)
            object.__setattr__(self, name, column)
        kind = whole(self.kind, "kind", below=kinds).astype(np.int64)
        _require_shape("kind", kind, shape=(len(self.accounts),))
        object.__setattr__(self, "kind", kind)
        for name in PoolColumns.__slots__:
            column = finite(getattr(self.pools, name), f"pools.{name}", low=_LEAST.get(name, 0.0))
            _require_shape(f"pools.{name}", column, shape=(count,))
        if self.weight.max(initial=0.0) > 1.0 or self.end.max(initial=0.0) > 1.0:
            raise DataError("a collateral weight is above 1", column="weight", expected="0 to 1")
        if list(self.assets) != sorted(set(self.assets)) or not 0 <= self.quote < count:
            raise DataError("assets are out of order", expected="names ascending, with the quote")
        if list(self.accounts) != sorted(set(self.accounts)):
            raise DataError("accounts are out of order", expected="names ascending, each once")
        finite(self.step_seconds, "step_seconds", low=_TINY)

    @property
    def debt(self) -> float:
        """What the accounts owe at the start, quote."""
        return float((self.owed @ self.prices).sum())


# Least values; the rest may be 0.
_TINY = float(np.finfo(np.float64).tiny)
_LEAST = {"prices": _TINY, "liability": 1.0, "growth": _TINY}


def _require_shape(name: str, column: NDArray[Any], *, shape: tuple[int, ...]) -> None:
    if column.shape != shape:
        raise DataError(
            "the columns of a book do not fit",
            column=name,
            found=f"shape {column.shape}",
            expected=f"shape {shape}",
        )
