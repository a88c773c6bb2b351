"""What a replay does with unsafe positions: takers close them, the backstop and ADL do the rest."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from trimtab.engine import (
    EXACT_PER_WAD,
    Draft,
    MemoryStore,
    PositionOffer,
    Refusal,
    backstop_is_spent,
    is_unsafe,
    market_mark,
    pool_key,
    position_offer,
)
from trimtab.engine import account_sums as sums_of
from trimtab.model import (
    BACKSTOP,
    Account,
    AdlPolicy,
    Command,
    Position,
    Reason,
    Rejected,
    Table,
)
from trimtab.model import commands as c
from trimtab.units import div_down

Ask = Callable[[Command], Rejected | None]

# A position that takers have closed parts of this often within one price step waits for the next.
MOST_PER_STEP = 8


class Takers(Protocol):
    """Who takes what is closed."""

    def price_wad(self, offer: PositionOffer, size: int) -> int | None:
        """What they pay for native units of a position; None is the offer's own price."""

    def took(self, offer: PositionOffer, size: int) -> None:
        """They have taken so many."""


@dataclass(slots=True)
class PositionActs:
    """Acts on positions for one venue; `ask` puts a command to the engine and applies it.

    `depth_wad` is the notional of a market that takers still close in this step, None for all;
    without `takers` everything is taken at the offer's price.
    """

    store: MemoryStore
    ask: Ask
    depth_wad: int | None
    left_wad: dict[str, int] = field(default_factory=dict)
    unpaid: set[str] = field(default_factory=set)
    takers: Takers | None = None

    def begin_step(self) -> None:
        """A new price step: takers are back."""
        self.left_wad = {}

    def liquidate(self, key: str, at_ns: int) -> None:
        """Close the positions of an unsafe account, the largest requirement first."""
        for _ in range(MOST_PER_STEP):
            draft = Draft(self.store, at_ns)
            account = draft.account(key)
            if not account.has_open_positions or not is_unsafe(account, sums_of(account, draft)):
                return
            done = any(
                self._close(draft, key, market=market) for market in _largest_first(account, draft)
            )
            if not done:
                return

    def _close(self, draft: Draft, key: str, *, market: str) -> bool:
        """One close against the takers, or a cut where only deleveraging is left."""
        try:
            offer = position_offer(draft, key, market=market)
        except Refusal:
            return False
        size = self._within_depth(offer)
        if size == 0:
            return False
        pool = pool_key(market)
        price = None if self.takers is None else self.takers.price_wad(offer, size)
        command = c.LiquidatePosition(draft.now_ns, key, market, pool, size=size, price_wad=price)
        refused = self.ask(command)
        if refused is None:
            self._use_depth(offer, size=size)
            if self.takers is not None:
                self.takers.took(offer, size)
            return True
        if refused.reason is Reason.FUND_TOO_SMALL:
            return self.deleverage(key, market, at_ns=draft.now_ns)
        return False

    def _within_depth(self, offer: PositionOffer) -> int:
        if self.depth_wad is None:
            return offer.most
        left = self.left_wad.get(offer.mark.name, self.depth_wad)
        unit = max(1, offer.mark.price_wad * offer.mark.lift)
        return min(offer.most, div_down(left * EXACT_PER_WAD, unit))

    def _use_depth(self, offer: PositionOffer, *, size: int) -> None:
        if self.depth_wad is not None:
            left = self.left_wad.get(offer.mark.name, self.depth_wad)
            used = div_down(size * offer.mark.price_wad * offer.mark.lift, EXACT_PER_WAD)
            self.left_wad[offer.mark.name] = max(0, left - used)

    def deleverage(self, key: str, market: str, *, at_ns: int) -> bool:
        """Cut the counterparties of a position, if the engine agrees."""
        draft = Draft(self.store, at_ns)
        position = draft.account(key).positions.get(market, Position())
        names = self._holders(market, long=position.size < 0, but=key)
        if not names:
            return False
        return self.ask(c.Deleverage(at_ns, key, market, names)) is None

    def _holders(self, market: str, *, long: bool, but: str) -> tuple[str, ...]:
        """All accounts on one side of a market, its pool included."""
        found = []
        for key in sorted(self.store.keys(Table.ACCOUNT)):
            account = self.store.get(Table.ACCOUNT, key)
            held = account.positions.get(market) if isinstance(account, Account) else None
            if held is not None and held.size and (held.size > 0) == long and key != but:
                found.append(key)
        return tuple(found)

    def close_without_takers(self, keys: Iterable[str], at_ns: int) -> None:
        """Bankrupt accounts that found no taker, then a spent backstop, then a drained pool."""
        draft = Draft(self.store, at_ns)
        policy = draft.rules.deleveraging.policy
        if policy is AdlPolicy.NONE:
            return
        for key in keys:
            account = draft.account(key)
            if account.has_open_positions and sums_of(account, draft).equity < 0:
                for market in _largest_first(account, draft):
                    self.deleverage(key, market, at_ns=at_ns)
        draft = Draft(self.store, at_ns)
        backstop = draft.account(BACKSTOP)
        if backstop.has_open_positions and backstop_is_spent(draft):
            for market in _largest_first(backstop, draft):
                self.deleverage(BACKSTOP, market, at_ns=at_ns)
        if draft.rules.deleveraging.pool_gain_wad is not None:
            for market in sorted(draft.rules.markets):
                self.deleverage(pool_key(market), market, at_ns=at_ns)

    def settle(self, at_ns: int) -> None:
        """Collect what losers owe to markets that could not pay a gain, and pay the gains."""
        for market in sorted(self.unpaid):
            draft = Draft(self.store, at_ns)
            unit = market_mark(draft, market).settle_unit
            losers, claims = [], []
            for key in sorted(self.store.keys(Table.ACCOUNT)):
                position = draft.account(key).positions.get(market)
                if position is None:
                    continue
                if position.size == 0 and -position.cost >= unit:
                    claims.append(key)
                else:
                    losers.append(key)
            if not claims:
                self.unpaid.discard(market)
                continue
            for key in (*losers, *claims):
                self.ask(c.Settle(at_ns, key, market))


def _largest_first(account: Account, draft: Draft) -> list[str]:
    """Markets of open positions, the largest notional first, ties by name."""

    def size(market: str) -> int:
        mark = market_mark(draft, market)
        return abs(account.positions[market].size) * mark.price_wad * mark.lift

    markets = [market for market, held in account.positions.items() if held.size]
    return sorted(markets, key=lambda market: (-size(market), market))
