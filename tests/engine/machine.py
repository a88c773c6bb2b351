"""A state machine that throws every command at one venue, sensible ones and nonsense."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.engine.crisis import (
    ASSETS,
    DECIMALS,
    KEYS,
    PRICED,
    PRICES,
    Variant,
    crisis_book,
    crisis_rules,
)
from tests.engine.requests import nonsense, rule_change
from tests.engine.standing import price_wad
from tests.engine.venues import START_NS
from tests.engine.watch import Tally, WatchedVenue
from trimtab.engine import Draft, explain, is_unsafe
from trimtab.engine.margin import account_sums
from trimtab.engine.pools import debt_amount, supply_amount
from trimtab.model import (
    BACKSTOP,
    INSURANCE,
    Accrual,
    AdlPolicy,
    AdlPrice,
    AuctionCurve,
    BonusCurve,
    CallExpiry,
    PositionSizing,
    Sizing,
    SpiralRule,
    Table,
    commands,
)
from trimtab.units import NANOSECONDS, UINT256_MAX, WAD

# Low enough to be worthless, high enough for a price of what yields on it.
DUST_PRICE = 10**6
STEPS_S = (0, 0, 1, 12, 60, 600, 600, 3600, 3600, 7200, 86_400, 30 * 86_400, 365 * 86_400)
gaps = st.sampled_from(STEPS_S)
nth = st.integers(0, 10**6)
shares = st.sampled_from((1000, 1, 50, 250, 500, 700, 900, 990, 999, 1000, 1001, 1300, 0, -50))
mechanisms = st.integers(0, 9)
moves = st.sampled_from((-600, -400, -250, -150, -80, -30, 0, 40, 100, 300, 1000))

variants = st.builds(
    Variant,
    sizing=st.sampled_from(Sizing),
    bonus_curve=st.sampled_from(BonusCurve),
    spiral=st.sampled_from(SpiralRule),
    auction_curve=st.sampled_from(AuctionCurve),
    accrual=st.sampled_from(Accrual),
    on_expiry=st.sampled_from(CallExpiry),
    dusty=st.booleans(),
    thin=st.booleans(),
    strict=st.booleans(),
    position_sizing=st.sampled_from(PositionSizing),
    policy=st.sampled_from(AdlPolicy),
    adl_price=st.sampled_from(AdlPrice),
)


class VenueMachine(RuleBasedStateMachine):
    """Drives a watched venue; the tally of all runs is the class's."""

    tally = Tally()

    @initialize(variant=variants)
    def open(self, variant: Variant) -> None:
        self.venue = WatchedVenue(
            crisis_rules(variant), crisis_book(), at_ns=START_NS, tally=self.tally
        )
        self.run = self.venue.run

    def teardown(self) -> None:
        if hasattr(self, "venue"):
            self.venue.replay()

    def _later(self, seconds: int) -> int:
        return self.venue.now_ns + seconds * NANOSECONDS

    def _draft(self) -> Draft:
        return Draft(self.venue.store, self.venue.now_ns)

    def _unsafe(self) -> list[str]:
        draft = self._draft()
        found = []
        for key in (*KEYS, BACKSTOP):
            account = draft.account(key)
            if account.debt and is_unsafe(account, account_sums(account, draft)):
                found.append(key)
        return found

    def _units(self, asset: str, dollars: int) -> int:
        price = price_wad(self.venue.records, asset)
        return max(1, dollars * WAD * 10 ** DECIMALS[asset] // price)

    def _pair(self, key: str, n: int) -> tuple[str, str]:
        account = self._draft().account(key)
        debts, held = sorted(account.debt) or ["USD"], sorted(account.supply) or ["ETH"]
        return debts[n % len(debts)], held[n // 7 % len(held)]

    @rule(n=nth, move=moves, gap=gaps, dust=st.integers(0, 60))
    def tick(self, n: int, move: int, gap: int, dust: int) -> None:
        asset = PRICED[n % 3] if n % 10 else PRICED[n // 10 % len(PRICED)]
        self._set_price(asset, move, gap=gap, dust=dust == 60)

    def _set_price(self, asset: str, move: int, *, gap: int, dust: bool) -> None:
        start, last = PRICES[asset], price_wad(self.venue.records, asset)
        price = last * (1000 + move) // 1000 if start < 40 * last < 1600 * start else start
        price = DUST_PRICE if dust else price
        self.run(commands.SetPrices(self._later(gap), ((asset, price),)))

    @rule(n=nth, move=st.integers(-20, 60), gap=gaps)
    def rate(self, n: int, move: int, gap: int) -> None:
        last = self.venue.records[Table.PRICE, "STETH"].rate_wad
        rate = last * (1000 + move) // 1000 if n % 12 else WAD // 1000
        if last < WAD // 2:
            rate = WAD
        asset = "STETH" if n % 9 else "ETH"
        self.run(commands.SetExchangeRate(self._later(gap), asset, rate))

    @rule(key=st.sampled_from(KEYS), n=nth, gap=gaps)
    def deposit(self, key: str, n: int, gap: int) -> None:
        asset = ASSETS[n % len(ASSETS)]
        held = sorted(self._draft().account(key).supply)
        if n % 5 and held:
            asset = held[n % len(held)]
        amount = self._units(asset, n // 7 % 9000) if n % 11 else 1 + n % 3
        self.run(commands.Deposit(self._later(gap), key, asset, amount))

    @rule(key=st.sampled_from(KEYS), share=shares, n=nth, gap=gaps)
    def withdraw(self, key: str, share: int, n: int, gap: int) -> None:
        draft = self._draft()
        account = draft.account(key)
        asset = sorted(account.supply)[n % len(account.supply)] if account.supply else "USD"
        room = explain(account, draft).withdrawable.get(asset, 1000)
        amount = None if n % 9 == 0 else room * share // 1000
        self.run(commands.Withdraw(self._later(gap), key, asset, amount))

    @rule(key=st.sampled_from(KEYS), share=shares, n=nth, gap=gaps)
    def borrow(self, key: str, share: int, n: int, gap: int) -> None:
        draft = self._draft()
        room = explain(draft.account(key), draft).borrowable
        asset = sorted(room)[n % len(room)] if room else ASSETS[n % len(ASSETS)]
        amount = room.get(asset, 1000) * share // 1000 if n % 13 else 1
        self.run(commands.Borrow(self._later(gap), key, asset, amount))

    @rule(key=st.sampled_from(KEYS), share=shares, n=nth, gap=gaps)
    def repay(self, key: str, share: int, n: int, gap: int) -> None:
        draft = self._draft()
        account = draft.account(key)
        asset = sorted(account.debt)[n % len(account.debt)] if account.debt else "USD"
        owed = debt_amount(draft.pool(asset), account.debt.get(asset, 0))
        amount = None if n % 9 == 0 else owed * share // 1000
        self.run(commands.Repay(self._later(gap), key, asset, amount if n % 13 else 1))

    @rule(n=nth, falls=st.lists(moves, min_size=1, max_size=3), mechanism=mechanisms)
    def crash(self, n: int, falls: list[int], mechanism: int) -> None:
        """Prices that fall in steps, and keepers who come after each."""
        for turn, move in enumerate(falls):
            self._set_price(PRICED[n % 3], -abs(move), gap=12, dust=n % 16 == turn)
            for i, key in enumerate(self._unsafe()):
                self._close(key, n + turn + i, mechanism=(mechanism + turn * i) % 10)

    @rule(n=nth, part=st.sampled_from((20, 50, 200)))
    def slide(self, n: int, part: int) -> None:
        """A fall that keepers follow with small bites, until there is nothing left to bite."""
        for move, share in ((-70, part), (-70, part), (-500, 1000)):
            self._set_price(PRICED[n % 2], move, gap=12, dust=False)
            for key in self._unsafe():
                debt, sold = self._pair(key, n)
                owed = self._owed(key, debt)
                asked = max(1, owed * share // 1000)
                self.run(commands.Liquidate(self._later(0), key, debt, sold, "keeper", asked))

    def _owed(self, key: str, asset: str) -> int:
        draft = self._draft()
        return debt_amount(draft.pool(asset), draft.account(key).debt.get(asset, 0))

    @rule(n=nth, gap=gaps, mechanism=mechanisms)
    def close(self, n: int, gap: int, mechanism: int) -> None:
        unsafe = self._unsafe()
        key = KEYS[n % len(KEYS)] if n % 17 == 0 or not unsafe else unsafe[n % len(unsafe)]
        self._close(key, n, mechanism=mechanism, gap=gap)

    def _close(self, key: str, n: int, *, mechanism: int, gap: int = 0) -> None:
        now, (debt, sold) = self._later(gap), self._pair(key, n)
        owed = self._owed(key, debt)
        asked = owed * (n % 1100) // 1000 if n % 3 == 0 else None
        taker = "keeper" if n % 4 else KEYS[n % len(KEYS)]
        if mechanism <= 4:
            flash = owed * (n % 50) // 40 if n % 5 == 0 else None
            self.run(commands.Liquidate(now, key, debt, sold, taker, asked, flash))
        elif mechanism <= 7:
            self.run(commands.StartAuction(now, key, debt, sold, taker))
        elif mechanism == 8:
            self.run(commands.TransferToBackstop(now, key))
        else:
            self.run(commands.CloseOut(now, key))

    @rule(n=nth, gap=st.sampled_from((0, 60, 600, 1800, 5000)), share=shares)
    def auction(self, n: int, gap: int, share: int) -> None:
        running = sorted(self.venue.store.keys(Table.AUCTION))
        key = running[n % len(running)] if running else "1"
        if n % 4 == 0:
            self.run(commands.ResetAuction(self._later(gap), key, "keeper"))
        held, lot = self._draft().account(f"@auction/{key}"), 1000
        for asset, parts in held.supply.items():
            lot = supply_amount(self._draft().pool(asset), parts)
        amount = lot * share // 1000 if n % 3 else lot
        taker = "keeper" if n % 4 else KEYS[n % len(KEYS)]
        ceiling = UINT256_MAX if n % 8 else WAD
        self.run(commands.TakeAuction(self._later(gap), key, amount, ceiling, taker))

    @rule(n=nth, gap=gaps, key=st.sampled_from(KEYS))
    def margin_call(self, n: int, gap: int, key: str) -> None:
        draft = self._draft()
        sums = {each: account_sums(draft.account(each), draft) for each in KEYS}
        between = [k for k, v in sums.items() if v.excess_initial < 0 <= v.excess_maintenance]
        key = between[n % len(between)] if between and n % 7 else key
        debt, sold = self._pair(key, n)
        self.run(commands.CallMargin(self._later(gap), key))
        if n % 2:
            self.run(commands.ExpireCall(self._later(7200), key))
            self.run(commands.Reduce(self._later(0), key, debt, sold, "keeper"))

    @rule(key=st.sampled_from(KEYS), n=nth, gap=gaps)
    def fund_or_category(self, key: str, n: int, gap: int) -> None:
        fund, now = (INSURANCE, BACKSTOP, "anna")[n % 3], self._later(gap)
        asset = ASSETS[n % len(ASSETS)]
        made: list[Callable[[], object]] = [
            lambda: commands.FundDeposit(now, fund, asset, self._units(asset, n % 500)),
            lambda: commands.SetCategory(now, key, "ether" if n % 2 else ""),
            lambda: commands.Accrue(now, ASSETS),
        ]
        self.run(made[n // 3 % 3]())  # type: ignore[arg-type]

    @rule(n=nth, gap=gaps)
    def govern(self, n: int, gap: int) -> None:
        self.run(rule_change(n, self._later(gap)))

    @rule(n=nth)
    def ask_nonsense(self, n: int) -> None:
        # A drawn number likes to come again: each is asked for with others far from it.
        for turn in range(4):
            self.run(nonsense(n + 44 * turn, self._later(0)))

    @rule(n=nth, level=st.integers(1, 3), mechanism=mechanisms)
    def halt(self, n: int, level: int, mechanism: int) -> None:
        """A breaker that is up for three commands."""
        self.run(commands.Pause(self._later(0), level, "halt"))
        for i, key in enumerate(self._unsafe()[:1] or KEYS[:1]):
            self._close(key, n + i, mechanism=mechanism)
        self.auction(n, gap=60, share=500)
        self.run(commands.Resume(self._later(0), 0, "halt is over"))
