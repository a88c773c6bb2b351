"""Who is unsafe in a living venue, kept up to date by the safe-radius index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trimtab.engine import Draft
from trimtab.kernels.backends import Backend
from trimtab.kernels.border import Ints
from trimtab.kernels.safe_radius import SafeRadiusIndex
from trimtab.simulation.columns import VenueColumns


class VenueIndex:
    """The index over a venue's columns, curves included: tiers, sizes, skew, cut gains."""

    def __init__(
        self, columns: VenueColumns, draft: Draft, *, backend: Backend = Backend.AUTO
    ) -> None:
        """Look at every account once, at the draft's time."""
        self._columns = columns
        self._draft = draft
        self.examined = 0
        self._index = SafeRadiusIndex(
            columns.book,
            columns.coefficients(draft),
            curves=columns.curves(draft),
            exact=self._exact,
            backend=backend,
        )

    def _exact(self, accounts: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return self._columns.exact(self._draft, accounts)

    def unsafe(self, draft: Draft, *, changed: Sequence[int] = ()) -> Ints:
        """Who is unsafe at the draft's time, by number of the account, ascending.

        Arguments:
            changed: what `VenueColumns.apply` returned since the last call.
        """
        self._draft = draft
        columns, index = self._columns, self._index
        worth, curves = columns.coefficients(draft), columns.curves(draft)
        self.examined = 0
        if changed:
            told = index.touch(changed, worth, exact=self._exact, curves=curves)
            self.examined += told.examined
        self.examined += index.tick(worth, exact=self._exact, curves=curves).examined
        if not columns.rowless:
            return index.unsafe
        asked = np.array(sorted(columns.rowless), np.int64)
        return np.union1d(index.unsafe, asked[columns.exact(draft, asked)])
