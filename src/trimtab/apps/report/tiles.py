"""The key figures that stand as tiles under the headline."""

from dataclasses import dataclass

from trimtab.apps.report.ends import Ends
from trimtab.apps.report.prices import PricePath, main_path
from trimtab.apps.report.shown import (
    NO_BREAK,
    Sentence,
    Shown,
    count,
    counted,
    money,
    percent,
    price,
    sentence,
)
from trimtab.apps.report.story import liquidated, losing, owed_words
from trimtab.model import Payer
from trimtab.simulation import AT_RISK_HEALTH, ReplayRun


@dataclass(frozen=True, slots=True)
class Tile:
    """A key figure, its name, and what it means here."""

    name: str
    value: Shown
    note: Sentence
    tone: str = ""


def tiles_of(run: ReplayRun, ends: Ends) -> list[Tile]:
    """Eight figures in the order in which a crisis unfolds."""
    tally, quote = run.tally, run.case.rules.quote
    funds = tally.bad_debt_wad - tally.loss_wad[Payer.SOCIALIZED] - tally.loss_wad[Payer.ADL]
    outside = tally.bad_debt_wad - funds
    return [
        _debt(run, ends),
        _market(run, main_path(run)),
        Tile(
            "Liquidations",
            count(tally.liquidations + tally.position_liquidations),
            sentence("of {}", counted(liquidated(run), "account")),
        ),
        _closed(run),
        Tile(
            "Bad debt",
            money(tally.bad_debt_wad, quote),
            sentence("left by {}", counted(losing(run), "account")),
            tone="warn" if tally.bad_debt_wad else "good",
        ),
        Tile(
            "Loss beyond the funds",
            money(outside, quote),
            sentence("after the funds paid {}", money(funds, quote)),
            tone="bad" if outside else "good",
        ),
        Tile(
            "Unsafe at the end",
            count(len(run.unwanted)),
            sentence("accounts, owing {}", money(sum(run.unwanted.values()), quote)),
            tone="warn" if run.unwanted else "good",
        ),
        Tile(
            "Cash conserved",
            Shown("yes" if run.conserved else "NO", str(run.conserved).lower()),
            sentence("to the last unit of every asset"),
            tone="good" if run.conserved else "bad",
        ),
    ]


def _closed(run: ReplayRun) -> Tile:
    """What liquidations closed: debt, and positions where the venue has any."""
    tally, quote = run.tally, run.case.rules.quote
    if not tally.position_liquidations and not tally.deleveragings:
        note = sentence("for {} of collateral", money(tally.seized_wad, quote))
        return Tile("Debt repaid", money(tally.repaid_wad, quote), note)
    closed = money(tally.repaid_wad + tally.closed_wad, quote)
    note = sentence("and {} cut by deleveraging", money(tally.deleveraged_wad, quote))
    return Tile("Closed by liquidations", closed, note)


def _debt(run: ReplayRun, ends: Ends) -> Tile:
    columns = run.metrics.columns
    debt = columns["debt_at_risk_value"]
    held = columns.get("notional_at_risk_value") or [0.0] * len(debt)
    most = max(map(sum, zip(debt, held, strict=False)), default=0.0)
    share = percent(most * 10**18 / ends.debt_wad) if ends.debt_wad else Shown("0", "0")
    note = sentence(f"{{}} of it at risk (health <{NO_BREAK}{AT_RISK_HEALTH}) at worst", share)
    return Tile(
        f"{owed_words(run).capitalize()} at the start",
        money(ends.debt_wad, run.case.rules.quote),
        note,
    )


def _market(run: ReplayRun, path: PricePath) -> Tile:
    if len(run.metrics.at_ns) == 1 or path.fall == 0:
        return Tile(f"{path.asset} price", price(path.first), sentence(run.case.rules.quote))
    note = sentence("from {} to {} {}", price(path.first), price(path.low), run.case.rules.quote)
    return Tile(f"{path.asset} at its low", percent(path.fall), note)
