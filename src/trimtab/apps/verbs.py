"""What the verbs do: read, ask, print, and choose the exit code."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trimtab.apps import console, front, summaries
from trimtab.apps.console import Format, say
from trimtab.apps.presets import load_case
from trimtab.model import Case, Explanation, account_key
from trimtab.units import NumberError, Time, UsageError, mul_div_half_up

RISK_FOUND = 1
WAD = summaries.WAD_DECIMALS


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
    report: Path | None
    fail_on: str | None
    seed: int

    @property
    def command(self) -> str:
        """How to get the report again; paths are left to the reader."""
        words = ["trimtab health CASE --at", shlex.quote(self.at)]
        words += ["--against RULES"] if self.against else []
        return " ".join([*words, "--report REPORT"])


SORTS: dict[str, Callable[[Explanation], Any]] = {
    "health": lambda a: (a.health_wad is None, a.health_wad or 0, a.account, a.group),
    "distance": lambda a: (a.distance_wad, a.account, a.group),
    "debt": lambda a: (-a.debt_wad, a.account, a.group),
    "collateral": lambda a: (-a.collateral_wad, a.account, a.group),
    "leverage": lambda a: (a.leverage_wad is not None, -(a.leverage_wad or 0), a.account, a.group),
    "account": lambda a: (a.account, a.group),
}


def run_health(question: HealthQuestion) -> int:
    """`trimtab health`; returns its exit code."""
    _check(question)
    case = load_case(question.case, warn=_warn)
    moment = _moment(case, question.at)
    result = front.health(case, at_ns=moment, against=question.against, command=question.command)
    chosen = _chosen(result.accounts, question)
    if question.report is not None:
        result.report(question.report)
    if question.form is Format.JSON:
        console.print_json(result.to_json(accounts=chosen) | {"seed": question.seed})
    elif question.form is Format.TABLE:
        _print_health(result, chosen)
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
    asked = [one for one in result.accounts if account in (None, one.account, _name(one))]
    keys = {_name(one) for one in asked}
    caught = any(change.account in keys for change in result.changes or ())
    return caught or any(one.liquidatable for one in asked)


def _name(account: Explanation) -> str:
    """An account's name in tables: with its group, where it is one."""
    return account_key(account.account, account.group)


def _check(question: HealthQuestion) -> None:
    """Refuse options that no value of the case could make sense of, before reading anything."""
    if question.sort not in SORTS:
        raise UsageError(f"--sort {question.sort!r}: expected one of {', '.join(SORTS)}")
    if question.fail_on not in (None, "liquidatable"):
        raise UsageError(f"--fail-on {question.fail_on!r}: expected liquidatable")
    if question.below is not None:
        try:
            front.below((), question.below)
        except NumberError as error:
            raise UsageError(f"--below: {error}") from None


def _moment(case: Case, at: str) -> int | None:
    if at == "first":
        return None
    last = case.ticks[-1].at_ns
    if at == "last":
        return last
    try:
        moment = Time.parse(at).raw
    except NumberError as error:
        raise UsageError(f"--at: {error}") from None
    if moment > last:
        raise UsageError(
            f"--at {at}: the prices end at {Time(last).text()}; expected no later time"
        )
    return moment


def _chosen(accounts: Sequence[Explanation], question: HealthQuestion) -> list[Explanation]:
    found = list(accounts)
    if question.account is not None:
        found = [one for one in found if question.account in (one.account, _name(one))]
        if not found:
            raise UsageError(f"--account {question.account!r}: the book has no such account")
    if question.below is not None:
        found = front.below(found, question.below)
    found.sort(key=SORTS[question.sort])
    return found[: question.limit]


def _warn(line: str) -> None:
    say(f"warning: {line}")


def shown(value_wad: int | None, places: int) -> str:
    """A wad for people: rounded to some places, thousands apart; a dash for None."""
    if value_wad is None:
        return "-"
    scaled = mul_div_half_up(abs(value_wad), 10**places, 10**WAD)
    whole, part = divmod(scaled, 10**places)
    sign = "-" if value_wad < 0 < scaled else ""
    return f"{sign}{whole:,}" + (f".{part:0{places}d}" if places else "")


def _print_health(result: front.HealthResult, chosen: Sequence[Explanation]) -> None:
    found, totals = result.standing, summaries.health_totals(result.standing)
    quote = found.case.rules.quote
    rows = [
        [
            _name(account),
            account.binding,
            shown(account.health_wad, 4),
            shown(account.collateral_wad, 2),
            shown(account.debt_wad, 2),
            shown(account.equity_wad, 2),
            shown(account.leverage_wad, 2),
            shown(account.distance_wad * 100, 2) if account.debt_wad else "-",
            _prices(account),
        ]
        for account in chosen
    ]
    columns = ["account", "binding", "health", f"collateral {quote}", f"debt {quote}"]
    columns += [f"equity {quote}", "leverage", "distance %", "liquidation prices"]
    title = f"{found.case.rules.venue}, {Time(found.as_of_ns).text()}"
    optional = ("leverage", f"equity {quote}", "liquidation prices", f"collateral {quote}")
    console.print_table(title, columns, rows=rows, left=2, optional=optional)
    if result.changes is not None:
        _print_changes(result, quote)
    say(
        f"{totals['accounts']} accounts, {totals['liquidatable']} liquidatable"
        f" ({len(chosen)} shown); {quote}: collateral {_money(totals['collateral'])},"
        f" debt {_money(totals['debt'])}, shortfall {_money(totals['shortfall'])}"
    )


