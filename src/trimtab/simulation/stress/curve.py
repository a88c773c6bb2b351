"""Loss against the depth of a shock, with what sales do to the price and without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SHOCK_DEPTHS: Final = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7)


@dataclass(frozen=True, slots=True)
class ShockPoint:
    """What a fall of everything that moves does: fractions of prices, quote values.

    loss, liquidated: with feedback, that is with accounts marked at prices after impact;
    loss_alone, liquidated_alone: marked at the path's. amplification: liquidated over
    liquidated_alone; None where nothing is liquidated alone.
    """

    depth: float
    loss: float
    loss_alone: float
    liquidated: float
    liquidated_alone: float
    insolvent: bool

    @property
    def amplification(self) -> float | None:
        """How much more is liquidated because sales move prices."""
        return self.liquidated / self.liquidated_alone if self.liquidated_alone > 0.0 else None


@dataclass(frozen=True, slots=True)
class ShockCurve:
    """Points by rising depth; the shock is reached after `shock_steps` equal steps, and stays."""

    points: tuple[ShockPoint, ...]
    shock_steps: int
    assets: tuple[str, ...]
