"""The state machine over mixed lending and perpetual accounts: every command at one venue."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from tests.engine.crisis import EVERYBODY, PRICED, PRICES
from tests.engine.crisis_markets import CONTRACT, FOLLOWED, INVERSE, LINEAR, MARKETS, TRADERS
from tests.engine.machine import VenueMachine, gaps, moves, nth, shares
from tests.engine.market_requests import market_nonsense, market_rule_change
from tests.engine.standing import price_wad
from tests.engine.watch import Tally
from trimtab.engine import is_spent, is_unsafe, market_mark
from trimtab.engine.margin import account_sums
from trimtab.model import BACKSTOP, Table, commands
from trimtab.units import NANOSECONDS, WAD

SOURCES = ("north", "south", "stuck")
places = st.integers(0, len(MARKETS) - 1)
premiums = st.sampled_from((0, 0, 1, -1, 4, -4, 20, -30, 49, 60, -400))


class MixedMachine(VenueMachine):
    """Adds markets, traders and sources of prices to the lending machine."""

    def _unsafe(self) -> list[str]:
        draft = self._draft()
        found = []
        for key in (*EVERYBODY, BACKSTOP):
            account = draft.account(key)
            if account.at_risk and is_unsafe(account, account_sums(account, draft)):
                found.append(key)
        return found

    def _close(self, key: str, n: int, *, mechanism: int, gap: int = 0) -> None:
        """Positions first, as often as not; then as any account."""
        account = self._draft().account(key)
        held = sorted(m for m, p in account.positions.items() if p.size)
        if not held or (mechanism % 5 == 4 and account.debt):
            super()._close(key, n, mechanism=mechanism, gap=gap)
            return
        market = held[n % len(held)]
        if mechanism in (7, 8):
            self.run(commands.TransferToBackstop(self._later(gap), key))
        if mechanism in (0, 5, 9):
            self._deleverage(key, market, n, gap=gap)
        takers = (f"@pool/{market}", "fria", "edda", "lena", "ivo", "hana")
        size = self._draft().account(key).positions.get(market)
        asked = None if n % 3 or size is None else max(1, abs(size.size) * (n % 900) // 800)
        price = None
        if n % 7 == 0:
            price = market_mark(self._draft(), market).price_wad * (950 + n % 100) // 1000
        taker = takers[n // 3 % len(takers)] if mechanism else takers[0]
        self.run(commands.LiquidatePosition(self._later(0), key, market, taker, asked, price))
        if mechanism == 6:
            self._deleverage(key, market, n, gap=0)

    def _deleverage(self, key: str, market: str, n: int, *, gap: int) -> None:
        store = self.venue.store
        position = self._draft().account(key).positions.get(market)
        side = -1 if position is not None and position.size > 0 else 1
        names = [
            name
            for name in sorted(store.keys(Table.ACCOUNT))
            if (p := store.get(Table.ACCOUNT, name).positions.get(market)) is not None
            and p.size * side > 0
            and name != key
        ]
        if n % 6 == 0 and names:
            names.pop()
        elif n % 6 == 1:
            names.append("edda")
        size = None if n % 4 else 1 + n % 7
        self.run(commands.Deleverage(self._later(gap), key, market, tuple(names), size))

    @rule(n=nth, place=places, share=shares, gap=gaps)
    def trade(self, n: int, place: int, share: int, gap: int) -> None:
        market = MARKETS[place]
        taker = TRADERS[n % len(TRADERS)]
        maker = TRADERS[n // 11 % len(TRADERS)]
        if n % 3 == 0:
            maker = f"@pool/{market}"
        mark = market_mark(self._draft(), market).price_wad
        size = CONTRACT[market] * (n // 7 % 800) // 200 + n % 3
        if market == INVERSE or market != LINEAR:
            size *= 700
        held = self._draft().account(taker).positions.get(market)
        if held is not None and n % 5 < 2:
            size = -held.size * share // 700
        elif n % 2:
            size = -size
        price = mark * (1000 + n % 5 - 2) // 1000
        if maker.startswith("@"):
            price = mark * (3 if size > 0 else 1) // 2
        elif n % 29 == 0:
            price = mark * (1 + n % 3) // 2
        self.run(commands.Trade(self._later(gap), market, taker, maker, size, price))

    @rule(n=nth, place=places, gap=gaps)
    def order_or_settle(self, n: int, place: int, gap: int) -> None:
        market, key, now = MARKETS[place], TRADERS[n % len(TRADERS)], self._later(gap)
        if n % 4 == 0:
            bids = CONTRACT[market] * (n // 5 % 9)
            self.run(commands.SetOrders(now, key, market, bids, n // 3 % 3 * CONTRACT[market]))
        elif n % 4 == 1:
            self.run(commands.SetLeverage(now, key, market, n // 7 % 60 * WAD // 100))
        else:
            owing = [
                name
                for name in self.venue.store.keys(Table.ACCOUNT)
                if market in self.venue.store.get(Table.ACCOUNT, name).positions
            ]
            self.run(commands.Settle(now, owing[n % len(owing)] if owing else key, market))

    @rule(n=nth, share=shares, gap=gaps)
    def transfer(self, n: int, share: int, gap: int) -> None:
        pairs = (("lena", "lena/iso"), ("fria", "fria/basis"), ("lena/iso", "lena"))
        source, target = pairs[n % 3]
        held = self._draft().account(source).supply
        asset = sorted(held)[n % len(held)] if held else "USD"
        amount = None if n % 9 == 0 else self._units(asset, n // 7 % 3000) * share // 1000
        self.run(commands.Transfer(self._later(gap), source, target, asset, amount))

    @rule(n=nth, move=moves, gap=gaps, premium=premiums)
    def sources(self, n: int, move: int, gap: int, premium: int) -> None:
        """Prices of three sources: one late, one stuck, some spiking, some uncertain."""
        asset = ("ETH", "CENT")[n % 2]
        last = price_wad(self.venue.records, asset)
        start = PRICES[asset]
        fair = last * (1000 + move // 3) // 1000 if start < 40 * last < 1600 * start else start
        now = self._later(gap)
        for place, source in enumerate(SOURCES[: 1 + n % 3]):
            price, published = fair * (1000 + place) // 1000, now
            if source == "stuck":
                price = start
            if n % 11 == 0:
                published = now - 41 * 86_400 * NANOSECONDS
            if n % 13 == place:
                price *= 20
            confidence = price // (20 if n % 7 == 0 else 1000)
            self.run(commands.SubmitPrice(now, asset, source, price, confidence, published))
        self._mark(MARKETS[n % 3], premium, now=now)

    def _mark(self, market: str, premium: int, *, now: int) -> None:
        index = price_wad(self.venue.records, FOLLOWED[market])
        book = max(1, index * (1000 + premium) // 1000)
        inputs = (("book", book), ("last", book + 1), ("index", index))
        if premium % 2:
            self.run(commands.SubmitMark(now, market, inputs))
        elif premium % 4:
            self.run(commands.SetPrices(now, ((market, book),)))
        rate = premium * WAD // 10_000 if premium < 60 else 2 * WAD
        self.run(commands.SetFunding(now, INVERSE if premium else market, rate))

    @rule(n=nth, place=places, falls=st.lists(moves, min_size=1, max_size=3))
    def squeeze(self, n: int, place: int, falls: list[int]) -> None:
        """A price that runs one way, and whoever it ruins closed each time."""
        up = 1 if n % 2 else -1
        for turn, move in enumerate(falls):
            self._set_price(FOLLOWED[MARKETS[place]], up * abs(move), gap=12, dust=n % 40 == turn)
            for i, key in enumerate(self._unsafe()):
                self._close(key, n + turn + 3 * i, mechanism=(n // 5 + i) % 10)
        self._close_spent()
        for market in MARKETS:
            if n % 5 == 0:
                self._deleverage(BACKSTOP, market, n, gap=0)
            if n % 7 == 0:
                self._deleverage(f"@pool/{market}", market, n, gap=0)

    def _close_spent(self) -> None:
        """Whoever owes more than dust is worth, and holds dust alone."""
        draft = self._draft()
        for key in EVERYBODY:
            account = draft.account(key)
            if account.debt and is_spent(account, account_sums(account, draft), draft=draft):
                self.run(commands.CloseOut(self._later(0), key))

    @rule(n=nth, mechanism=st.integers(0, 9))
    def close_anybody(self, n: int, mechanism: int) -> None:
        """A price of nearly nothing, now and then, and keepers who do not look first."""
        if n % 8 == 0:
            self._set_price(PRICED[n // 8 % 3], 0, gap=12, dust=True)
            self._close_spent()
        for place in range(3):
            self._close(EVERYBODY[(n + 5 * place) % len(EVERYBODY)], n, mechanism=mechanism)

    @rule(n=nth, gap=gaps)
    def ask_market_nonsense(self, n: int, gap: int) -> None:
        if n % 3:
            self.run(market_nonsense(n, self._later(0)))
        else:
            self.run(market_rule_change(n, self._later(gap)))


def run_machine(*, examples: int, steps: int, shrink: bool = True) -> Tally:
    """Run the machine from a fixed seed and return what happened; a broken invariant raises."""

    class Counted(MixedMachine):
        tally = Tally()

    run_state_machine_as_test(
        Counted,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return Counted.tally
