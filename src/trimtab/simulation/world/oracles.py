"""What each asset's oracle publishes and reports, step by step; the rules are `OracleTerms`'."""

from __future__ import annotations

from collections.abc import Sequence

from trimtab.kernels.clearing.terms import OracleTerms


class Oracles:
    """All oracles of one run, from the path's first prices on."""

    def __init__(self, terms: OracleTerms, first_prices: Sequence[float]) -> None:
        self.terms = terms
        self._step = 0
        # Per asset: what was last published up to each step, and when that was.
        self._last: list[list[float]] = [[float(price)] for price in first_prices]
        self._since: list[list[int]] = [[0] for _ in first_prices]

    def hear(self, prices: Sequence[float]) -> None:
        """Hear the prices of the next step; each source decides whether to publish."""
        self._step += 1
        for place, price in enumerate(prices):
            seen = float(price) * self._factor(place)
            last, since = self._last[place][-1], self._since[place][-1]
            publishes = self._publishes(place, move=abs(seen / last - 1.0), age=self._step - since)
            self._last[place].append(seen if publishes else last)
            self._since[place].append(self._step if publishes else since)

    def _factor(self, place: int) -> float:
        terms = self.terms
        lies = terms.lie_from[place] <= self._step < terms.lie_to[place]
        return float(terms.lie_factor[place]) if lies else 1.0

    def _publishes(self, place: int, *, move: float, age: int) -> bool:
        terms = self.terms
        if terms.outage_from[place] <= self._step < terms.outage_to[place]:
            return False
        heartbeat = int(terms.heartbeat_steps[place])
        return bool(move >= terms.deviation[place] or (heartbeat > 0 and age >= heartbeat))

    def reported(self) -> dict[str, float]:
        """What is reported at this step: published last, up to the delay ago."""
        return {
            asset: self._last[place][self._arrived(place)]
            for place, asset in enumerate(self.terms.assets)
        }

    def fresh(self) -> dict[str, float]:
        """The reports that arrive at this very step."""
        found = {}
        for place, asset in enumerate(self.terms.assets):
            at = self._arrived(place)
            in_time = at == self._step - int(self.terms.delay_steps[place])
            if in_time and self._since[place][at] == at:
                found[asset] = self._last[place][at]
        return found

    def _arrived(self, place: int) -> int:
        return max(0, self._step - int(self.terms.delay_steps[place]))
