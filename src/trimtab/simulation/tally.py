"""Running totals of a replay, added up from its events: exact, in wad of the quote."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from trimtab.model import Event, EventKind, Payer


@dataclass(slots=True)
class Tally:
    """What liquidations moved and who paid for what; every figure is the sum of its events."""

    liquidations: int = 0
    repaid_wad: int = 0
    seized_wad: int = 0
    bonus_wad: int = 0
    fee_wad: int = 0
    backstop_transfers: int = 0
    position_liquidations: int = 0
    closed_wad: int = 0
    deleveraged_wad: int = 0
    deleveragings: int = 0
    prices_refused: int = 0
    trips: int = 0
    margin_calls: int = 0
    loss_wad: dict[Payer, int] = field(default_factory=lambda: dict.fromkeys(Payer, 0))
    flows: dict[str, int] = field(default_factory=dict)
    by_account: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def bad_debt_wad(self) -> int:
        """All losses that entered the waterfall."""
        return sum(self.loss_wad.values())

    def add(self, events: Iterable[Event]) -> None:
        """Count the events of one command."""
        for event in events:
            if event.flow:
                self.flows[event.asset] = self.flows.get(event.asset, 0) + event.flow
            self._add_value(event)

    def _add_value(self, event: Event) -> None:
        match event.kind:
            case EventKind.LIQUIDATE:
                self.repaid_wad += event.value
                self._note(event, "repaid")
            case EventKind.SEIZE | EventKind.AUCTION_TAKE:
                self.seized_wad += event.value
                self._note(event, "seized")
            case EventKind.BONUS:
                self.bonus_wad += event.value
                self._note(event, "bonus")
            case EventKind.FEE:
                self.fee_wad += event.value
                self._note(event, "fee")
            case EventKind.LOSS:
                assert event.payer is not None, "a loss names its payer"
                self.loss_wad[event.payer] += event.value
                self._note(event, "loss")
            case EventKind.BACKSTOP_TRANSFER:
                self.backstop_transfers += 1
            case EventKind.LIQUIDATE_POSITION:
                self.position_liquidations += 1
                self.closed_wad += event.value
                self._note(event, "closed")
            case EventKind.DELEVERAGE:
                self.deleveragings += 1
                self.deleveraged_wad += event.value
                self._note(event, "deleveraged")
            case EventKind.PRICE_REFUSED:
                self.prices_refused += 1
            case EventKind.PAUSE:
                self.trips += 1
            case EventKind.CALL:
                self.margin_calls += 1
            case _:
                pass

    def _note(self, event: Event, what: str) -> None:
        found = self.by_account.setdefault(event.account, {})
        found[what] = found.get(what, 0) + event.value
