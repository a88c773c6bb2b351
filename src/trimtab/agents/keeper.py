"""The keeper: liquidates what pays after gas, with the capital it has.

A keeper sees exact offers and answers with commands; it never decides who is unsafe.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.engine import (
    EXACT_PER_WAD,
    Draft,
    Quote,
    Refusal,
    Sums,
    debt_amount,
    quote,
    supply_amount,
    value_wad_up,
)
from trimtab.model import Accepted, Account, Auction, EventKind, Mechanism, ReplayRules
from trimtab.model.commands import Liquidate, TakeAuction
from trimtab.units import UINT256_MAX, WAD, div_down, mul_div_down, mul_div_up, wad_mul_down

# Marked as no account of a book can be, so that no borrower is mistaken for the keepers.
KEEPER = "@keeper"


@dataclass(frozen=True, slots=True)
class Offer:
    """The best pair of an unsafe account: what it costs and what it brings, wad of the quote."""

    account: str
    quote: Quote
    repay: int
    cost_wad: int
    gain_wad: int


@dataclass(frozen=True, slots=True)
class Keeper:
    """How keepers act: least profit, capital for one price step, and the mechanism."""

    rules: ReplayRules

    def wants(self, gain_wad: int, gas_wad: int) -> bool:
        """Whether a gain pays for its gas and the least profit."""
        return gain_wad >= self.least_wad(gas_wad)

    def least_wad(self, gas_wad: int) -> int:
        """The smallest gain that a keeper acts for."""
        return gas_wad + max(self.rules.min_profit_wad, 1)

    def gains(self, outcome: Accepted, gas_wad: int) -> bool:
        """Whether a command, tried before it is sent, brings what the keeper wants.

        An offer is a quote; the outcome has the roundings, and the part of a lot that was for sale.
        """
        brought = sum(e.value for e in outcome.events if e.kind is EventKind.BONUS)
        return self.wants(brought, gas_wad)

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


def most_gain_wad(account: Account, sums: Sums, *, draft: Draft) -> int:
    """What no offer of the account can exceed: its highest bonus on the smaller of its sides."""
    category = draft.category_rules(account.category)
    bonuses = [draft.asset_rules(asset).liquidation_bonus_wad for asset in account.supply]
    if category is not None:
        bonuses.append(category.liquidation_bonus_wad)
    value = min(sums.debt, sums.collateral)
    return mul_div_up(value, max(bonuses, default=0), EXACT_PER_WAD * WAD)


def best_offer(
    draft: Draft, key: str, *, capital_wad: int | None, least_wad: int = 0
) -> Offer | None:
    """The pair of an unsafe account that gains most, within the capital; None where none can.

    All pairs are asked for an exact quote, but those that cannot gain `least_wad`; ties go to the
    first pair by name.
    """
    account = draft.account(key)
    offers = [
        offer
        for debt in sorted(account.debt)
        for collateral in sorted(account.supply)
        if _pair_gain_wad(draft, account, debt=debt, collateral=collateral) >= least_wad
        and (offer := _offer(draft, key, debt=debt, collateral=collateral, capital_wad=capital_wad))
    ]
    return max(offers, key=lambda offer: offer.gain_wad) if offers else None


def _pair_gain_wad(draft: Draft, account: Account, *, debt: str, collateral: str) -> int:
    """What no offer of the pair can exceed, as `most_gain_wad`; 0 where an asset has no price."""
    owed, held = draft.mark_if_priced(debt), draft.mark_if_priced(collateral)
    if owed is None or held is None:
        return 0
    category = draft.category_rules(account.category)
    bonus = held.rules.liquidation_bonus_wad
    if category is not None:
        bonus = max(bonus, category.liquidation_bonus_wad)
    debts = debt_amount(owed.pool, account.debt[debt]) * owed.unit
    value = min(debts, supply_amount(held.pool, account.supply[collateral]) * held.unit)
    return mul_div_up(value, bonus, EXACT_PER_WAD * WAD)


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
    draft: Draft, auction: Auction, *, price_wad: int, lot: int, rules: ReplayRules
) -> TakeAuction | None:
    """A bid for the whole lot once its price is far enough below the oracle's, None before.

    Arguments:
        price_wad: the auction's price now.
        lot: native units of collateral on offer.
    """
    mark = draft.mark(auction.collateral)
    fair = wad_mul_down(mark.price_wad, WAD - rules.auction_discount_wad)
    if price_wad > fair:
        return None
    return TakeAuction(draft.now_ns, auction.key, lot, UINT256_MAX, KEEPER)


def by_gain(offers: Sequence[Offer]) -> list[Offer]:
    """Offers in the order in which competing keepers take them: largest gain first."""
    return sorted(offers, key=lambda offer: (-offer.gain_wad, offer.account))