def _money(text: str) -> str:
    whole, _, part = text.partition(".")
    return shown(int(whole + part.ljust(WAD, "0")), 2)


def _prices(account: Explanation) -> str:
    prices = sorted(account.liquidation_price_wad.items())
    signs = {"above": ">", "below": "<"}
    text = ", ".join(
        f"{asset} {signs[account.liquidation_side[asset]]} {shown(price, 4)}"
        for asset, price in prices[:3]
    )
    return text + (f" and {len(prices) - 3} more" if len(prices) > 3 else "")


def _print_changes(result: front.HealthResult, quote: str) -> None:
    changes = result.changes or ()
    rows = [
        [change.account, shown(change.debt_wad, 2), shown(change.missing_wad, 2)]
        for change in changes[:20]
    ]
    who = "1 account becomes" if len(changes) == 1 else f"{len(changes)} accounts become"
    title = f"{who} liquidatable under the other rules"
    console.print_table(title, ["account", f"debt {quote}", f"missing {quote}"], rows=rows)


def run_replay(case_folder: Path, out: Path, *, resume: bool, form: Format, seed: int) -> None:
    """`trimtab replay`."""
    if form not in (Format.TABLE, Format.JSON):
        raise UsageError("--format: the summary prints as table or json; tables are in --out")
    case = load_case(case_folder, warn=_warn)
    command = f"trimtab replay CASE --out DIR --seed {seed}"
    result = _replayed(case, out, resume=resume, seed=seed, command=command)
    result.save(out)
    if form is Format.JSON:
        console.print_json(result.to_json())
        return
    _print_replays([result])
    say(f"report: {out / 'report.html'}")


def _replayed(
    case: Case, out: Path, *, resume: bool, seed: int, command: str
) -> front.ReplayResult:
    try:
        with console.progress(case.rules.venue) as tell:
            return front.replay(
                case,
                seed=seed,
                journal=out / front.JOURNAL,
                resume=resume,
                progress=tell,
                command=command,
            )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted; the journal in {out} is whole: go on with --resume"
        ) from None


def run_demo(out: Path, *, seed: int) -> None:
    """`trimtab demo`: today's rules and the rules of the day, on one book and one crash."""
    say(f"seed {seed}; writing the case to {out / 'case'}")
    results = []
    for name, former in (("case", False), ("case-2020", True)):
        front.write_demo_case(out / name, seed=seed, former=former)
        case = load_case(out / name, warn=_warn)
        command = f"trimtab demo --seed {seed}"
        folder = out / ("replay" if not former else "replay-2020")
        result = _replayed(case, folder, resume=False, seed=seed, command=command)
        results.append(result)
    results[0].save(out / "replay", others=results[1:])
    results[1].save(out / "replay-2020", others=results[:1])
    _print_replays(results)
    say(f"report: {out / 'replay' / 'report.html'}")


SUMMARY_LINES = (
    ("accounts", "accounts"),
    ("price steps", "steps"),
    ("liquidations", "liquidations"),
    ("debt repaid", "repaid_value"),
    ("collateral seized", "seized_value"),
    ("bonus to liquidators", "bonus_value"),
    ("fees to the fund", "fee_value"),
    ("positions taken over", "backstop_transfers"),
    ("bad debt", "bad_debt_value"),
    ("  paid by own margin", "own_margin_value"),
    ("  paid by penalties", "penalty_value"),
    ("  paid by insurance", "insurance_value"),
    ("  paid by the backstop", "backstop_value"),
    ("  paid by deleveraging", "adl_value"),
    ("  socialized", "socialized_value"),
    ("unsafe at the end", "unsafe_at_end"),
    ("debt of those", "unsafe_debt_value"),
    ("state hash", "state_hash"),
)


def _print_replays(results: Sequence[front.ReplayResult]) -> None:
    documents = [result.to_json() for result in results]
    rows = []
    for label, key in SUMMARY_LINES:
        cells = [_cell(document[key], key) for document in documents]
        rows.append([label, *cells])
    quote = documents[0]["quote"]
    title = f"replay {documents[0]['from']} to {documents[0]['to']}, values in {quote}"
    console.print_table(title, ["", *(document["venue"] for document in documents)], rows=rows)
    for document in documents:
        kept = "conserved to the last unit" if document["conserved"] else "NOT CONSERVED"
        say(f"{document['venue']}: every asset {kept}; seed {document['seed']}")


def _cell(value: Any, key: str) -> str:
    if key == "state_hash":
        return str(value)[:16]
    return _money(value) if key.endswith("_value") else f"{value:,}"
