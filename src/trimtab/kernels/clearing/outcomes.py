"""What one path did to the venue: one row of numbers, the same from either engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from trimtab.kernels.border import Floats
from trimtab.units import DataError

# A loss beyond the funds that is at most this share of the book's first debt is a rounding.
INSOLVENT_SHARE: Final = 1e-9

COLUMNS: Final = (
    "bad_debt",
    "liquidated",
    "seized",
    "bonus",
    "keeper_profit",
    "gas",
    "penalty",
    "insurance_used",
    "backstop_used",
    "deleveraged",
    "socialized",
    "shortfall_left",
    "undercollateralized_peak",
    "undercollateralized_time",
    "liquidations",
    "insolvent",
)


@dataclass(frozen=True, slots=True, eq=False)
class ClearingOutcomes:
    """One entry per path, in their order; values in the venue's quote, at reported prices.

    Args:
        assets: of `displacement`.
        first_path: number of the first path.
        bad_debt: losses that entered the waterfall, but for what the account's own margin paid:
            penalty + insurance_used + backstop_used + deleveraged + socialized.
        liquidated: debt that liquidators repaid. seized: what they took for it. bonus: the excess.
        keeper_profit: what the seized sold for - the repaid debt at market prices - gas.
        gas: paid for liquidations that happened.
        penalty: losses paid out of fees that the same liquidation had taken.
        insurance_used: paid by reserves and fund. backstop_used: by the backstop's capital.
        deleveraged: by winners of positions. socialized: by suppliers.
        shortfall_left: debt less collateral of accounts below water at the end, not yet booked.
        undercollateralized_peak: the largest, over steps, sum of the debt of accounts whose debt is
            worth more than their collateral at a step's end.
        undercollateralized_time: that sum added up over steps: quote x steps.
        liquidations: how many.
        insolvent: 1 where deleveraged + socialized is more than 1e-9 of the book's first debt.
        displacement: paths by assets: the lowest ln(market price / path price), at most 0.
    """

    assets: tuple[str, ...]
    first_path: int
    bad_debt: Floats
    liquidated: Floats
    seized: Floats
    bonus: Floats
    keeper_profit: Floats
    gas: Floats
    penalty: Floats
    insurance_used: Floats
    backstop_used: Floats
    deleveraged: Floats
    socialized: Floats
    shortfall_left: Floats
    undercollateralized_peak: Floats
    undercollateralized_time: Floats
    liquidations: Floats
    insolvent: Floats
    displacement: Floats

    def __post_init__(self) -> None:
        count = self.displacement.shape[0]
        assert self.displacement.shape == (count, len(self.assets)), "paths by assets"
        for name in COLUMNS:
            assert getattr(self, name).shape == (count,), f"{name}: one number a path"

    @property
    def paths(self) -> int:
        """How many paths."""
        return int(self.displacement.shape[0])

    def table(self) -> Floats:
        """Paths by `COLUMNS`."""
        return np.column_stack([getattr(self, name) for name in COLUMNS])

    def row(self, path: int) -> dict[str, float]:
        """One path by its place, from 0: every column by name, displacement as `displacement_X`."""
        found = {name: float(getattr(self, name)[path]) for name in COLUMNS}
        moved = self.displacement[path].tolist()
        return found | {f"displacement_{a}": m for a, m in zip(self.assets, moved, strict=True)}


def outcomes_of(
    table: Floats, displacement: Floats, *, assets: Sequence[str], first_path: int = 0
) -> ClearingOutcomes:
    """Outcomes from a table of paths by `COLUMNS` and one of paths by assets."""
    columns = dict(zip(COLUMNS, np.ascontiguousarray(table.T), strict=True))
    return ClearingOutcomes(
        assets=tuple(assets), first_path=first_path, displacement=displacement, **columns
    )


def joined(parts: Sequence[ClearingOutcomes]) -> ClearingOutcomes:
    """Batches of one run as one, in the order of their paths whatever order they come in.

    Raises:
        DataError: no batch, batches that leave out or repeat a path, or other assets.
    """
    found = sorted(parts, key=lambda part: part.first_path)
    if not found:
        raise DataError("no batch has been run", found="0", expected="at least one")
    following = found[0].first_path
    for part in found:
        if part.first_path != following or part.assets != found[0].assets:
            raise DataError(
                "batches do not follow one another",
                found=f"path {part.first_path} of {', '.join(part.assets)}",
                expected=f"path {following} of {', '.join(found[0].assets)}",
            )
        following += part.paths
    return outcomes_of(
        np.concatenate([part.table() for part in found]),
        np.concatenate([part.displacement for part in found]),
        assets=found[0].assets,
        first_path=found[0].first_path,
    )
