"""An adversary that trades against an oracle that is late, or a chain that is slow.

While the venue marks accounts at a price that the market has left, it does one of two things:

- borrow and never come back: collateral that is reported too high, or a debt that is reported too
  low, lends more than the collateral is worth. It gains L r_c m_d / r_d - m_c per unit of
  collateral: L the initial weight over the debt's weight, r reported, m at the market;
- liquidate at the stale price an account that is safe at the market's prices.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.agents.attacking import offers
from trimtab.agents.keeping import units_float
from trimtab.agents.observing import Beat, Intent, Observation
from trimtab.agents.supposing import at_prices, suppose
from trimtab.engine import Mark, account_sums, is_unsafe
from trimtab.model import commands as c
from trimtab.units import UsageError, fixed_of, float_of, mul_div_down, pow10

LATE = "@late"


@dataclass(frozen=True, slots=True)
class LateOraclePolicy:
    """Acts where the gap between market and report exceeds its costs.

    Args:
        capital_wad: what it buys collateral with in one step, wad of the quote.
        least_wad: least gain after gas, impact and fees for which it acts; a wei at least.
        gap_least: smallest gap of a pair's prices that it looks at, a fraction.
    """

    capital_wad: int
    least_wad: int = 1
    gap_least: float = 0.001
    name: str = LATE
    beats: frozenset[Beat] = frozenset({Beat.REPORTED})

    def __post_init__(self) -> None:
        if self.capital_wad < 0 or self.least_wad < 1 or self.gap_least < 0.0:
            raise UsageError(f"capital, least gain and gap are not below 0: found {self}")

    def observe(self, observation: Observation) -> Sequence[Intent]:
        """Borrow on the widest gap, and liquidate who only looks unsafe."""
        gaps = self.gaps(observation)
        if max((abs(gap) for gap in gaps.values()), default=0.0) < self.gap_least:
            return ()
        loan = self._loan(observation)
        return [*self._liquidations(observation, gaps), *([] if loan is None else [loan])]

    def gaps(self, observation: Observation) -> dict[str, float]:
        """Return market over reported price, less 1, of each asset with a price."""
        found = {}
        for asset in sorted(observation.draft.rules.assets):
            mark = observation.draft.mark_if_priced(asset)
            if mark is not None:
                market = observation.market.price(asset)
                found[asset] = market / float_of(mark.price_wad, 18) - 1.0
        return found

    def _liquidations(self, observation: Observation, gaps: dict[str, float]) -> Sequence[Intent]:
        """Accounts that are unsafe at reported prices and safe at the market's."""
        draft = observation.draft
        moved = {
            asset: fixed_of(observation.market.price(asset), 18)
            for asset, gap in gaps.items()
            if gap != 0.0 and not draft.rules.assets[asset].underlying
        }
        true = at_prices(draft, moved)
        if true is None:
            return ()
        intents = []
        for offer in offers(draft, [seen.key for seen in observation.seen if seen.health < 1.01]):
            account = true.account(offer.account)
            if is_unsafe(account, account_sums(account, true)):
                continue
            pair = offer.quote.pair
            command = c.Liquidate(
                draft.now_ns,
                offer.account,
                pair.debt.asset,
                pair.collateral.asset,
                self.name,
                repay=offer.repay,
            )
            intents.append(Intent((command,), sell_seized=True, least_wad=self.least_wad))
        return intents

    def _loan(self, observation: Observation) -> Intent | None:
        """Deposit the collateral and borrow the debt that gain most together."""
        draft = observation.draft
        if draft.account(self.name).debt:
            return None
        marks = [draft.mark_if_priced(asset) for asset in sorted(draft.rules.assets)]
        priced = [mark for mark in marks if mark is not None]
        best: tuple[float, Intent] | None = None
        for held in priced:
            for owed in priced:
                found = self._try(observation, held, owed=owed)
                if found is not None and (best is None or found[0] > best[0]):
                    best = found
        return None if best is None else best[1]

    def _try(
        self, observation: Observation, held: Mark, *, owed: Mark
    ) -> tuple[float, Intent] | None:
        """Gain and intent of one pair, None where it does not pay or is refused."""
        draft, market = observation.draft, observation.market
        if held.asset == owed.asset or not owed.rules.borrowable or not held.rules.max_ltv_wad:
            return None
        price = market.price(held.asset)
        whole = float_of(self.capital_wad, 18) / price
        amount = int(whole * pow10(held.rules.decimals))
        weight = owed.rules.liability_weight_wad
        most = mul_div_down(amount * held.low_unit, held.rules.max_ltv_wad, weight * owed.high_unit)
        # One unit less on each side for the venue's roundings.
        borrowed = min(most - 1, owed.pool.cash)
        if amount <= 0 or borrowed <= 0:
            return None
        commands = (
            c.Deposit(draft.now_ns, self.name, held.asset, amount),
            c.Borrow(draft.now_ns, self.name, owed.asset, borrowed),
        )
        brings = market.proceeds(owed.asset, units_float(observation, owed.asset, units=borrowed))
        gain = brings - units_float(observation, held.asset, units=amount) * price
        enough = gain > float_of(self.least_wad + observation.gas_wad, 18)
        if not enough or suppose(draft, *commands) is None:
            return None
        return gain, Intent(commands, sell_seized=True, least_wad=self.least_wad)
