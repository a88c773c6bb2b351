"""The replay in plain words: a verdict and a paragraph, told from its numbers."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from trimtab.apps.report.ends import Cause, Ends
from trimtab.apps.report.prices import PricePath, main_path, price_paths
from trimtab.apps.report.shown import (
    NO_BREAK,
    Sentence,
    counted,
    listed,
    moment,
    money,
    percent,
    price,
    sentence,
)
from trimtab.engine import EXACT_PER_WAD, Draft, account_sums
from trimtab.model import BACKSTOP, Mechanism, Payer
from trimtab.simulation import ReplayRun
from trimtab.units import div_floor

When = Callable[[int], Sentence]
PAYERS = {
    Payer.OWN_MARGIN: "the accounts' own last collateral",
    Payer.PENALTY: "the fees taken from the accounts",
    Payer.INSURANCE: "the insurance fund",
    Payer.BACKSTOP: "the backstop",
    Payer.ADL: "deleveraged counterparties",
    Payer.SOCIALIZED: "suppliers and holders",
}
CENT_WAD = 10**16  # a payer of less is in the waterfall, but not worth a word
CAUSES = {
    Cause.GAS: "too small to pay a keeper for the gas",
    Cause.EMPTY: "left with nothing that could be seized",
    Cause.REFUSED: "such that the rules refuse the liquidation that would pay",
    Cause.WAITING: "still inside the keepers' delay or beyond their capital",
    Cause.AUCTION: "waiting for an auction or a bid",
    Cause.TAKERS: "holding positions that takers, for their depth or a limit, did not close",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line; `tone` is good, warn or bad, and `sign` says it without color."""

    tone: str
    sign: str
    text: str


def owed_words(run: ReplayRun) -> str:
    """What a liquidation closes in this venue."""
    if not run.case.rules.markets:
        return "debt"
    lent = any(run.metrics.columns.get("debt_value", []))
    return "debt and notional" if lent else "notional"


def title_of(run: ReplayRun) -> str:
    """The heading: what happened, in two figures."""
    tally, quote = run.tally, run.case.rules.quote
    number = tally.liquidations + tally.position_liquidations
    acts = str(counted(number, "liquidation")) if number else ""
    loss = f"{money(tally.bad_debt_wad, quote)} of bad debt" if tally.bad_debt_wad else "no loss"
    held = backstop_loss_wad(run) if tally.backstop_transfers else 0
    if held >= CENT_WAD and not tally.bad_debt_wad:
        loss = f"the backstop down {money(held, quote)}"
    return f"{acts or 'No liquidation'}, {loss}"


def verdict_of(run: ReplayRun) -> Verdict:
    """The finding that matters most."""
    tally = run.tally
    if not run.conserved:
        return Verdict("bad", "✕", "Cash is not conserved: do not rely on these results.")
    if tally.loss_wad[Payer.SOCIALIZED]:
        return Verdict("bad", "✕", "Losses went past every fund, to suppliers and holders.")
    if tally.loss_wad[Payer.ADL]:
        return Verdict("bad", "✕", "Losses went past the funds: counterparties were deleveraged.")
    if tally.bad_debt_wad:
        return Verdict("warn", "!", "There was bad debt; nobody outside the venue's funds paid.")
    if backstop_loss_wad(run) > 0:
        told = "Nobody left a loss, but the backstop lost on the positions that it took over."
        return Verdict("warn", "!", told)
    if run.unwanted:
        return Verdict("warn", "!", "No loss was booked, but unsafe accounts are left at the end.")
    if tally.liquidations or tally.position_liquidations:
        return Verdict("good", "✓", "Every liquidation covered its debt: nobody bore a loss.")
    return Verdict("good", "✓", "No account had to be liquidated.")


def backstop_loss_wad(run: ReplayRun) -> int:
    """What the backstop has lost of all that it was given, at the last prices; 0 for a gain."""
    draft = Draft(run.store, run.case.ticks[-1].at_ns)
    equity = account_sums(draft.account(BACKSTOP), draft).equity
    lost = draft.venue.backstop_capital_wad - div_floor(equity, EXACT_PER_WAD)
    return max(0, lost - run.tally.loss_wad[Payer.BACKSTOP])


