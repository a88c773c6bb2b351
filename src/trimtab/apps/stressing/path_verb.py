"""What `trimtab stress --path` does: one path of a run, told step by step."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from trimtab.apps import console
from trimtab.apps.console import Format, say
from trimtab.apps.presets import load_case
from trimtab.apps.printing import shown
from trimtab.apps.stressing.chosen import StressChoices
from trimtab.apps.stressing.front import main_asset
from trimtab.apps.stressing.one_path import PathAnswer, stress_path
from trimtab.apps.stressing.option_names import naming_options
from trimtab.apps.stressing.printing import number
from trimtab.apps.stressing.timeline import Moment
from trimtab.apps.stressing.verb import INSOLVENCY, StressRun, settings_of, stress_command
from trimtab.model import Payer
from trimtab.units import UsageError, mul_div_half_up

MOMENTS_SHOWN = 20
NAMES_SHOWN = 3
CENT_WAD = 10**16  # a payer of less is in the sum, but not named for a step
SHORT_PAYERS = {
    Payer.OWN_MARGIN: "own margin",
    Payer.PENALTY: "penalties",
    Payer.INSURANCE: "insurance",
    Payer.BACKSTOP: "backstop",
    Payer.ADL: "deleveraged",
    Payer.SOCIALIZED: "suppliers",
}


def run_path_verb(run: StressRun, choices: StressChoices, *, path: int) -> int:
    """`trimtab stress --path`; returns its exit code.

    Raises:
        UsageError: options that speak of the whole run; DataError: `--out` keeps another run.
    """
    _require_of_one_path(run)
    command = stress_command(replace(run, sensitivity=True), choices, path=path)
    case = load_case(run.case, warn=lambda line: say(f"warning: {line}"))
    settings = settings_of(run.case, run.settings)
    told = console.progress(f"{case.rules.venue}: path {path}")
    with naming_options(), told as tell:
        answer = stress_path(
            case,
            choices,
            path=path,
            settings=settings,
            of_run=None if run.out is None else _kept(run.out),
            progress=tell,
            command=command,
        )
    _write(run, answer)
    if run.form is Format.JSON:
        console.print_json(answer.to_json())
    else:
        print_path(answer)
    return 0


def _require_of_one_path(run: StressRun) -> None:
    for flag, given in (
        ("--resume", run.resume),
        ("--reverse", run.reverse),
        (f"--fail-on {INSOLVENCY}", run.fail_on is not None),
    ):
        if given:
            raise UsageError(f"--path tells of one path, {flag} of the whole run: leave one away")


def _kept(out: Path) -> str | None:
    """The identity of the run that a folder keeps; None where it keeps none."""
    try:
        summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
        return str(summary["run"]["identity"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(run: StressRun, answer: PathAnswer) -> None:
    if run.out is not None:
        folder = run.out / f"path-{answer.path}"
        with console.naming_file("--out", folder):
            answer.save(folder)
        say(f"report: {folder / 'report.html'}")
    if run.report is not None:
        with console.naming_file("--report", run.report):
            answer.report(run.report)
        say(f"report: {run.report}")


def print_path(answer: PathAnswer) -> None:
    """Print what happened when, then what it came to and who paid."""
    replayed = answer.replayed
    quote = replayed.case.rules.quote
    asset, moments = main_asset(answer.ready), answer.timeline
    taken = f"{'repaid or closed' if replayed.case.rules.markets else 'repaid'} {quote}"
    columns = ["time", f"{asset} {quote}", "liquidations", taken, f"seized {quote}"]
    columns += [f"bad debt {quote}", "accounts", "paid by"]
    rows = [_row(moment, asset) for moment in _told(moments)]
    title = f"{replayed.case.rules.venue}: {answer.name}"
    if rows:
        console.print_table(
            title, columns, rows=rows, left=1, optional=("accounts", f"seized {quote}")
        )
    else:
        say(f"{title}: nobody is liquidated, and nothing is lost")
    if len(rows) < len(moments):
        say(f"the {len(rows)} largest of {len(moments)} steps on which anything happened")
    say(_loss_line(answer))
    say(_agreement(answer))
    for note in answer.notes:
        say(f"note: {note}")


def _loss_line(answer: PathAnswer) -> str:
    """The loss beyond the accounts' own margin and who bears it, all by the exact engine.

    The whole is the sum of the parts as they are told, to the cent.
    """
    tally, quote = answer.world.tally, answer.world.case.rules.quote
    borne = {f"{SHORT_PAYERS[payer]} ": value for payer, value in tally.loss_wad.items() if value}
    own_wad = borne.pop(f"{SHORT_PAYERS[Payer.OWN_MARGIN]} ", 0)
    paid = ", ".join(f"{who}{_small(value)}" for who, value in borne.items())
    parts = [f"paid by {paid}"] if paid else []
    if answer.left_wad:
        parts.append(f"{_small(answer.left_wad)} under water at the end, booked on nobody")
    if own_wad:
        parts.append(f"own margin paid {_small(own_wad)} before that")
    whole = CENT_WAD * sum(
        mul_div_half_up(value, 1, CENT_WAD) for value in (*borne.values(), answer.left_wad)
    )
    told = f": {'; '.join(parts)}" if parts else ""
    return f"loss {shown(whole, 2)} {quote} by the exact engine{told}"


def _small(value_wad: int) -> str:
    """A value to the cent; less than one is not told as nothing."""
    return shown(value_wad, 2) if value_wad >= CENT_WAD else "less than 0.01"


def _agreement(answer: PathAnswer) -> str:
    engine = answer.ready.question.engine
    if not answer.apart:
        return (
            f"the exact engine agrees with the run's row for this path ({engine} engine, loss "
            f"{number(answer.loss)}) within {answer.bound.share:.2g} of the book's debt"
        )
    name, (counted, exact) = next(iter(answer.apart.items()))
    return (
        f"the exact engine differs from the run's row in {len(answer.apart)} columns: {name} is "
        f"{number(counted)} in the run, {number(exact)} here"
    )


def _told(moments: tuple[Moment, ...]) -> list[Moment]:
    """The steps to print: those with the largest losses and liquidations, in order of time."""
    size = sorted(moments, key=lambda one: (one.tally.bad_debt_wad, one.taken_wad))
    return sorted(size[-MOMENTS_SHOWN:], key=lambda one: one.step)


def _row(moment: Moment, asset: str) -> list[str]:
    tally = moment.tally
    names = ", ".join(moment.accounts[:NAMES_SHOWN])
    more = len(moment.accounts) - NAMES_SHOWN
    paid = [SHORT_PAYERS[payer] for payer, value in tally.loss_wad.items() if value >= CENT_WAD]
    values = (
        *(moment.prices_wad[asset], moment.taken_wad),
        *(tally.seized_wad, tally.bad_debt_wad),
    )
    price, repaid, seized, lost = (shown(value, 2) for value in values)
    who = names + (f" and {more} more" if more > 0 else "")
    return [
        *(moment.at, price, f"{moment.liquidations:,}", repaid, seized, lost, who),
        ", ".join(paid) or "-",
    ]
