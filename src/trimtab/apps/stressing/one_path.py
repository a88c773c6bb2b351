"""One path of a stress run, seen whole: the exact engine drives it, and every event is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from trimtab.adapters.files import staged_folder, write_json, write_parquet, write_text
from trimtab.apps.stressing.agreement import Bound, RateWatch
from trimtab.apps.stressing.asking import asked_stress, notes_of
from trimtab.apps.stressing.chosen import StressChoices
from trimtab.apps.stressing.front import prepared_as_asked
from trimtab.apps.stressing.timeline import Moment, price_columns, timeline_of
from trimtab.apps.summaries import event_columns, metric_columns, replay_summary, wad_text
from trimtab.kernels.clearing.terms import KeeperTerms
from trimtab.model import Case, Mechanism, Payer, StressSettings
from trimtab.simulation import ReplayRun
from trimtab.simulation.stress import Prepared, path_prices
from trimtab.simulation.world import World, WorldRun, WorldTerms
from trimtab.units import DataError, UsageError, fixed_of

PATH_SCHEMA: Final = "trimtab.path/1"
OUTPUTS: Final = (
    *("events.parquet", "metrics.parquet", "prices.parquet", "summary.json", "report.html"),
)
_WAD: Final = 18
Progress = Callable[[int, int], None]
Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PathAnswer:
    """What happened on one path of a stress run, by the exact engine.

    Args:
        ready: the run that the path is of. path: its number, from 0.
        world: prices, events and the state at the end. unwanted: who is unsafe then, and the debt.
        row: the path's outcomes as the run counts them, quote: by the run's own engine.
        bound: how far the exact engine's may lie from them.
        command: what gives this answer again. notes: what the reader has to know of it.
    """

    ready: Prepared
    path: int
    world: WorldRun
    unwanted: Mapping[str, int]
    row: Mapping[str, float]
    bound: Bound
    command: str
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<PathAnswer: path {self.path}, loss {self.loss:,.2f}>"

    @property
    def exact(self) -> Mapping[str, float]:
        """The path's outcomes by the exact engine, quote."""
        return self.world.outcomes.row(0)

    @property
    def loss(self) -> float:
        """What the path costs, as the run counts it: quote."""
        return self.row["bad_debt"] + self.row["shortfall_left"]

    @property
    def left_wad(self) -> int:
        """What is under water at the end by the exact engine, and booked on nobody: wad."""
        return fixed_of(self.exact["shortfall_left"], _WAD)

    @property
    def name(self) -> str:
        """Which path this is, in words."""
        return f"simulated path {self.path:,}, seed {self.ready.question.seed}"

    @property
    def apart(self) -> Mapping[str, tuple[float, float]]:
        """Outcomes in which run and exact engine differ by more than the bound: both, by column."""
        return self.bound.apart(self.row, self.exact)

    @property
    def timeline(self) -> tuple[Moment, ...]:
        """The steps on which anything happened, exactly."""
        return timeline_of(self.replayed, self.world.reported, assets=self.ready.grid.assets)

    @property
    def replayed(self) -> ReplayRun:
        """The path as a finished replay: its keepers are those of the stress run."""
        world, grid = self.world, self.ready.grid
        keepers = self.ready.terms.keepers
        return ReplayRun(
            _with_keepers(world.case, keepers, step_seconds=grid.step_seconds),
            self.ready.question.seed,
            world.events,
            world.metrics,
            world.tally,
            world.store,
            world.state_hash,
            world.conserved,
            self.unwanted,
        )

    @property
    def tables(self) -> dict[str, Table]:
        """`events` (exact text), `metrics` and `prices` (floats), column by column."""
        run = self.replayed
        return {
            "events": event_columns(run.events, run.case.rules),
            "metrics": metric_columns(run),
            "prices": price_columns(self.world, self.ready),
        }

    def to_json(self) -> dict[str, Any]:
        """The document `trimtab.path/1`; values that are texts are exact."""
        question, run = self.ready.question, self.replayed
        apart = {name: {"run": one, "exact": other} for name, (one, other) in self.apart.items()}
        return {
            "schema": PATH_SCHEMA,
            "venue": run.case.rules.venue,
            "quote": run.case.rules.quote,
            "path": self.path,
            "seed": str(question.seed),
            "run": self.ready.identity,
            "engine": str(question.engine),
            "loss": self.loss,
            "outcomes": dict(self.row),
            "outcomes_exact": dict(self.exact),
            "bound": {"share": self.bound.share, "debt": self.bound.debt},
            "apart": apart,
            "timeline": [_document(moment) for moment in self.timeline],
            "replay": replay_summary(run),
            "notes": list(self.notes),
            "command": self.command,
        }

    def report(self, path: str | Path) -> None:
        """Write the report: one HTML page that needs nothing else."""
        write_text(Path(path), self._page())

    def save(self, out: str | Path) -> None:
        """Write events, metrics, prices, summary and report into a folder; all of them or none."""
        with staged_folder(Path(out), known=OUTPUTS) as folder:
            for name, table in self.tables.items():
                write_parquet(folder / f"{name}.parquet", dict(table))
            write_json(folder / "summary.json", self.to_json())
            write_text(folder / "report.html", self._page())

    def _page(self) -> str:
        from trimtab.apps.report.stress_path import path_report

        return path_report(self)


