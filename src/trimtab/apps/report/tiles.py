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
from trimtab.apps.report.story import liquidated, losing
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
            count(tally.liquidations),
            sentence("of {}", counted(liquidated(run), "account")),
        ),
        Tile(
            "Debt repaid",
            money(tally.repaid_wad, quote),
            sentence("for {} of collateral", money(tally.seized_wad, quote)),
        ),
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


def _debt(run: ReplayRun, ends: Ends) -> Tile:
    most = max(run.metrics.columns["debt_at_risk_value"], default=0.0)
    share = percent(most * 10**18 / ends.debt_wad) if ends.debt_wad else Shown("0", "0")
    note = sentence(f"{{}} of it at risk (health <{NO_BREAK}{AT_RISK_HEALTH}) at worst", share)
    return Tile("Debt at the start", money(ends.debt_wad, run.case.rules.quote), note)


def _market(run: ReplayRun, path: PricePath) -> Tile:
    if len(run.metrics.at_ns) == 1 or path.fall == 0:
        return Tile(f"{path.asset} price", price(path.first), sentence(run.case.rules.quote))
    note = sentence("from {} to {} {}", price(path.first), price(path.low), run.case.rules.quote)
    return Tile(f"{path.asset} at its low", percent(path.fall), note)