def paragraph_of(run: ReplayRun, ends: Ends) -> list[Sentence]:
    """What a reader takes away who reads nothing else."""
    path = main_path(run)
    return [
        _book(run, ends, path=path),
        *_market(run, path),
        *_liquidations(run, ends),
        *_losses(run, ends),
        *_backstop(run),
        _cash(run),
        *_unsafe(run, ends),
    ]


def liquidated(run: ReplayRun) -> int:
    """How many accounts lost debt or collateral to a liquidation."""
    acts = {"repaid", "seized", "closed"}
    return sum(bool(acts & found.keys()) for found in run.tally.by_account.values())


def losing(run: ReplayRun) -> int:
    """How many accounts left a debt that they did not pay."""
    return sum(found.get("loss", 0) > 0 for found in run.tally.by_account.values())


def _book(run: ReplayRun, ends: Ends, *, path: PricePath) -> Sentence:
    quote = run.case.rules.quote
    who, owned = counted(len(ends.before), "account"), money(ends.collateral_wad, quote)
    if not ends.debt_wad:
        return sentence("{} held {} and owed nothing.", who, owned)
    owed = owed_words(run)
    return sentence(
        f"{{}} held {{}} of collateral against {{}} of {owed} while {{}} stood at {{}}{{}}.",
        *(who, owned, money(ends.debt_wad, quote), path.asset),
        *(price(path.first), f"{NO_BREAK}{quote}"),
    )


def _on(at_ns: int) -> Sentence:
    return sentence("on {}", moment(at_ns))


def retimed(told: list[Sentence], run: ReplayRun, *, when: When) -> list[Sentence]:
    """A paragraph whose sentences about the market say their times as `when` does."""
    path = main_path(run)
    moved = dict(zip(_market(run, path), _market(run, path, when=when), strict=True))
    return [moved.get(one, one) for one in told]


def _market(run: ReplayRun, path: PricePath, *, when: When = _on) -> list[Sentence]:
    at_ns = run.metrics.at_ns
    if len(at_ns) == 1:
        return [sentence("The case has one price step, {}: no price moves.", moment(at_ns[0]))]
    if path.steady:
        return _steady_market(run, path)
    unit = f"{NO_BREAK}{run.case.rules.quote}"
    end = (price(path.last), unit, percent(path.change, signed=True))
    if path.rise > -path.fall:
        told, place = "{} rose by {} to {}{} ", path.high_at
        extreme = (percent(path.rise), price(path.high), unit)
    else:
        told, place = "{} fell by {} to {}{} ", path.low_at
        extreme = (percent(-path.fall), price(path.low), unit)
    ended = sentence(" and ended at {}{} ({}).", *end)
    return [(*sentence(told, path.asset, *extreme), *when(at_ns[place]), *ended)]


def _steady_market(run: ReplayRun, path: PricePath) -> list[Sentence]:
    within = percent(max(-path.fall, path.rise))
    markets = run.case.rules.markets
    what = "what most of the book hangs on" if markets else "most of the collateral"
    told = [sentence(f"{{}}, {what}, moved by no more than {{}}.", path.asset, within)]
    if path.low == path.high:
        told = [sentence(f"{{}}, {what}, did not move.", path.asset)]
    paths = [other for other in price_paths(run) if not other.steady]
    if paths:
        mover = max(paths, key=lambda other: max(-other.fall, other.rise))
        fell = -mover.fall >= mover.rise
        move = percent(max(-mover.fall, mover.rise))
        verb = "fell" if fell else "rose"
        told.append(sentence(f"{{}} {verb} by as much as {{}}.", mover.asset, move))
    return told


