"""The search: Optuna asks for rules, a stress test on always the same paths answers.

Two aims, three where the insurance fund is tuned: least expected shortfall of the loss, most borrow
capacity, smallest fund. Where the fund is tuned, the loss is what it does not cover. Source of the
sampler: S. Watanabe, "Tree-structured Parzen estimator", arXiv:2304.11127 (2023); with constraints
and several aims as Optuna has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, Final

from trimtab.model import Executor, InOrder
from trimtab.simulation.stress.batches import BatchTask, finished_batches
from trimtab.simulation.stress.capacity import capacity_of
from trimtab.simulation.stress.engines import EngineMaker, engine_of
from trimtab.simulation.stress.identity import identity_of
from trimtab.simulation.stress.outcomes import PathOutcomes, gathered
from trimtab.simulation.stress.process import LearntProcess
from trimtab.simulation.stress.question import StressQuestion
from trimtab.simulation.stress.running import Prepared, prepared
from trimtab.simulation.stress.sample import Sample, design_of
from trimtab.simulation.stress.tail import Estimate, tail_risk
from trimtab.simulation.stress.tuning.borrowers import Borrowers, case_under
from trimtab.simulation.stress.tuning.buffers import (
    LEAST_BUFFER,
    Buffers,
    buffer_conflict,
    least_buffers,
)
from trimtab.simulation.stress.tuning.parameters import (
    Parameter,
    changed_rules,
    conflict_of,
    default_space,
    in_order,
    require_space,
    value_text,
    violations,
)
from trimtab.simulation.stress.tuning.recommending import pareto_set, recommended
from trimtab.simulation.stress.tuning.results import Trial, TuneResult
from trimtab.simulation.stress.tuning.trading import cheapest_trades
from trimtab.units import RulesError, UsageError, float_of

Progress = Callable[[int, int], None]

FUND_KEY: Final = "insurance.balance"
TRIALS_MOST: Final = 100_000
# Trials drawn at random before the sampler has something to learn from.
_STARTUP: Final = 16
_IDENTITY: Final = "trimtab.identity"
_WAD_DECIMALS: Final = 18


@dataclass(frozen=True, slots=True, eq=False)
class TuneQuestion:
    """What to search for.

    Args:
        stress: book, paths, terms and levels; its case has the present rules.
        trials: how many, the present rules among them; at least 2.
        space: keys and their ranges; empty is `default_space`.
        borrowers: how the book answers to other rules.
        least_buffer: what every trial leaves between max_ltv and liquidation_threshold, decimal
            text; where the present rules leave less, as little as they do.
    """

    stress: StressQuestion
    trials: int
    space: tuple[Parameter, ...] = ()
    borrowers: Borrowers = Borrowers.SAME_SHARE
    least_buffer: str = LEAST_BUFFER

    def __post_init__(self) -> None:
        if not 2 <= self.trials <= TRIALS_MOST:
            raise UsageError(f"trials: found {self.trials}, expected from 2 to {TRIALS_MOST:,}")
        if not self.space:
            object.__setattr__(self, "space", default_space(self.stress.case))
        require_space(self.stress.case.rules, self.space)
        least_buffers(self.stress.case.rules, self.least_buffer)

    @property
    def buffers(self) -> Buffers:
        """The least buffer of each asset and category, wad."""
        return least_buffers(self.stress.case.rules, self.least_buffer)


def run_tuning(
    question: TuneQuestion,
    *,
    process: LearntProcess | None = None,
    storage: Any = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    engine: EngineMaker = engine_of,
) -> TuneResult:
    """Search for better rules.

    Args:
        process: how prices move, where that was learnt already; taken instead of the question's.
        storage: Optuna's, where trials are kept and from which a search goes on; None is memory.
            A trial depends on the trials before it and the seed, so that a search that was
            interrupted ends as one that was not.
        executor: who works a trial's paths off.
        progress: is told (trials done, trials in all).

    Returns:
        All trials, the Pareto set and a recommendation; of the trials made where interrupted, and
        of all that the storage holds where these are more than were asked for.

    Raises:
        UsageError: Optuna is not installed, or a storage of another search. See `prepared`.
        KeyboardInterrupt: before the present rules were measured.
    """
    if find_spec("optuna") is None:
        raise UsageError("optuna is not installed; install trimtab[sim]")
    hands = executor or InOrder()
    ready = prepared(question.stress, process=process, workers=hands.workers, engine=engine)
    study = _study(question, ready, storage=storage)
    tell = progress or (lambda _done, _all: None)
    done = [_trial_of(one) for one in _complete(study)]
    tell(len(done), question.trials)
    try:
        while len(done) < question.trials:
            done.append(_next(study, question, ready=ready, executor=hands))
            tell(len(done), question.trials)
    except KeyboardInterrupt:
        if not done:
            raise
    return _answer(question, done)


def _answer(question: TuneQuestion, trials: Sequence[Trial]) -> TuneResult:
    front = pareto_set(trials)
    asked = question.stress
    chosen = recommended(asked.case, trials, front=front)
    trades = cheapest_trades(asked.case, trials, front=front) if chosen is None else ()
    return TuneResult(
        tuple(trials),
        front,
        asked.top_level,
        asked.horizon_seconds,
        asked.paths,
        asked.seed,
        str(question.borrowers),
        chosen,
        len(trials) >= question.trials,
        trades,
        question.least_buffer,
    )


def _study(question: TuneQuestion, ready: Prepared, *, storage: Any) -> Any:
    """The study, new or gone on with; refuses one of another search."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    identity = identity_of(
        ready.identity, list(question.space), str(question.borrowers), question.least_buffer
    )
    aims: Any = ["minimize", "maximize", *(["minimize"] if _tunes_fund(question) else [])]
    study = optuna.create_study(
        storage=storage, study_name="trimtab", directions=aims, load_if_exists=True
    )
    found = study.user_attrs.get(_IDENTITY)
    if found is None:
        study.set_user_attr(_IDENTITY, identity)
    elif found != identity:
        raise UsageError(
            "the study is of another search: other rules, book, paths, keys, ranges or least "
            "buffer; take another file"
        )
    for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        # Interrupted in the middle: it is not resumed but asked again.
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    return study


