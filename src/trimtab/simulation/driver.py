"""The driver of a replay: each step sets prices, screens, liquidates and closes out.

Each price step sets the prices, screens the book, asks the engine about whoever the screen cannot
clear, lets the keepers act, and lets the venue close what nobody wants.
"""

# An account that a keeper has liquidated this often within one price step waits for the next.
MOST_PER_STEP = 8


class Driver:
    """The venue, its keepers, and what they have done so far."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.keeper = Keeper(case.replay)
        self.store = open_venue(case.rules, case.book, at_ns=case.ticks[0].at_ns)
        self.genesis_cash = self._cash()
        self.tally = Tally()
        self.events: list[TimedEvent] = []
        self.waiting: dict[str, int] = {}
        self.gas_wad = case.replay.gas_cost_wad
        self._gas_read = 0
        self.commands: list[Command] = []
        self.screen = Screen(self.store, self._draft(case.ticks[0].at_ns))
        self.metrics = Metrics(self.screen)

    def _draft(self, at_ns: int) -> Draft:
        return Draft(self.store, at_ns)

    def _cash(self) -> dict[str, int]:
        pools = (self.store.get(Table.POOL, key) for key in self.store.keys(Table.POOL))
        return {pool.asset: pool.cash for pool in pools if isinstance(pool, Pool)}

    def advance(self, number: int) -> StepRecord:
        """Decide and do one price step."""
        tick = self.case.ticks[number]
        self._begin(tick.at_ns)
        self.do(c.SetPrices(tick.at_ns, tick.prices))
        levels = self._levels(tick.at_ns)
        self._sort_waiting(levels, tick.at_ns)
        if self.case.replay.margin_calls:
            self._call_margin(levels, tick.at_ns)
        if self.case.replay.mechanism is Mechanism.AUCTION:
            self._auction(tick.at_ns)
        else:
            self._liquidate(tick.at_ns)
        self._close(tick.at_ns)
        return self._end(number, tick.at_ns)

    def repeat(self, record: StepRecord) -> None:
        """Do a journaled step again; its decisions are taken from the journal."""
        if record.step >= len(self.case.ticks):
            raise DataError("the journal holds more steps than the case has prices")
        tick = self.case.ticks[record.step]
        self._begin(tick.at_ns)
        for command in record.commands:
            if not self.do(command):
                raise DataError(
                    "the journal is not of this case",
                    found=f"step {record.step}: {type(command).__name__} is rejected",
                    expected="the same rules, book and prices as when it was written",
                )
        self.waiting = dict(record.waiting)
        again = self._end(record.step, tick.at_ns)
        if again.state_hash != record.state_hash:
            raise DataError(
                "the journal is not of this case",
                found=f"step {record.step}: state hash {again.state_hash[:16]}",
                expected=record.state_hash[:16],
            )

    def _begin(self, at_ns: int) -> None:
        self.commands = []
        gas = self.case.gas
        while self._gas_read < len(gas) and gas[self._gas_read].at_ns <= at_ns:
            self.gas_wad = gas[self._gas_read].cost_wad
            self._gas_read += 1

    def do(self, command: Command) -> bool:
        """Ask the engine; apply and note what it accepts."""
        outcome = step(self.store, command)
        if isinstance(outcome, Rejected):
            return False
        self.store.apply(outcome)
        self.commands.append(command)
        self._note(outcome, command)
        return True

    def _note(self, outcome: Accepted, command: Command) -> None:
        self.tally.add(outcome.events)
        if isinstance(command, c.Liquidate | c.StartAuction):
            self.tally.liquidations += 1
        for event in outcome.events:
            if event.kind is not EventKind.PRICE:
                self.events.append(TimedEvent(command.at_ns, len(self.events), event))
        touched = [key for table, key in outcome.changes if table is Table.ACCOUNT]
        if touched:
            self.screen.refresh(touched, self._draft(command.at_ns))

    def _levels(self, at_ns: int) -> Levels:
        draft = self._draft(at_ns)
        return self.screen.levels(self.screen.marks(draft), draft)

    def _sort_waiting(self, levels: Levels, at_ns: int) -> None:
        """Who is unsafe now, and since when; decided exactly."""
        draft = self._draft(at_ns)
        unsafe = {}
        for key in self.screen.in_doubt(levels):
            account = draft.account(key)
            if account.debt and is_unsafe(account, account_sums(account, draft)):
                unsafe[key] = self.waiting.get(key, at_ns)
        self.waiting = unsafe

    def _due(self, at_ns: int) -> list[str]:
        rules = self.case.replay
        delay = rules.delay_blocks * rules.block_seconds * NANOSECONDS
        return [key for key, since in sorted(self.waiting.items()) if at_ns >= since + delay]

    def _liquidate(self, at_ns: int) -> None:
        """Keepers take offers, the largest gain first, until none pays or the capital is used."""
        capital = self.case.replay.capital_wad
        draft = self._draft(at_ns)
        offers = (best_offer(draft, key, capital_wad=capital) for key in self._due(at_ns))
        for first in by_gain([offer for offer in offers if offer is not None]):
            offer: Offer | None = first
            if capital != self.case.replay.capital_wad:
                offer = best_offer(self._draft(at_ns), first.account, capital_wad=capital)
            for _ in range(MOST_PER_STEP):
                if offer is None or not self.keeper.wants(offer, self.gas_wad):
                    break
                if not self.do(self.keeper.intent(offer, at_ns)):
                    break
                capital = self.keeper.capital_after(capital, offer.cost_wad)
                offer = best_offer(self._draft(at_ns), first.account, capital_wad=capital)

    def _auction(self, at_ns: int) -> None:
        for key in self._due(at_ns):
            account = self._draft(at_ns).account(key)
            for debt in sorted(account.debt):
                for collateral in sorted(account.supply):
                    self.do(c.StartAuction(at_ns, key, debt, collateral, KEEPER))
        for key in sorted(self.store.keys(Table.AUCTION), key=int):
            self._tend(key, at_ns)

    def _tend(self, key: str, at_ns: int) -> None:
        """Reset an expired auction, or buy the lot of a running one where it pays."""
        draft = self._draft(at_ns)
        auction = draft.auction(key)
        if needs_reset(auction, self.case.rules.auction, now_s=draft.now_s):
            self.do(c.ResetAuction(at_ns, key, KEEPER))
            return
        taken = self._bid(draft, auction)
        if taken is not None:
            self.do(taken)

    def _bid(self, draft: Draft, auction: Auction) -> c.TakeAuction | None:
        price = auction_price_wad(auction, self.case.rules.auction, now_s=draft.now_s)
        shares = draft.account(holder(auction.key)).supply.get(auction.collateral, 0)
        return bid(
            draft,
            auction,
            price_wad=price,
            lot=supply_amount(draft.pool(auction.collateral), shares),
            rules=self.case.replay,
            gas_wad=self.gas_wad,
        )

    def _call_margin(self, levels: Levels, at_ns: int) -> None:
        for key in self.screen.between_levels(levels):
            self.do(c.CallMargin(at_ns, key))

    def _close(self, at_ns: int) -> None:
        """The venue closes out spent accounts, and gives what no keeper wants to the backstop."""
        after = self.case.replay.backstop_after_seconds
        for key, since in sorted(self.waiting.items()):
            draft = self._draft(at_ns)
            account = draft.account(key)
            sums = account_sums(account, draft)
            if not account.debt or not is_unsafe(account, sums):
                del self.waiting[key]
            elif is_spent(account, sums, draft=draft):
                if self.do(c.CloseOut(at_ns, key)):
                    del self.waiting[key]
            elif after is not None and at_ns >= since + after * NANOSECONDS:
                self.do(c.TransferToBackstop(at_ns, key))

    def _end(self, number: int, at_ns: int) -> StepRecord:
        """Measure the step, and put a checkpoint where one is due."""
        draft = self._draft(at_ns)
        marks = self.screen.marks(draft)
        levels = self.screen.levels(marks, draft)
        last = number + 1 == len(self.case.ticks)
        self.metrics.add(
            at_ns, levels, marks=marks, tally=self.tally, waiting=self.waiting, last=last
        )
        state_hash = ""
        if last or (number + 1) % self.case.replay.checkpoint_steps == 0:
            state_hash = self.store.state_hash()
            checkpoint = Event(EventKind.CHECKPOINT)
            self.events.append(TimedEvent(at_ns, len(self.events), checkpoint, state_hash))
        return StepRecord(number, tuple(self.commands), dict(self.waiting), state_hash)

    def finish(self, seed: int) -> ReplayRun:
        """The run, with every asset's cash checked against the sum of its flows."""
        cash = self._cash()
        conserved = all(
            cash[asset] == before + self.tally.flows.get(asset, 0)
            for asset, before in self.genesis_cash.items()
        )
        return ReplayRun(
            self.case,
            seed,
            self.events,
            self.metrics,
            self.tally,
            self.store,
            self.store.state_hash(),
            conserved,
            self._unwanted(),
        )

    def _unwanted(self) -> dict[str, int]:
        """Debt (wad) of the accounts that are unsafe at the end: no keeper was paid to act."""
        draft = self._draft(self.case.ticks[-1].at_ns)
        found = {}
        for key in self.waiting:
            sums = account_sums(draft.account(key), draft)
            found[key] = div_up(sums.debt, EXACT_PER_WAD)
        return found
