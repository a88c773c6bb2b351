"""A pool of the protocol's own that buys what outside liquidators leave, and sells it in time.

It does not ask whether a sale at today's depth would pay, as they do; it pays a price that is good
once the market has recovered, with its own money and no more than it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.agents.keeper import Offer, best_offer
from trimtab.agents.keeping import Patience, due_sales
from trimtab.agents.observing import Beat, Intent, Observation
from trimtab.model import commands as c
from trimtab.units import WAD, UsageError

SLOW = Patience(48, 1e-8)


@dataclass(frozen=True, slots=True)
class LastResortPolicy:
    """Buys what is left.

    Args:
        margin_wad: least bonus over what it pays, wad; below 0 it helps at a loss, above -1.
        share_wad: most of its money that one account gets, wad, above 0 up to 1.
        patience: how it sells what it bought.
    """

    margin_wad: int = 0
    share_wad: int = WAD
    patience: Patience = SLOW
    name: str = "@last-resort"
    beats: frozenset[Beat] = frozenset({Beat.LEFT, Beat.CLOSING})

    def __post_init__(self) -> None:
        if self.margin_wad <= -WAD or not 0 < self.share_wad <= WAD:
            raise UsageError(f"a margin is above -1, a share above 0 up to 1: found {self}")

    def observe(self, observation: Observation) -> Sequence[Intent]:
        """Buy from each account that is left, within the money; sell what is due."""
        if observation.beat is Beat.CLOSING:
            return due_sales(observation, self.patience)
        intents = []
        cash = observation.funds.cash_wad
        for key in observation.focus:
            limit = None if cash is None else cash * self.share_wad // WAD
            offer = best_offer(observation.draft, key, capital_wad=limit)
            if offer is None or not self._wants(offer):
                continue
            pair = offer.quote.pair
            command = c.Liquidate(
                observation.draft.now_ns,
                key,
                pair.debt.asset,
                pair.collateral.asset,
                self.name,
                repay=offer.repay,
            )
            intents.append(Intent((command,)))
            if cash is not None:
                cash -= offer.cost_wad
        return intents

    def _wants(self, offer: Offer) -> bool:
        """Whether what it gets is worth what it pays and the margin, at the reported prices."""
        pair = offer.quote.pair
        cost = offer.repay * pair.debt.unit
        brings = min(pair.held_value, cost * (WAD + offer.quote.terms.bonus_wad) // WAD)
        return brings * WAD >= cost * (WAD + self.margin_wad)
