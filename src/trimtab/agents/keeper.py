"""The keeper: liquidates what pays after gas, with the capital it has.

A keeper sees exact offers and answers with commands; it never decides who is unsafe.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.engine import EXACT_PER_WAD, Draft, Quote, Refusal, quote, value_wad, value_wad_up
from trimtab.model import Auction, Mechanism, ReplayRules
from trimtab.model.commands import Liquidate, TakeAuction
from trimtab.units import UINT256_MAX, WAD, div_down, mul_div_down, wad_mul_down

KEEPER = "keeper"


@dataclass(frozen=True, slots=True)
class Offer:
    """The best pair of an unsafe account: what it costs and what it brings, wad of the quote."""

    account: str
    quote: Quote
    repay: int
    cost_wad: int
    gain_wad: int

    def profit_wad(self, gas_wad: int) -> int:
        """Gain after gas; may be negative."""
        return self.gain_wad - gas_wad


@dataclass(frozen=True, slots=True)
class Keeper:
    """How keepers act: least profit, capital for one price step, and the mechanism."""

    rules: ReplayRules

    def wants(self, offer: Offer, gas_wad: int) -> bool:
        """Whether an offer pays for its gas and the least profit."""
        return offer.profit_wad(gas_wad) >= max(self.rules.min_profit_wad, 1)

    def intent(self, offer: Offer, at_ns: int) -> Liquidate:
        """The command that takes an offer; a flash liquidation pays from its own proceeds."""
        pair = offer.quote.pair
        flash = offer.repay if self.rules.mechanism is Mechanism.FLASH else None
        return Liquidate(
            at_ns,
            offer.account,
            pair.debt.asset,
            pair.collateral.asset,
            KEEPER,
            repay=offer.repay,
            flash_payment=flash,
        )

    def capital_after(self, capital_wad: int | None, cost_wad: int) -> int | None:
        """Capital left; a flash liquidation needs none."""
        if capital_wad is None or self.rules.mechanism is Mechanism.FLASH:
            return capital_wad
        return max(0, capital_wad - cost_wad)


def best_offer(draft: Draft, key: str, *, capital_wad: int | None) -> Offer | None:
    """The pair of an unsafe account that gains most, within the capital; None where none can.

    All pairs are asked for an exact quote; ties go to the first pair by name.
    """
    account = draft.account(key)
    offers = [
        offer
        for debt in sorted(account.debt)
        for collateral in sorted(account.supply)
        if (offer := _offer(draft, key, debt=debt, collateral=collateral, capital_wad=capital_wad))
    ]
    return max(offers, key=lambda offer: offer.gain_wad) if offers else None


def _offer(
    draft: Draft, key: str, *, debt: str, collateral: str, capital_wad: int | None
) -> Offer | None:
    try:
        found = quote(draft, key, debt=debt, collateral=collateral)
    except Refusal:
        return None
    pair, repay = found.pair, found.repay
    if capital_wad is not None and value_wad_up(repay, pair.debt) > capital_wad:
        repay = div_down(capital_wad * EXACT_PER_WAD, pair.debt.unit)
    if repay <= 0:
        return None
    cost = repay * pair.debt.unit
    brings = min(pair.held_value, mul_div_down(cost, WAD + found.terms.bonus_wad, WAD))
    gain = div_down(max(0, brings - cost), EXACT_PER_WAD)
    return Offer(key, found, repay, value_wad_up(repay, pair.debt), gain)


def bid(
    draft: Draft, auction: Auction, *, price_wad: int, lot: int, rules: ReplayRules, gas_wad: int
) -> TakeAuction | None:
    """A bid for the whole lot once its price is far enough below the oracle's, None before.

    Arguments:
        price_wad: the auction's price now.
        lot: native units of collateral on offer.
        gas_wad: cost of the bid, wad of the quote.
    """
    mark = draft.mark(auction.collateral)
    fair = wad_mul_down(mark.price_wad, WAD - rules.auction_discount_wad)
    gain = value_wad(lot, mark) - mul_div_down(value_wad(lot, mark), price_wad, mark.price_wad)
    if price_wad > fair or gain < gas_wad + rules.min_profit_wad:
        return None
    return TakeAuction(draft.now_ns, auction.key, lot, UINT256_MAX, KEEPER)


def by_gain(offers: Sequence[Offer]) -> list[Offer]:
    """Offers in the order in which competing keepers take them: largest gain first."""
    return sorted(offers, key=lambda offer: (-offer.gain_wad, offer.account))