def stress_path(
    case: Case,
    choices: StressChoices | None = None,
    *,
    path: int,
    settings: StressSettings | None = None,
    of_run: str | None = None,
    progress: Progress | None = None,
    command: str = "stress_path(case, path=...)",
) -> PathAnswer:
    """See one path of a stress run whole.

    Arguments:
        case, choices, settings: those of the run: the same ones give the same path.
        path: its number, from 0 to below the run's number of paths.
        of_run: identity of the run that the path has to be of; None: whatever the choices give.
        progress: is told (steps done, steps in all).
        command: what the reader types to get the answer again.

    Raises:
        UsageError: a number that the run does not have; DataError: choices of another run than
            `of_run`. See `stress` for the rest.
    """
    chosen = choices or StressChoices()
    asked = asked_stress(case, chosen, settings=settings)
    question = asked.question
    ready, notes = prepared_as_asked(asked, chosen)
    if not 0 <= path < question.paths:
        raise UsageError(
            f"--path {path}: expected from 0 to {question.paths - 1:,}: the run has "
            f"{question.paths:,} paths"
        )
    _require_run(ready, of_run)
    prices = path_prices(ready, path)
    row = ready.task.engine(prices[None], path).row(0)
    terms = ready.terms
    world = World(
        ready.question.case,
        prices,
        grid=ready.grid,
        terms=WorldTerms(terms.market, terms.oracle, terms.keepers, actors=question.actors),
        seed=question.seed,
        path=path,
    )
    rates = RateWatch()
    rates.look(world.venue.moment.draft)
    for number in range(ready.grid.steps):
        world.advance()
        rates.look(world.venue.moment.draft)
        if progress is not None:
            progress(number + 1, ready.grid.steps)
    grid = ready.grid
    share = rates.share(grid.steps * grid.step_seconds)
    bound = Bound(share, world.measures.first_debt, grid.steps)
    notes = (*notes_of(question, chosen), *notes)
    unwanted = world.venue.unwanted()
    return PathAnswer(ready, path, world.finish(), unwanted, row, bound, command, notes)


def _require_run(ready: Prepared, of_run: str | None) -> None:
    if of_run not in (None, ready.identity):
        raise DataError(
            "the run kept in --out is of another question",
            found=f"run {str(of_run)[:12]}",
            expected=f"run {ready.identity[:12]}",
            hint="give the options of that run, its --paths and --seed too, or another --out",
        )


def _with_keepers(case: Case, keepers: KeeperTerms, *, step_seconds: float) -> Case:
    """The case whose replay rules say what the stress run's keepers do, for words about them."""
    limited = keepers.capital != float("inf")
    mechanism = case.replay.mechanism
    if mechanism is not Mechanism.AUCTION:
        mechanism = Mechanism.BONUS if limited else Mechanism.FLASH
    rules = replace(
        case.replay,
        mechanism=mechanism,
        gas_cost_wad=fixed_of(keepers.gas, _WAD),
        min_profit_wad=fixed_of(keepers.min_profit, _WAD),
        capital_wad=fixed_of(keepers.capital, _WAD) if limited else None,
        delay_blocks=keepers.delay_steps,
        block_seconds=max(1, round(step_seconds)),
    )
    return replace(case, replay=rules, gas=())


def _document(moment: Moment) -> dict[str, Any]:
    tally = moment.tally
    return {
        "at": moment.at,
        "step": moment.step,
        "prices": {asset: wad_text(price) for asset, price in moment.prices_wad.items()},
        "accounts": list(moment.accounts),
        "liquidations": moment.liquidations,
        "repaid_value": wad_text(tally.repaid_wad),
        "seized_value": wad_text(tally.seized_wad),
        "closed_value": wad_text(tally.closed_wad),
        "bad_debt_value": wad_text(tally.bad_debt_wad),
        "paid_by": {str(payer): wad_text(tally.loss_wad[payer]) for payer in Payer},
    }