def _complete(study: Any) -> list[Any]:
    import optuna

    return list(study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,)))


def _next(study: Any, question: TuneQuestion, *, ready: Prepared, executor: Executor) -> Trial:
    """Ask for values, measure them, and tell."""
    import optuna

    number = len(_complete(study))
    study.sampler = optuna.samplers.TPESampler(
        seed=(question.stress.seed + 1_000_003 * number) % 2**32,
        n_startup_trials=_STARTUP,
        multivariate=True,
    )
    asked = study.ask()
    values = _present(question) if number == 0 else {}
    for parameter in question.space:
        place = asked.suggest_int(parameter.key, 0, parameter.places)
        values.setdefault(parameter.key, parameter.text(place))
    if number:
        present = question.stress.case.rules
        values = in_order(present, question.space, values=values, buffers=question.buffers)
    trial = _measured(question, values, number=number, ready=ready, executor=executor)
    for name, excess in violations(changed_rules(question.stress.case.rules, values)).items():
        asked.set_constraint(name, excess)
    asked.set_constraint("rules", 1.0 if trial.conflict else 0.0)
    asked.set_user_attr("trial", _document(trial))
    aims = [trial.shortfall, trial.capacity, *([trial.fund] if _tunes_fund(question) else [])]
    study.tell(asked, aims)
    return trial


def _present(question: TuneQuestion) -> dict[str, str]:
    """The values of the present rules; a key that is absent takes the nearest of its range."""
    rules = question.stress.case.rules
    return {
        parameter.key: value_text(rules, parameter.key) or parameter.text(parameter.places)
        for parameter in question.space
    }


def _measured(
    question: TuneQuestion,
    values: Mapping[str, str],
    *,
    number: int,
    ready: Prepared,
    executor: Executor,
) -> Trial:
    """One set of values on the paths that all trials share."""
    asked = question.stress
    rules = changed_rules(asked.case.rules, values)
    found_conflict = conflict_of(rules) or buffer_conflict(rules, question.buffers)
    conflict = "" if number == 0 else str(found_conflict or "")
    fund = float_of(rules.insurance.balance_wad, _WAD_DECIMALS)
    # What cannot be rules is told as the worst there is, so that the search keeps away.
    worst = Trial(number, values, capacity_of(asked.case).debt, 0.0, 0.0, fund, conflict)
    if conflict:
        return worst
    case = case_under(asked.case, rules, borrowers=question.borrowers)
    try:
        found = _cleared(replace(asked, case=case), ready, executor=executor)
        capacity = capacity_of(case).borrow_capacity
    except RulesError as error:
        return replace(worst, conflict=str(error))
    shortfall = _shortfall(question, found, ready=ready)
    return Trial(number, values, shortfall.value, shortfall.error, capacity, fund)


def _cleared(question: StressQuestion, ready: Prepared, *, executor: Executor) -> PathOutcomes:
    """The outcomes of a book on the paths of `ready`."""
    clearing = ready.maker(question, ready.grid, feedback=True)
    base = ready.task
    task = BatchTask(base.model, base.plan, base.seed, base.sampling, clearing)
    done = finished_batches(task, ready.plan, executor=executor)
    found = gathered(done)
    if len(found) < ready.plan.paths:
        raise KeyboardInterrupt
    return found


def _shortfall(question: TuneQuestion, found: PathOutcomes, *, ready: Prepared) -> Estimate:
    design = design_of(found.paths, sampling=ready.sampling, positions=found.positions)
    loss = found.loss
    if _tunes_fund(question):
        names = ("deleveraged", "socialized", "shortfall_left")
        loss = sum((found.columns[name] for name in names), start=0.0 * loss)
    asked = question.stress
    return tail_risk(
        Sample(loss, design), asked.top_level, confidence=asked.confidence
    ).expected_shortfall


def _tunes_fund(question: TuneQuestion) -> bool:
    return any(parameter.key == FUND_KEY for parameter in question.space)


def _document(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "values": dict(trial.values),
        "shortfall": trial.shortfall,
        "shortfall_error": trial.shortfall_error,
        "capacity": trial.capacity,
        "fund": trial.fund,
        "conflict": trial.conflict,
    }


def _trial_of(frozen: Any) -> Trial:
    return Trial(**frozen.user_attrs["trial"])
