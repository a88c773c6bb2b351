"""The Python front door: load a case, ask for health, replay it. Mirrors the command line."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trimtab.adapters.files import (
    Journal,
    open_journal,
    read_journal,
    staged_folder,
    write_json,
    write_parquet,
    write_text,
)
from trimtab.apps import summaries
from trimtab.apps.health_shock import Aftermath, shocked_standing
from trimtab.apps.presets import load_case, read_rules
from trimtab.model import Case, Explanation
from trimtab.model.codec import decode_command, encode_command
from trimtab.simulation import (
    Change,
    ReplayRun,
    Standing,
    StepRecord,
    compare,
    crisis_case,
    crisis_rules_2020,
    standing,
)
from trimtab.simulation import replay as run_replay
from trimtab.units import DataError, parse_decimal

JOURNAL = "journal.jsonl"
OUTPUTS = ("events.parquet", "metrics.parquet", "summary.json", "report.html")
DEMO_SEED = 1
Table = dict[str, list[Any]]


@dataclass(frozen=True, slots=True, repr=False)
class HealthResult:
    """Where every account stands. `tables["accounts"]` has a row per account, exact text."""

    standing: Standing
    changes: tuple[Change, ...] | None = None
    command: str = "trimtab.health(case)"
    shock: Aftermath | None = None

    def __repr__(self) -> str:
        unsafe = sum(account.liquidatable for account in self.accounts)
        return f"<HealthResult: {len(self.accounts)} accounts, {unsafe} liquidatable>"

    @property
    def accounts(self) -> tuple[Explanation, ...]:
        """All accounts, in order of their names."""
        return self.standing.accounts

    @property
    def tables(self) -> dict[str, Table]:
        """The accounts, column by column; with markets the `positions`, with other rules `changes`.

        Positions are a row each; changes are who becomes liquidatable.
        """
        tables = {"accounts": summaries.account_table(self.standing, self.accounts)}
        if self.standing.case.rules.markets:
            tables["positions"] = summaries.position_table(self.standing, self.accounts)
        if self.changes is not None:
            tables["changes"] = summaries.change_table(self.changes)
        return tables

    def to_json(self, *, accounts: Sequence[Explanation] | None = None) -> dict[str, Any]:
        """The document `trimtab.health/1`, of all accounts or of those given."""
        chosen = self.accounts if accounts is None else accounts
        found = summaries.health_document(self.standing, chosen, changes=self.changes)
        return found | ({} if self.shock is None else {"shock": self.shock.document()})

    def report(self, path: str | Path) -> None:
        """Write the report of all accounts: one HTML page that needs nothing else."""
        from trimtab.apps.report import health_report

        page = health_report(
            self.standing, changes=self.changes, command=self.command, shock=self.shock
        )
        write_text(Path(path), page)


@dataclass(frozen=True, slots=True, repr=False)
class ReplayResult:
    """A finished replay. `tables` holds `events` and `metrics`."""

    run: ReplayRun
    command: str

    def __repr__(self) -> str:
        tally, steps = self.run.tally, len(self.run.case.ticks)
        return f"<ReplayResult: {steps} price steps, {tally.liquidations} liquidations>"

    @property
    def tables(self) -> dict[str, Table]:
        """The events (exact text) and the metrics (floats), column by column."""
        run = self.run
        return {
            "events": summaries.event_columns(run.events, run.case.rules),
            "metrics": summaries.metric_columns(run),
        }

    def to_json(self) -> dict[str, Any]:
        """The document `trimtab.replay/1`."""
        return summaries.replay_summary(self.run)

    def report(self, path: str | Path, *, others: Sequence["ReplayResult"] = ()) -> None:
        """Write the report: one HTML page that needs nothing else."""
        write_text(Path(path), self._page(others))

    def save(self, out: str | Path, *, others: Sequence["ReplayResult"] = ()) -> None:
        """Write summary, events, metrics and report into a folder; all of them or none."""
        tables = self.tables
        with staged_folder(Path(out), known=OUTPUTS) as folder:
            write_parquet(folder / "events.parquet", tables["events"])
            write_parquet(folder / "metrics.parquet", tables["metrics"])
            write_json(folder / "summary.json", self.to_json())
            write_text(folder / "report.html", self._page(others))

    def _page(self, others: Sequence["ReplayResult"]) -> str:
        from trimtab.apps.report import replay_report

        return replay_report(self.run, command=self.command, others=[one.run for one in others])


def health(
    case: Case,
    *,
    at_ns: int | None = None,
    against: str | Path | None = None,
    shock: Mapping[str, str] | None = None,
    command: str = "trimtab.health(case)",
) -> HealthResult:
    """Where every account of a case stands, exactly.

    Arguments:
        at_ns: moment (ns UTC) whose prices count; None is the book's own, the first row of prices.
        against: another `rules.toml`; the result then lists who becomes liquidatable under it.
        shock: moves prices at once before the book is looked at: by asset "-30%" or a price such
            as "1500"; "*" is every other asset.
        command: how to reproduce the answer, for the report.
    """
    found, aftermath = (
        shocked_standing(case, shock, at_ns=at_ns) if shock else (standing(case, at_ns=at_ns), None)
    )
    if against is None:
        return HealthResult(found, command=command, shock=aftermath)
    try:
        rules = read_rules(Path(against))
        return HealthResult(found, tuple(compare(found, rules)), command, aftermath)
    except DataError as error:
        raise error.located(where=f"--against {against}") from None


def replay(
    case: Case,
    *,
    seed: int = 0,
    journal: str | Path | None = None,
    resume: bool = False,
    progress: Callable[[int, int], None] | None = None,
    command: str = "trimtab.replay(case)",
) -> ReplayResult:
    """Drive a case's book through its prices with the keepers of its rules.

    Arguments:
        journal: file to which each finished step is appended, so that the replay can resume.
        resume: go on after the last step of the journal instead of starting anew.
        progress: is told (steps done, steps in all).
        command: how to reproduce the run, for the report.
    """
    if journal is None:
        return ReplayResult(run_replay(case, seed=seed, progress=progress), command)
    path, head = Path(journal), _head(case, seed)
    if path.parent.exists() and not path.parent.is_dir():
        raise DataError("the output is not a folder", where=path.parent.name, expected="a folder")
    done = list(_journaled(path, head)) if resume and path.exists() else []
    with _appending(path, None if done else head) as note:
        run = run_replay(case, seed=seed, journal=note, resume=done, progress=progress)
    return ReplayResult(run, command)


@contextmanager
def _appending(
    path: Path, head: Mapping[str, Any] | None
) -> Iterator[Callable[[StepRecord], None]]:
    """Yield what writes a step down. Nothing is touched before the first one.

    Arguments:
        head: first record of a new journal, which replaces any other; None goes on with the old.
    """
    with ExitStack() as stack:
        opened: list[Journal] = []

        def note(record: StepRecord) -> None:
            if not opened:
                if head is not None:
                    path.unlink(missing_ok=True)
                    path.parent.mkdir(parents=True, exist_ok=True)
                opened.append(stack.enter_context(open_journal(path)))
                if head is not None:
                    opened[0].append(head)
            opened[0].append(_encoded(record))

        yield note


def _head(case: Case, seed: int) -> dict[str, Any]:
    return {"case": dict(case.input_hashes or {}), "seed": str(seed), "schema": "trimtab.journal/1"}


def _encoded(record: StepRecord) -> dict[str, Any]:
    return {
        "step": record.step,
        "commands": [encode_command(command) for command in record.commands],
        "waiting": {key: str(since) for key, since in record.waiting.items()},
        "state_hash": record.state_hash,
    }


def _journaled(path: Path, head: Mapping[str, Any]) -> Iterator[StepRecord]:
    """The steps of a journal, after its head was found to be of this case and seed."""
    lines = iter(read_journal(path))
    found = next(lines, None)
    if found is None:
        return
    _require_same(path, found, head=head)
    for row, line in enumerate(lines, start=2):
        try:
            record = _decoded(line)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise DataError("the line is no step of a replay", where=path.name, row=row) from None
        yield record


def _require_same(path: Path, found: Mapping[str, Any], *, head: Mapping[str, Any]) -> None:
    """Refuse the journal of other inputs, naming the files, or of another seed."""
    hint = "run without --resume to start anew, which keeps this one aside"
    then, now = found.get("case"), head["case"]
    if isinstance(then, Mapping) and then != now:
        names = sorted(name for name in {*then, *now} if then.get(name) != now.get(name))
        differ = f"{', '.join(names)} {'differs' if len(names) == 1 else 'differ'}"
        raise DataError(
            f"the journal is of another run: {differ} from then", where=path.name, hint=hint
        )
    for key, value in head.items():
        if found.get(key) != value:
            raise DataError(
                "the journal is of another run",
                where=path.name,
                column=key,
                found=json.dumps(found.get(key)),
                expected=json.dumps(value),
                hint=hint,
            )


def _decoded(line: Mapping[str, Any]) -> StepRecord:
    commands = tuple(decode_command(command) for command in line["commands"])
    waiting = {key: int(since) for key, since in line["waiting"].items()}
    return StepRecord(line["step"], commands, waiting, line["state_hash"])


def write_demo_case(folder: str | Path, *, seed: int = DEMO_SEED, former: bool = False) -> None:
    """Write the bundled case: a synthetic book and crash modelled on 2020-03-12.

    With `former`, the same book and prices under rules like those of the day.
    """
    texts = crisis_case(seed)
    if former:
        texts["rules.toml"] = crisis_rules_2020()
    with staged_folder(Path(folder), known=tuple(texts)) as staged:
        for name, text in texts.items():
            write_text(staged / name, text)


def demo_case(*, seed: int = DEMO_SEED, former: bool = False) -> Case:
    """The bundled case, ready to ask."""
    with tempfile.TemporaryDirectory(prefix="trimtab-") as folder:
        write_demo_case(Path(folder) / "case", seed=seed, former=former)
        return load_case(Path(folder) / "case")


def below(accounts: Sequence[Explanation], limit: str) -> list[Explanation]:
    """Accounts whose health factor is below a decimal limit, exactly."""
    limit_wad = parse_decimal(limit, summaries.WAD_DECIMALS)
    return [a for a in accounts if a.health_wad is not None and a.health_wad < limit_wad]
