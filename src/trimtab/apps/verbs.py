"""What the verbs do: read, ask, print, and choose the exit code."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trimtab.apps import console, front, summaries
from trimtab.apps.console import Format, say
from trimtab.apps.health_shock import moves_of, shock_of
from trimtab.apps.presets import load_case
from trimtab.apps.printing import name_of, nearest_wad, print_health, print_replays
from trimtab.apps.replay_folder import Under, is_to_resume, keep_earlier, naming_the_way_on
from trimtab.model import Case, Explanation
from trimtab.units import DataError, NumberError, Time, UsageError

RISK_FOUND = 1


@dataclass(frozen=True, slots=True)
class HealthQuestion:
    """The options of `trimtab health`."""

    case: Path
    at: str
    form: Format
    sort: str
    limit: int | None
    below: str | None
    account: str | None
    against: Path | None
    shock: tuple[str, ...]
    report: Path | None
    fail_on: str | None
    seed: int

    @property
    def command(self) -> str:
        """How to get the report again; paths are left to the reader."""
        words = ["trimtab health CASE --at", shlex.quote(self.at)]
        words += ["--against RULES"] if self.against else []
        words += [f"--shock {shlex.quote(text)}" for text in self.shock]
        return " ".join([*words, "--report REPORT"])


SORTS: dict[str, Callable[[Explanation], Any]] = {
    "health": lambda a: (a.health_wad is None, a.health_wad or 0, a.account, a.group),
    "distance": lambda a: (nearest_wad(a), a.account, a.group),
    "debt": lambda a: (-a.debt_wad, a.account, a.group),
    "collateral": lambda a: (-a.collateral_wad, a.account, a.group),
    "leverage": lambda a: (a.leverage_wad is not None, -(a.leverage_wad or 0), a.account, a.group),
    "account": lambda a: (a.account, a.group),
}


def run_health(question: HealthQuestion) -> int:
    """`trimtab health`; returns its exit code."""
    _check(question)
    moves = moves_of(question.shock)
    shock_of(moves)
    case = load_case(question.case, warn=_warn)
    moment = _moment(case, question.at)
    result = front.health(
        case, at_ns=moment, against=question.against, shock=moves, command=question.command
    )
    chosen = _chosen(result.accounts, question)
    if question.report is not None:
        with console.naming_file("--report", question.report):
            result.report(question.report)
    if question.form is Format.JSON:
        console.print_json(result.to_json(accounts=chosen) | {"seed": question.seed})
    elif question.form is Format.TABLE:
        print_health(result, chosen)
    else:
        table = summaries.account_table(result.standing, chosen)
        if result.changes is not None:
            table = summaries.change_table(result.changes)
            say("the table lists who becomes liquidatable under the other rules")
        emit = console.print_csv if question.form is Format.CSV else console.write_binary
        emit(table)
    if question.report is not None:
        say(f"report: {question.report}")
    return RISK_FOUND if question.fail_on and _at_risk(result, question.account) else 0


def _at_risk(result: front.HealthResult, account: str | None) -> bool:
    """Whether an account (the one asked for, else any) is liquidatable, or would become so."""
    asked = [one for one in result.accounts if account in (None, one.account, name_of(one))]
    keys = {name_of(one) for one in asked}
    caught = any(change.account in keys for change in result.changes or ())
    return caught or any(one.liquidatable for one in asked)


def _check(question: HealthQuestion) -> None:
    """Refuse options that no value of the case could make sense of, before reading anything."""
    if question.sort not in SORTS:
        raise UsageError(f"--sort {question.sort!r}: expected one of {', '.join(SORTS)}")
    if question.fail_on not in (None, "liquidatable"):
        raise UsageError(f"--fail-on {question.fail_on!r}: expected liquidatable")
    if question.below is not None:
        try:
            front.below((), question.below)
        except NumberError:
            found = f"--below {question.below!r}"
            raise UsageError(f"{found}: expected a decimal number such as 1.05") from None


def _moment(case: Case, at: str) -> int | None:
    if at == "first":
        return None
    last = case.ticks[-1].at_ns
    if at == "last":
        return last
    try:
        moment = Time.parse(at).raw
    except NumberError:
        raise UsageError(
            f"--at {at!r}: expected first, last, or a UTC time such as 2020-03-12T00:00:00Z"
        ) from None
    first = case.ticks[0].at_ns
    if moment < first:
        raise DataError(
            "no prices at that time yet",
            where="--at",
            found=at,
            expected=f"{Time(first).text()} or later",
        )
    if moment > last:
        raise UsageError(
            f"--at {at}: the prices end at {Time(last).text()}; expected no later time"
        )
    return moment


def _chosen(accounts: Sequence[Explanation], question: HealthQuestion) -> list[Explanation]:
    found = list(accounts)
    if question.account is not None:
        found = [one for one in found if question.account in (one.account, name_of(one))]
        if not found:
            raise UsageError(f"--account {question.account!r}: the book has no such account")
    if question.below is not None:
        found = front.below(found, question.below)
    found.sort(key=SORTS[question.sort])
    return found[: question.limit]


def _warn(line: str) -> None:
    say(f"warning: {line}")


def run_replay(case_folder: Path, out: Path, *, resume: bool, form: Format, seed: int) -> None:
    """`trimtab replay`."""
    if form not in (Format.TABLE, Format.JSON):
        raise UsageError("--format: the summary prints as table or json; tables are in --out")
    console.require_folder("--out", out)
    with naming_the_way_on(out) as under:
        under.journaled = resume and is_to_resume(out)
        case = load_case(case_folder, warn=_warn)
        if resume and not under.journaled:
            say(f"nothing to resume in {out}: the replay starts at its first step")
        if not resume:
            keep_earlier(out, case, seed=seed)
        command = f"trimtab replay CASE --out DIR --seed {seed}"
        result = _replayed(case, out, resume=resume, seed=seed, command=command, under=under)
        result.save(out)
        if form is Format.JSON:
            console.print_json(result.to_json())
            return
        print_replays([result])
        say(f"report: {out / 'report.html'}")


def _replayed(
    case: Case, out: Path, *, resume: bool, seed: int, command: str, under: Under
) -> front.ReplayResult:
    with console.progress(case.rules.venue) as tell:
        return front.replay(
            case,
            seed=seed,
            journal=out / front.JOURNAL,
            resume=resume,
            progress=under.told(tell),
            command=command,
        )


def run_demo(out: Path, *, seed: int) -> None:
    """`trimtab demo`: today's rules and the rules of the day, on one book and one crash."""
    console.require_folder("--out", out)
    try:
        _demo(out, seed=seed)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("interrupted; run the same command again") from None


def _demo(out: Path, *, seed: int) -> None:
    say(f"seed {seed}; writing the case to {out / 'case'}")
    results = []
    for name, former in (("case", False), ("case-2020", True)):
        front.write_demo_case(out / name, seed=seed, former=former)
        case = load_case(out / name, warn=_warn)
        command = f"trimtab demo --seed {seed}"
        folder = out / ("replay" if not former else "replay-2020")
        result = _replayed(case, folder, resume=False, seed=seed, command=command, under=Under())
        results.append(result)
    results[0].save(out / "replay", others=results[1:])
    results[1].save(out / "replay-2020", others=results[:1])
    print_replays(results)
    say(f"report: {out / 'replay' / 'report.html'}")
