"""The replay in plain words: a verdict, a paragraph, and the figures that stand as tiles."""

from collections import Counter
from dataclasses import dataclass

from trimtab.apps.report.ends import Cause, Ends
from trimtab.apps.report.prices import PricePath, main_path, price_paths
from trimtab.apps.report.shown import (
    NO_BREAK,
    Sentence,
    Shown,
    count,
    counted,
    duration,
    moment,
    money,
    percent,
    price,
)
from trimtab.model import Mechanism, Payer
from trimtab.simulation import ReplayRun

PAYER_WORDS = {
    Payer.OWN_MARGIN: "the accounts' own last collateral",
    Payer.PENALTY: "liquidation fees, given back",
    Payer.INSURANCE: "the insurance fund",
    Payer.BACKSTOP: "the backstop",
    Payer.ADL: "deleveraged counterparties",
    Payer.SOCIALIZED: "suppliers and holders of the asset",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line; `tone` is good, warn or bad, and `sign` says it without color."""

    tone: str
    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A key figure, its name, and what it means in this case."""

    name: str
    value: Shown
    note: Sentence
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """What a reader takes away who reads nothing else."""

    title: str
    verdict: Verdict
    paragraph: tuple[Sentence, ...]
    tiles: tuple[Tile, ...]


def story_of(run: ReplayRun, ends: Ends) -> Story:
    """Tell a replay from its numbers."""
    path = main_path(run)
    paragraph = [
        *_book(run, ends, path=path),
        *_market(run, path),
        *_liquidations(run),
        *_losses(run, ends),
        _cash(run),
        *_unsafe(ends),
    ]
    return Story(_title(run), _verdict(run), tuple(paragraph), tiles_of(run, ends, path=path))


def liquidated(run: ReplayRun) -> int:
    """How many accounts lost debt or collateral to a liquidation."""
    acts = {"repaid", "seized"}
    return sum(bool(acts & found.keys()) for found in run.tally.by_account.values())


def losing(run: ReplayRun) -> int:
    """How many accounts left a debt that they did not pay."""
    return sum(found.get("loss", 0) > 0 for found in run.tally.by_account.values())


def _title(run: ReplayRun) -> str:
    tally, quote = run.tally, run.case.rules.quote
    acts = str(counted(tally.liquidations, "liquidation"))
    if not tally.liquidations:
        acts = "no liquidation"
    loss = f"{money(tally.bad_debt_wad, quote)} of bad debt" if tally.bad_debt_wad else "no loss"
    return f"{acts[:1].upper()}{acts[1:]}, {loss}"


def _verdict(run: ReplayRun) -> Verdict:
    tally = run.tally
    if not run.conserved:
        return Verdict("bad", "✕", "Cash is not conserved: do not use these results.")
    if tally.loss_wad[Payer.SOCIALIZED]:
        return Verdict("bad", "✕", "Losses went past every fund and reached suppliers and holders.")
    if tally.loss_wad[Payer.ADL]:
        return Verdict("bad", "✕", "Losses went past the funds: counterparties were deleveraged.")
    if tally.bad_debt_wad:
        return Verdict("warn", "!", "There was bad debt, and the venue's own funds paid all of it.")
    if run.unwanted:
        return Verdict("warn", "!", "No loss was booked, but unsafe accounts are left at the end.")
    if tally.liquidations:
        return Verdict("good", "✓", "Every liquidation covered its debt: nobody bore a loss.")
    return Verdict("good", "✓", "No account had to be liquidated.")


def _book(run: ReplayRun, ends: Ends, *, path: PricePath) -> list[Sentence]:
    quote, number = run.case.rules.quote, len(ends.before)
    who = counted(number, "account")
    holds = "held" if number != 1 else "holds"
    if not ends.debt_wad:
        return [(who, f" {holds} ", money(ends.collateral_wad, quote), " and owed nothing.")]
    at = price(path.first)
    return [
        (
            *(who, " held ", money(ends.collateral_wad, quote), " of collateral against "),
            *(money(ends.debt_wad, quote), f" of debt while {path.asset} stood at "),
            *(at, f"{NO_BREAK}{quote}."),
        )
    ]


def _market(run: ReplayRun, path: PricePath) -> list[Sentence]:
    quote, at_ns = run.case.rules.quote, run.metrics.at_ns
    if len(at_ns) == 1:
        return [("The case has a single price step, at ", moment(at_ns[0]), ": nothing moves.")]
    if path.steady:
        told: list[Sentence] = [
            (f"{path.asset}, which carries most of the collateral, kept its price within ")
            + (percent(max(-path.fall, path.rise)), "."),
        ] if False else [
            (
                f"{path.asset}, which carries most of the collateral, moved by no more than ",
                percent(max(-path.fall, path.rise)),
                ".",
            )
        ]
        mover = price_paths(run)[0] if price_paths(run) else path
        if mover.fall < path.fall and not mover.steady:
            told.append((f"{mover.asset} fell by ", percent(-mover.fall), "."))
        return told
    low: Sentence = (
        *("It fell ", percent(-path.fall), " to ", price(path.low), f"{NO_BREAK}{quote} on "),
        *(moment(at_ns[path.low_at]), " and ended at ", price(path.last)),
        *(f"{NO_BREAK}{quote} (", percent(path.change, signed=True), ")."),
    )
    if -path.fall < 0.001:
        low = ("It rose to ", price(path.high), f"{NO_BREAK}{quote} and ended at ") + (
            price(path.last),
            f"{NO_BREAK}{quote}.",
        )
    return [low]


def _liquidations(run: ReplayRun) -> list[Sentence]:
    tally, quote = run.tally, run.case.rules.quote
    if not tally.liquidations:
        return [("Nobody was liquidated.",)]
    auctions = run.case.replay.mechanism is Mechanism.AUCTION
    acts = counted(tally.liquidations, "auction" if auctions else "liquidation")
    return [
        (
            *(acts, " of ", counted(liquidated(run), "account"), " repaid "),
            *(money(tally.repaid_wad, quote), " of debt and seized collateral worth "),
            *(money(tally.seized_wad, quote), "; keepers gained "),
            *(money(tally.bonus_wad, quote), " before gas."),
        )
    ]


def _losses(run: ReplayRun, ends: Ends) -> list[Sentence]:
    tally, quote = run.tally, run.case.rules.quote
    if not tally.bad_debt_wad:
        return [("No bad debt arose.",)] if ends.debt_wad else []
    left: Sentence = (
        *(counted(losing(run), "account"), " ran out of collateral and left bad debt of "),
        money(tally.bad_debt_wad, quote),
    )
    if ends.debt_wad:
        left += (" (", percent(tally.bad_debt_wad / ends.debt_wad), " of the opening debt)")
    parts: list[Sentence] = [
        (f"{PAYER_WORDS[payer]} paid ", money(paid, quote))
        for payer, paid in tally.loss_wad.items()
        if paid and payer is not Payer.SOCIALIZED
    ]
    carried = tally.loss_wad[Payer.SOCIALIZED]
    if carried:
        parts.append(
            ("suppliers and holders bear ", money(carried, quote))
            + (" (", percent(carried / tally.bad_debt_wad), " of it)")
        )
    return [(*left, ": ", *_listed(parts), ".")]


def _listed(parts: list[Sentence]) -> Sentence:
    joined: Sentence = ()
    for number, part in enumerate(parts):
        link = "" if number == 0 else " and " if number == len(parts) - 1 else ", "
        joined = (*joined, link, *part) if link else part
    return joined


def _cash(run: ReplayRun) -> Sentence:
    if run.conserved:
        return ("Every asset's cash is conserved to the last unit.",)
    return ("The cash of some asset is NOT the sum of its flows: see the ledger.",)


def _unsafe(ends: Ends) -> list[Sentence]:
    if not ends.left:
        return [("No account is unsafe at the end.",)] if ends.debt_wad else []
    debt = sum(left.debt_wad for left in ends.left)
    quote_free = Counter(left.cause for left in ends.left)
    told = counted(len(ends.left), "account")
    verb = "is" if len(ends.left) == 1 else "are"
    causes: list[Sentence] = [
        (counted(number, "account"), f" {_cause_words(cause, number)}")
        for cause, number in quote_free.most_common()
    ]
    return [(told, f" {verb} still unsafe at the end, with ", _debt_of(debt), " of debt: ")
            + (*_listed(causes), ".")]