def _liquidations(run: ReplayRun, ends: Ends) -> list[Sentence]:
    tally, quote = run.tally, run.case.rules.quote
    if not tally.liquidations:
        if tally.position_liquidations:
            return _positions(run)
        return [sentence("Nobody was liquidated.")] if ends.debt_wad else []
    auctions = run.case.replay.mechanism is Mechanism.AUCTION
    return [
        sentence(
            "In {}, {} had {} of debt repaid and {} of collateral seized for it; "
            "the liquidators' gain was {} before gas.",
            counted(tally.liquidations, "auction" if auctions else "liquidation"),
            counted(liquidated(run), "account"),
            money(tally.repaid_wad, quote),
            money(tally.seized_wad, quote),
            money(tally.bonus_wad, quote),
        ),
        *_positions(run),
    ]


def _positions(run: ReplayRun) -> list[Sentence]:
    """What liquidations and deleveraging closed of positions."""
    tally, quote = run.tally, run.case.rules.quote
    if not tally.position_liquidations and not tally.deleveragings:
        return []
    told = [
        sentence(
            "{} closed positions of {}.",
            counted(tally.position_liquidations, "liquidation"),
            money(tally.closed_wad, quote),
        )
    ]
    if tally.deleveragings:
        told.append(
            sentence(
                "Deleveraging cut {} of counterparties' positions in {}.",
                money(tally.deleveraged_wad, quote),
                counted(tally.deleveragings, "cut"),
            )
        )
    return told


def _losses(run: ReplayRun, ends: Ends) -> list[Sentence]:
    tally, quote = run.tally, run.case.rules.quote
    if not tally.bad_debt_wad:
        return [sentence("No bad debt arose.")] if ends.debt_wad else []
    share = percent(tally.bad_debt_wad / ends.debt_wad) if ends.debt_wad else "all"
    parts = [
        sentence(f"{PAYERS[payer]} paid {{}}", money(paid, quote))
        for payer, paid in tally.loss_wad.items()
        if paid >= CENT_WAD and payer is not Payer.SOCIALIZED
    ]
    carried = tally.loss_wad[Payer.SOCIALIZED]
    if carried:
        of_it = percent(carried / tally.bad_debt_wad)
        bear = sentence("suppliers and holders bear {} ({} of it)", money(carried, quote), of_it)
        parts.append(bear if parts else sentence("suppliers and holders bear all of it"))
    return [
        (
            *sentence(
                "{} left bad debt of {} ({} of the opening {}): ",
                *(counted(losing(run), "account"), money(tally.bad_debt_wad, quote), share),
                owed_words(run),
            ),
            *(listed(parts) or ("the accounts' own last collateral and the funds paid it",)),
            ".",
        )
    ]


def _backstop(run: ReplayRun) -> list[Sentence]:
    """What the backstop lost on the positions that it holds; other losses are in the waterfall."""
    if not run.tally.backstop_transfers:
        return []
    lost = backstop_loss_wad(run)
    if lost < CENT_WAD:
        return []
    told = "The backstop is down {} on the positions that it took over."
    return [sentence(told, money(lost, run.case.rules.quote))]


def _cash(run: ReplayRun) -> Sentence:
    if run.conserved:
        return sentence("Every asset's cash is conserved to the last unit.")
    return sentence("The cash of an asset is NOT the sum of its flows: see the ledger below.")


def _unsafe(run: ReplayRun, ends: Ends) -> list[Sentence]:
    if not ends.left:
        return [sentence("No account is unsafe at the end.")] if ends.debt_wad else []
    debt = money(sum(left.debt_wad for left in ends.left), run.case.rules.quote)
    verb = "is" if len(ends.left) == 1 else "are"
    numbers = Counter(left.cause for left in ends.left).most_common()
    if len(numbers) == 1:
        causes = sentence(CAUSES[numbers[0][0]])
    else:
        causes = listed([sentence(f"{{}} {CAUSES[cause]}", str(n)) for cause, n in numbers])
    told = sentence(
        f"At the end {{}} with {{}} of {owed_words(run)} {verb} still unsafe: ",
        *(counted(len(ends.left), "account"), debt),
    )
    return [(*told, *causes, ".")]
