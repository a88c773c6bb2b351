"""A draft of the state: reads through to the view, keeps what is replaced, collects events.

One command makes one draft. Its cost is that of the records it touches; a rejection drops it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from trimtab.engine.accrual import accrued, whole_seconds
from trimtab.engine.ramps import asset_rules_at, category_rules_at
from trimtab.engine.refusal import Refusal, require
from trimtab.engine.scales import EXACT_DECIMALS
from trimtab.model import (
    AUCTION_HOLDER,
    MARKET_HOLDER,
    MARKET_POOL,
    SINGLE,
    Accepted,
    Account,
    AssetRules,
    Auction,
    CategoryRules,
    Event,
    EventKind,
    Isolation,
    Key,
    OracleState,
    Payer,
    Pool,
    PriceState,
    Reason,
    Record,
    Rules,
    RulesState,
    Table,
    VenueState,
    View,
)
from trimtab.units import NumberError, div_down, pow10, wad_mul_down

# Accounts of the venue that no command of a user reaches.
PROMISED = (AUCTION_HOLDER, MARKET_HOLDER, MARKET_POOL)

T = TypeVar("T", bound=Record)


@dataclass(frozen=True, slots=True)
class Mark:
    """One asset at a moment: its rules, its price, and its pool with interest booked.

    `unit` turns native units into exact value: amount * unit is in 1e-54 of the quote, whatever
    the decimals of the asset, so that values of all assets add without any rounding. `low_wad` and
    `high_wad` are the lesser and the greater of price and stable price, for the initial level.
    """

    asset: str
    rules: AssetRules
    price_wad: int
    unit: int
    pool: Pool
    low_wad: int
    high_wad: int

    @property
    def low_unit(self) -> int:
        """`unit` at the lesser price: what a collateral is worth at the initial level."""
        return div_down(self.unit, self.price_wad) * self.low_wad

    @property
    def high_unit(self) -> int:
        """`unit` at the greater price: what a debt is worth at the initial level."""
        return div_down(self.unit, self.price_wad) * self.high_wad


class Draft:
    """The state as one command sees and changes it, at the time of the command."""

    __slots__ = ("_changes", "_events", "_marks", "_view", "kept", "now_ns", "now_s", "rules_state")

    def __init__(self, view: View, now_ns: int) -> None:
        self._view = view
        self._changes: dict[Key, Record | None] = {}
        self._events: list[Event] = []
        self._marks: dict[str, Mark] = {}
        # What `perps.marks` has worked out about markets, dropped when its inputs change.
        self.kept: dict[str, object] = {}
        self.now_ns = now_ns
        self.now_s = whole_seconds(now_ns)
        rules = view.get(Table.RULES, SINGLE)
        assert isinstance(rules, RulesState), "a venue has rules"
        self.rules_state = rules

    def get(self, table: Table, key: str) -> Record | None:
        """The record as this command has left it so far."""
        if self._changes and (table, key) in self._changes:
            return self._changes[table, key]
        return self._view.get(table, key)

    def put(self, table: Table, key: str, *, record: Record | None) -> None:
        """Replace a record (None deletes it)."""
        self._changes[table, key] = record
        if table is Table.POOL:
            self._marks.pop(key, None)
        elif table is Table.MARKET:
            self.kept.pop(key, None)
        elif table is Table.PRICE or table is Table.RULES or table is Table.ORACLE:
            self._marks.clear()
            self.kept.clear()

    def tell(
        self,
        kind: EventKind,
        *,
        account: str = "",
        asset: str = "",
        quantity: int = 0,
        price: int = 0,
        value: int = 0,
        payer: Payer | None = None,
        reason: str = "",
        flow: int = 0,
    ) -> None:
        """Add an event to the command's history."""
        self._events.append(
            Event(kind, account, asset, quantity, price, value, payer, reason, flow)
        )

    def accept(self) -> Accepted:
        """The change set and events of a command that went through."""
        return Accepted(self._changes, tuple(self._events))

    @property
    def rules(self) -> Rules:
        """The rules in force, ramps at their targets."""
        return self.rules_state.rules

    def put_rules(self, state: RulesState) -> None:
        """Replace the rules."""
        self.rules_state = state
        self.put(Table.RULES, SINGLE, record=state)

    @property
    def venue(self) -> VenueState:
        """The venue's own record."""
        return _as(VenueState, self.get(Table.VENUE, SINGLE))

    def put_venue(self, venue: VenueState) -> None:
        """Replace the venue's own record."""
        self.put(Table.VENUE, SINGLE, record=venue)

    def asset_rules(self, asset: str) -> AssetRules:
        """The asset's rules now, ramps included; refuses an unknown asset."""
        if asset not in self.rules_state.rules.assets:
            raise Refusal(Reason.UNKNOWN_ASSET, asset=asset)
        return asset_rules_at(self.rules_state, asset, now_s=self.now_s)

    def category_rules(self, category: str) -> CategoryRules | None:
        """The category's rules now, None for the empty category."""
        return category_rules_at(self.rules_state, category, now_s=self.now_s)

    def price_state(self, asset: str) -> PriceState | None:
        """The accepted price record of an asset."""
        found = self.get(Table.PRICE, asset)
        return None if found is None else _as(PriceState, found)

    def pool(self, asset: str) -> Pool:
        """The asset's pool with interest booked up to now; refuses an unknown asset."""
        rules = self.asset_rules(asset)
        pool = _as(Pool, self.get(Table.POOL, asset))
        if pool.accrued_s == self.now_s:
            return pool
        try:
            pool, interest = accrued(pool, rules, now_s=self.now_s)
        except NumberError:
            # A rate of the largest kind over years: no ledger holds such a number.
            raise Refusal(Reason.AMOUNT_TOO_LARGE, asset=asset) from None
        self.put_pool(pool)
        if interest:
            self.tell(EventKind.INTEREST, asset=asset, quantity=interest)
        return pool

    def put_pool(self, pool: Pool) -> None:
        """Replace a pool."""
        self.put(Table.POOL, pool.asset, record=pool)

    def mark(self, asset: str) -> Mark:
        """What is needed to value the asset now; refuses where its price is missing."""
        found = self._marks.get(asset)
        if found is None:
            price_wad = self.price_wad(asset)
            rules = self.asset_rules(asset)
            unit = price_wad * pow10(EXACT_DECIMALS - rules.decimals)
            stable = self.stable_wad(asset) or price_wad
            worse = (min(price_wad, stable), max(price_wad, stable))
            found = Mark(asset, rules, price_wad, unit, self.pool(asset), *worse)
            self._marks[asset] = found
        return found

    def mark_if_priced(self, asset: str) -> Mark | None:
        """The asset's mark; None where it, or what it stands on, has no valid price."""
        try:
            return self.mark(asset)
        except Refusal:
            return None

    def price_wad(self, asset: str) -> int:
        """Price of a whole unit; of a yield-bearing asset, its underlying's times its rate."""
        state = self.price_state(asset)
        underlying = self.rules.assets[asset].underlying
        if not underlying:
            require(state is not None, Reason.PRICE_MISSING, asset=asset)
            return 0 if state is None else state.price_wad
        rate = self.rules.assets[asset].exchange_rate_wad if state is None else state.rate_wad
        price = wad_mul_down(self.price_wad(underlying), rate)
        require(price > 0, Reason.PRICE_INVALID, asset=asset)
        return price

    def oracle_state(self, asset: str) -> OracleState:
        """What stands behind an asset's price; empty where nothing does."""
        found = self.get(Table.ORACLE, asset)
        return OracleState(asset) if found is None else _as(OracleState, found)

    def put_oracle(self, state: OracleState) -> None:
        """Replace what stands behind an asset's price."""
        self.put(Table.ORACLE, state.asset, record=state)

    def stable_wad(self, asset: str) -> int:
        """The asset's stable price, 0 where the rules keep none."""
        stable = self.oracle_state(asset).stable if self.rules.oracle.stable_price else None
        return 0 if stable is None else stable.price_wad

    def account(self, key: str) -> Account:
        """An account; an empty one where the key is new."""
        found = self.get(Table.ACCOUNT, key)
        return Account(key) if found is None else _as(Account, found)

    def known_account(self, key: str) -> Account:
        """An account that exists and takes commands; refuses any other key."""
        self.require_open_to_users(key)
        require(self.get(Table.ACCOUNT, key) is not None, Reason.UNKNOWN_ACCOUNT, account=key)
        return self.account(key)

    def require_open_to_users(self, key: str) -> None:
        """Refuse what an auction, a market or its pool holds: it is promised to others."""
        require(not key.startswith(PROMISED), Reason.UNKNOWN_ACCOUNT, account=key)

    def put_account(self, account: Account) -> None:
        """Replace an account."""
        self.put(Table.ACCOUNT, account.key, record=account)

    def auction(self, key: str) -> Auction:
        """A running auction; refuses an unknown one."""
        found = self.get(Table.AUCTION, key)
        require(found is not None, Reason.UNKNOWN_AUCTION, auction=key)
        return _as(Auction, found)

    def isolation(self, asset: str) -> Isolation:
        """The debt that stands against an isolated collateral."""
        found = self.get(Table.ISOLATION, asset)
        return Isolation(asset) if found is None else _as(Isolation, found)

    def shift_supply(self, key: str, asset: str, *, shares: int) -> None:
        """Add supply shares to an account (negative: take them)."""
        account = self.account(key)
        before = account.supply.get(asset, 0)
        self.put_account(replace(account, supply=shifted(account.supply, asset, by=shares)))
        if account.debt and self.asset_rules(asset).isolated:
            enters, leaves = before == 0, before + shares == 0
            for debt, owed in account.debt.items():
                self._shift_isolated(asset, debt, shares=(enters - leaves) * owed)

    def shift_debt(self, key: str, asset: str, *, shares: int) -> None:
        """Add debt shares to an account (negative: take them), and to its isolated collateral."""
        account = self.account(key)
        self.put_account(replace(account, debt=shifted(account.debt, asset, by=shares)))
        for collateral in account.supply:
            if self.asset_rules(collateral).isolated:
                self._shift_isolated(collateral, asset, shares=shares)

    def _shift_isolated(self, collateral: str, debt: str, *, shares: int) -> None:
        if shares:
            found = self.isolation(collateral)
            changed = shifted(found.debt_shares, debt, by=shares)
            self.put(Table.ISOLATION, collateral, record=Isolation(collateral, changed))


def shifted(holdings: Mapping[str, int], asset: str, *, by: int) -> Mapping[str, int]:
    """Holdings with one entry changed; an entry of zero is dropped."""
    changed = dict(holdings)
    after = changed.pop(asset, 0) + by
    assert after >= 0, f"{asset}: a holding is never negative"
    if after:
        changed[asset] = after
    return changed


def _as(kind: type[T], record: Record | None) -> T:
    assert isinstance(record, kind), f"expected a {kind.__name__}, found {record!r}"
    return record
