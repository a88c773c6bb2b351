"""One market of Morpho beside its twin: each step is taken by both, and compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.oracle.chain import RevertedError
from tests.oracle.morpho_market import BORROWER, DEBTOR, FEE_RECIPIENT, Venue
from tests.oracle.tally import Tally
from trimtab.protocols.morpho import (
    FEE_WAD_MAX,
    Liquidation,
    Market,
    MorphoRefusal,
    Position,
    Refused,
    accrue,
    borrow,
    health,
    liquidate,
)
from trimtab.protocols.morpho_shares import to_shares_down

TOO_MUCH = "more than there is"
UNDERFLOW = "4e487b71" + f"{0x11:064x}"
# What Morpho reverts with, and the twin's words; a subtraction below zero names neither side.
REFUSALS = {
    "inconsistent input": MorphoRefusal.INCONSISTENT_INPUT,
    "position is healthy": MorphoRefusal.HEALTHY,
    "insufficient collateral": MorphoRefusal.INSUFFICIENT_COLLATERAL,
    "insufficient liquidity": MorphoRefusal.INSUFFICIENT_LIQUIDITY,
    "max uint128 exceeded": TOO_MUCH,
    UNDERFLOW: TOO_MUCH,
}
BEYOND = (MorphoRefusal.MORE_THAN_COLLATERAL, MorphoRefusal.MORE_THAN_DEBT)


def word_of(refused: Refused) -> str:
    return TOO_MUCH if refused.reason in BEYOND else str(refused.reason)


@dataclass
class Mirror:
    """What the twin holds of the market, its fee and two borrowers; every step by its own rules."""

    venue: Venue
    tally: Tally
    where: str
    market: Market
    rate_wad: int = 0
    price: int = 0
    debtor: Position = field(default_factory=Position)
    borrower: Position = field(default_factory=Position)

    @classmethod
    def of(cls, venue: Venue, tally: Tally, *, where: str, lltv_wad: int, fee_wad: int) -> Mirror:
        assert fee_wad <= FEE_WAD_MAX
        venue.create(lltv_wad, fee_wad=fee_wad)
        return cls(venue, tally, where, Market(lltv_wad, fee_wad=fee_wad))

    def agree(self, what: str, chain: object, twin: object) -> bool:
        return self.tally.agree(what, chain=chain, twin=twin, where=self.where)

    def attempt(self, act: Callable[[], object]) -> object:
        """What the chain answers, or the twin's word for the reason of its refusal."""
        try:
            return act()
        except RevertedError as refusal:
            return str(REFUSALS.get(str(refusal), refusal))

    def set_rate(self, rate_wad: int) -> None:
        self.venue.set_rate(rate_wad)
        self.rate_wad = rate_wad

    def set_price(self, price: int) -> None:
        self.venue.set_price(price)
        self.price = price

    def wait(self, seconds: int) -> None:
        """Let time pass, let both accrue, and compare the market."""
        self.venue.chain.wait(seconds)
        self.venue.accrue()
        self.market = accrue(self.market, seconds, rate_wad=self.rate_wad)
        self.tally.counts["accruals"] += 1
        self.check()

    def supply(self, assets: int) -> None:
        totals = self.market.supply_assets, self.market.supply_shares
        shares = to_shares_down(assets, totals[0], total_shares=totals[1])
        self.agree("supply", self.venue.supply(assets), [assets, shares])
        self.market = replace(
            self.market, supply_assets=totals[0] + assets, supply_shares=totals[1] + shares
        )

    def pledge(self, who: str, assets: int) -> None:
        self.venue.pledge(who, assets)
        held = self.position(who)
        self.keep(who, replace(held, collateral=held.collateral + assets))

    def position(self, who: str) -> Position:
        return self.debtor if who == DEBTOR else self.borrower

    def keep(self, who: str, position: Position) -> None:
        if who == DEBTOR:
            self.debtor = position
        else:
            self.borrower = position

    def borrow(self, who: str, assets: int) -> None:
        """Borrow on both sides, or be refused for the same reason by both."""
        held = self.position(who)
        found = borrow(held, self.price, market=self.market, assets=assets)
        told = self.attempt(lambda: self.venue.borrow(who, assets))
        if isinstance(found, Refused):
            self.agree(f"borrow of {assets}", told, word_of(found))
            self.tally.counts["borrows refused"] += 1
            return
        owing, lent = found
        self.agree(f"borrow of {assets}", told, [assets, owing.borrow_shares - held.borrow_shares])
        self.tally.counts["borrows"] += 1
        self.market = lent
        self.keep(who, owing)

    def withdraw(self, assets: int) -> None:
        """Take collateral out on both sides, where what is left is healthy."""
        left = replace(self.borrower, collateral=self.borrower.collateral - assets)
        healthy = health(left, self.price, market=self.market).healthy
        told = self.attempt(lambda: self.venue.withdraw_collateral(BORROWER, assets))
        due = None if healthy else str(MorphoRefusal.INSUFFICIENT_COLLATERAL)
        self.agree(f"withdrawal of {assets}", told, due)
        self.tally.counts["withdrawals" if healthy else "withdrawals refused"] += 1
        if healthy:
            self.borrower = left

    def liquidate(self, seized: int, *, repaid_shares: int) -> Liquidation | Refused:
        """Liquidate on both sides, and compare amounts and everything stored after it."""
        found = liquidate(
            self.borrower,
            self.price,
            market=self.market,
            seized=seized,
            repaid_shares=repaid_shares,
        )
        told = self.attempt(
            lambda: self.venue.liquidate(BORROWER, seized, repaid_shares=repaid_shares)
        )
        what = f"liquidation of {seized}, {repaid_shares} shares"
        if isinstance(found, Refused):
            self.agree(what, told, word_of(found))
            return found
        self.agree(what, told, [found.seized, found.repaid_assets])
        self.market, self.borrower = found.market, found.position
        self.check()
        return found

    def check(self) -> None:
        """Everything that the chain stores of the market, against the twin's."""
        market, now = self.market, self.venue.chain.now
        totals = [
            market.supply_assets,
            market.supply_shares,
            market.borrow_assets,
            market.borrow_shares,
            now,
            market.fee_wad,
        ]
        self.agree("market", self.venue.market_words(), totals)
        for who, held in ((DEBTOR, self.debtor), (BORROWER, self.borrower)):
            told = self.venue.position_words(who)
            self.agree("position", told, [0, held.borrow_shares, held.collateral])
        told = self.venue.position_words(FEE_RECIPIENT)
        self.agree("fee", told, [market.fee_shares, 0, 0])
