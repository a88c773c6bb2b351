"""What Derive's portfolio manager requires whatever the scenario, over columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.derive_columns import DeriveBook
from trimtab.kernels.derive_grid import ContingencyRates, DeriveGrid
from trimtab.kernels.option_book import group_sums

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Contingencies:
    """Per account, quote: add-ons of both margins and of the initial one, and collateral.

    value: of all collateral; risk_cancelling: of that which moves with spot; size: the sum of the
    magnitudes of all that was added, for the error bound.
    """

    maintenance: Floats
    initial: Floats
    value: Floats
    risk_cancelling: Floats
    size: Floats


def contingencies(
    book: DeriveBook, grid: DeriveGrid, *, run: slice, naked: Floats
) -> Contingencies:
    """Return what the accounts of a run need beside the scenarios.

    Args:
        naked: naked short options of each expiry of these accounts.

    The confidence of a collateral is the least of its own and of spot; of the perpetual and of an
    expiry also that of the perpetual, while one is held.
    """
    rules, held = grid.contingency, book.collaterals
    begin = book.expiry_offsets[run.start]
    expiry_offsets = book.expiry_offsets[run.start : run.stop + 1] - begin
    rows = slice(int(held.offsets[run.start]), int(held.offsets[run.stop]))
    offsets = held.offsets[run.start : run.stop + 1] - rows.start
    stable = np.repeat(book.stable_price[run], np.diff(offsets))
    values = held.amount[rows] * held.price[rows] / stable
    spot = book.spot[run]
    perp = np.abs(book.perp_size[run]) * spot
    shorts = group_sums(naked, expiry_offsets) * spot
    maintenance = perp * rules.maintenance_perp + shorts * rules.maintenance_option
    maintenance += group_sums(values * held.maintenance_haircut[rows], offsets)
    initial = perp * rules.initial_perp + shorts * rules.initial_option
    initial += group_sums(values * held.initial_haircut[rows], offsets)
    initial += _confidence(book, rules, run=run, values=values)
    value = group_sums(values, offsets)
    cancelling = group_sums(values * held.cancels_risk[rows], offsets)
    sizes = perp * np.maximum(1.0, _moves(grid)) + value * np.maximum(1.0, _moves(grid))
    return Contingencies(maintenance, initial, value, cancelling, sizes + maintenance + initial)


def _confidence(book: DeriveBook, rules: ContingencyRates, *, run: slice, values: Floats) -> Floats:
    """Return (1 - confidence) * factor * notional, summed where it is below the threshold."""
    spot_confidence = book.spot_confidence[run]
    both = np.minimum(spot_confidence, book.perp_confidence[run])
    least = np.where(book.perp_size[run] != 0.0, both, spot_confidence)
    charge = _charge(least, np.abs(book.perp_size[run]) * book.spot[run], rules=rules)
    begin, end = int(book.expiry_offsets[run.start]), int(book.expiry_offsets[run.stop])
    of_options = book.options.offsets[begin : end + 1]
    amounts = np.abs(book.options.amount[int(of_options[0]) : int(of_options[-1])])
    counts = group_sums(amounts, of_options - of_options[0])
    offsets = book.expiry_offsets[run.start : run.stop + 1] - begin
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    confidence = np.minimum(least[owner], book.expiry_confidence[begin:end])
    notional = counts * book.spot[run][owner]
    charge = charge + group_sums(_charge(confidence, notional, rules=rules), offsets)
    held = book.collaterals
    rows = slice(int(held.offsets[run.start]), int(held.offsets[run.stop]))
    held_offsets = held.offsets[run.start : run.stop + 1] - rows.start
    own = np.minimum(held.confidence[rows], np.repeat(spot_confidence, np.diff(held_offsets)))
    return charge + group_sums(_charge(own, values, rules=rules), held_offsets)


def _charge(confidence: Floats, notional: Floats, *, rules: ContingencyRates) -> Floats:
    owed = (1.0 - confidence) * rules.confidence_factor * notional
    found: Floats = np.where(confidence >= rules.confidence_threshold, 0.0, owed)
    return found


def _moves(grid: DeriveGrid) -> float:
    return max(abs(point.spot - 1.0) * point.dampening for point in grid.scenarios)
