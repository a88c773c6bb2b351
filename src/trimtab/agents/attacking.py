"""An adversary that pushes a thin market until others can be liquidated, and liquidates them.

Any bonus that is worth a liquidator's while also pays for pushing the price, where the market is
thin enough: the push costs the round trip, and brings bonus times what can be seized.
Source of the paradox: reference list of the project, point 8 of the research on derivatives; the
condition is worked out here from the market's normal form.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.agents.keeper import Offer, best_offer
from trimtab.agents.keeping import units_float
from trimtab.agents.observing import Beat, Intent, MarketView, Observation, Sale
from trimtab.agents.supposing import at_prices
from trimtab.engine import Draft, account_sums, is_unsafe
from trimtab.model import commands as c
from trimtab.units import UsageError, fixed_of, float_of, pow10


def round_trip_cost(market: MarketView, asset: str, *, sold: float) -> float:
    """Return what it costs to sell `sold` units and buy them back once the price has recovered.

    sold x fair price / fee - proceeds, in the quote: the seller pays the whole impact and the fee
    twice, and keeps nothing of an impact that stays. Never below 0.
    """
    return max(0.0, sold * market.fair(asset) / market.fee(asset) - market.proceeds(asset, sold))


@dataclass(frozen=True, slots=True)
class PushPolicy:
    """Sells an asset short in one step, liquidates who it made unsafe, and buys back.

    Args:
        asset: what it pushes.
        capital_wad: what it can sell short, wad of the quote at the fair price.
        sizes: the shares of it that it considers, each above 0 up to 1.
        least_wad: least gain after all costs for which it acts.
        hold_steps: steps after which it buys back, whatever the price is.
        recovered: share of the fair price at which it buys back before that.
    """

    asset: str
    capital_wad: int
    sizes: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
    least_wad: int = 1
    hold_steps: int = 24
    recovered: float = 0.999
    name: str = "@pusher"
    beats: frozenset[Beat] = frozenset({Beat.OPENING, Beat.REPORTED, Beat.CLOSING})

    def __post_init__(self) -> None:
        if not self.sizes or not all(0.0 < size <= 1.0 for size in self.sizes):
            raise UsageError(f"sizes are shares above 0 up to 1: found {self.sizes}")
        if self.capital_wad < 0 or self.hold_steps < 0:
            raise UsageError("a capital and the steps to hold are 0 or more")

    def observe(self, observation: Observation) -> Sequence[Intent]:
        """Push, then liquidate, then unwind."""
        if observation.beat is Beat.OPENING:
            return self._push(observation)
        if observation.beat is Beat.REPORTED:
            return self._reap(observation)
        return self._unwind(observation)

    def _push(self, observation: Observation) -> Sequence[Intent]:
        if observation.funds.lots:
            return ()
        best = (0.0, 0.0)
        for size in self.sizes:
            fair = observation.market.fair(self.asset)
            sold = size * float_of(self.capital_wad, 18) / fair
            best = max(best, (self.gain(observation, sold), sold))
        if best[0] < float_of(self.least_wad, 18) or best[1] == 0.0:
            return ()
        decimals = observation.draft.rules.assets[self.asset].decimals
        return (Intent(sales=(Sale(self.asset, int(best[1] * pow10(decimals))),)),)

    def gain(self, observation: Observation, sold: float) -> float:
        """Return what a push is expected to bring after all costs, quote; may be below 0.

        Bonus and gas of every account that the pushed price makes unsafe, less the round trip. The
        oracle is expected to report the pushed price; what is seized is valued at the fair one.
        """
        market = observation.market
        pushed = market.price_after(self.asset, sold)
        draft = at_prices(observation.draft, {self.asset: fixed_of(pushed, 18)})
        if draft is None:
            return 0.0
        total = -round_trip_cost(market, self.asset, sold=sold)
        for offer in offers(draft, [seen.key for seen in observation.seen]):
            total += max(0.0, fair_gain(observation, offer) - float_of(observation.gas_wad, 18))
        return total

    def _reap(self, observation: Observation) -> Sequence[Intent]:
        """Liquidate whom the push of this step made unsafe; what it seizes covers what it sold."""
        if not any(lot.since_step == observation.step for lot in observation.funds.lots):
            return ()
        found = offers(observation.draft, [seen.key for seen in observation.seen])
        gains = [(fair_gain(observation, offer), offer) for offer in found]
        least = float_of(observation.gas_wad, 18)
        taken = sorted(
            ((gain, offer) for gain, offer in gains if gain > least),
            key=lambda one: (-one[0], one[1].account),
        )
        return [Intent((self._command(observation.draft, offer),)) for _, offer in taken]

    def _command(self, draft: Draft, offer: Offer) -> c.Liquidate:
        pair = offer.quote.pair
        return c.Liquidate(
            draft.now_ns,
            offer.account,
            pair.debt.asset,
            pair.collateral.asset,
            self.name,
            repay=offer.repay,
        )

    def _unwind(self, observation: Observation) -> Sequence[Intent]:
        """Buy back what is short, sell what is over, once the price has recovered."""
        intents = []
        for asset in sorted({lot.asset for lot in observation.funds.lots}):
            held = observation.funds.held(asset)
            since = min(lot.since_step for lot in observation.funds.lots if lot.asset == asset)
            market = observation.market
            back = market.price(asset) >= self.recovered * market.fair(asset)
            if held and (back or observation.step - since >= self.hold_steps):
                intents.append(Intent(sales=(Sale(asset, held),)))
        return intents


def offers(draft: Draft, keys: Sequence[str]) -> list[Offer]:
    """The best offers of those accounts that are unsafe at the draft's prices."""
    found = []
    for key in keys:
        account = draft.account(key)
        if account.debt and is_unsafe(account, account_sums(account, draft)):
            offer = best_offer(draft, key, capital_wad=None)
            if offer is not None:
                found.append(offer)
    return found


def fair_gain(observation: Observation, offer: Offer) -> float:
    """Return what an offer is worth once prices have recovered, quote, before gas."""
    market, pair = observation.market, offer.quote.pair
    cost = offer.repay * pair.debt.unit
    bonus = 1.0 + float_of(offer.quote.terms.bonus_wad, 18)
    seized = min(float_of(pair.held_value, 54), float_of(cost, 54) * bonus)
    reported = float_of(pair.collateral.price_wad, 18)
    units = units_float(observation, pair.debt.asset, units=offer.repay)
    paid = units * market.price(pair.debt.asset)
    return seized / reported * market.fair(pair.collateral.asset) - paid
