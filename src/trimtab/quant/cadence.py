"""When an oracle reports, learnt from its rounds: heartbeat, and the move that makes it speak."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.quant.returns import FitReport
from trimtab.units import DataError

Floats = NDArray[np.float64]

# A round before this share of the heartbeat did not wait for it.
_EARLY: Final = 0.9
# A rule explains a round that comes within this share of its threshold: blocks and medians blur it.
_NEARLY: Final = 0.98
_EDGE_SHARE: Final = 0.1
_LONGEST: Final = 0.995
_NEAR: Final = 0.1
_TWO: Final = 0.03


class OracleCadence:
    """Heartbeat and deviation threshold of a feed's rounds.

    The heartbeat is the median of the longest waits, but for one in two hundred, which are gaps of
    the sample; the threshold is where moves are densest among rounds that did not wait for the
    heartbeat. A feed that hardly ever spoke early shows no threshold: it is infinite.

    Learns `heartbeat_seconds_`, `deviation_` (fraction), `early_share_` (of rounds that did not
    wait), `explained_share_` (of rounds that one of both rules explains), `report_`, whose
    `on_time_share` says how many rounds show the heartbeat at all, and `carried_share` how many
    neither rule explains but complete a heartbeat since the round before the last: its clock was
    not started anew.
    """

    def __init__(self, *, least_rounds: int = 100, least_early: int = 30) -> None:
        self.least_rounds = least_rounds
        self.least_early = least_early

    def fit(self, updated_seconds: ArrayLike, prices: ArrayLike) -> OracleCadence:
        """Learn from times (seconds, not falling) and prices (above 0) of rounds in their order.

        Raises:
            DataError: too few rounds, times that fall, prices that are no prices.
        """
        times = np.asarray(updated_seconds, np.float64)
        answers = np.asarray(prices, np.float64)
        if times.size < self.least_rounds or times.shape != answers.shape:
            raise DataError(
                "the rounds are too few to calibrate an oracle",
                found=f"{times.size} rounds",
                expected=f"at least {self.least_rounds}",
            )
        waits = np.diff(times)
        if (waits < 0.0).any() or not (np.isfinite(answers) & (answers > 0.0)).all():
            raise DataError(
                "the rounds are no rounds", expected="times that do not fall, prices above 0"
            )
        moves = np.abs(np.diff(answers)) / answers[:-1]
        longest = float(np.quantile(waits, _LONGEST))
        slow = waits[np.abs(waits / longest - 1.0) <= _NEAR]
        self.heartbeat_seconds_ = float(np.median(slow))
        early = waits < _EARLY * self.heartbeat_seconds_
        self.early_share_ = float(early.mean())
        spoken = moves[early & (moves > 0.0)]
        enough = spoken.size >= self.least_early
        self.deviation_ = float(_densest(spoken)[0]) if enough else math.inf
        on_time = waits >= _NEARLY * self.heartbeat_seconds_
        moved = moves >= _NEARLY * self.deviation_
        self.explained_share_ = float((on_time | moved).mean())
        two = waits + np.concatenate([[0.0], waits[:-1]])
        carried = ~(on_time | moved) & (np.abs(two / self.heartbeat_seconds_ - 1.0) <= _TWO)
        self.report_ = FitReport(
            "oracle cadence",
            int(waits.size),
            {"heartbeat_seconds": (self.heartbeat_seconds_,), "deviation": (self.deviation_,)},
            {"wait_median_seconds": (float(np.median(waits)),)},
            quality={
                "explained_share": (self.explained_share_,),
                "early_share": (self.early_share_,),
                "on_time_share": (slow.size / waits.size,),
                "carried_share": (float(carried.mean()),),
            },
        )
        return self


def _densest(values: Floats) -> Floats:
    """The sorted values of the shortest interval that holds a tenth of them."""
    ordered = np.sort(values)
    count = max(2, math.ceil(_EDGE_SHARE * ordered.size))
    widths = ordered[count - 1 :] - ordered[: ordered.size - count + 1]
    first = int(np.argmin(widths))
    return np.asarray(ordered[first : first + count], dtype=np.float64)
