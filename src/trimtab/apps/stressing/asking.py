"""The question of a stress test, from a case, its stress file and what was chosen beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from trimtab.adapters.files import read_stress_file
from trimtab.apps.stressing.chosen import AUTO, FIRST, LAST, StressChoices
from trimtab.apps.stressing.learning import learnt_process, volatilities
from trimtab.kernels.clearing.terms import KeeperTerms
from trimtab.model import (
    EVERY_ASSET,
    Case,
    ChainSettings,
    HorizonSettings,
    KeeperSettings,
    StressSettings,
    Tick,
)
from trimtab.quant import GARCH_RETURNS_LEAST
from trimtab.simulation.chain import stated_keepers, stated_oracles
from trimtab.simulation.markets import stated_terms
from trimtab.simulation.paths import PathKind
from trimtab.simulation.paths.sampling import SamplingKind
from trimtab.simulation.stress import EngineKind, SamplingChoice, StressQuestion
from trimtab.simulation.stress.planning import grid_of
from trimtab.simulation.stress.process import LearntProcess
from trimtab.simulation.world import keepers_of
from trimtab.units import (
    NumberError,
    RulesError,
    Time,
    UsageError,
)

STRESS_FILE: Final = "stress.toml"


def stress_settings(folder: Path | None, file: Path | None) -> StressSettings | None:
    """Return the stress file that was named, or that of a case folder; None where there is none.

    Raises:
        DataError: a named file that is missing; RulesError: a file that cannot be used.
    """
    if file is not None:
        return read_stress_file(file)
    beside = None if folder is None else folder / STRESS_FILE
    return read_stress_file(beside) if beside is not None and beside.is_file() else None


@dataclass(frozen=True, slots=True, eq=False)
class AskedStress:
    """A question, and how its prices move: learnt once, for all that comes of the question."""

    question: StressQuestion
    process: LearntProcess


def stress_question(
    case: Case, choices: StressChoices, *, settings: StressSettings | None = None
) -> StressQuestion:
    """Return the question alone; see `asked_stress`."""
    return asked_stress(case, choices, settings=settings).question


def asked_stress(
    case: Case, choices: StressChoices, *, settings: StressSettings | None = None
) -> AskedStress:
    """Return the question, with its process learnt.

    Args:
        case: rules, book, history, and depth.
        choices: what the caller chose.
        settings: of a stress file; None sells at the path's price, hears it at once, and lets
            keepers act as the case's replay rules say.

    Raises:
        UsageError: choices that do not go together; DataError: a history that cannot be learnt.
    """
    _require_known(case, settings)
    clock = (settings or StressSettings()).horizon
    hours = choices.horizon_hours
    horizon = float(clock.length_seconds) if hours is None else hours * 3600.0
    step = choices.step_seconds
    if step is None and clock != HorizonSettings():
        step = min(float(clock.step_seconds), horizon)
    stood = _standing_at(case, choices.at)
    process, found = learnt_process(case, choices, stood=stood, step_seconds=step)
    engine = EngineKind.KERNEL if choices.engine == AUTO else EngineKind(choices.engine)
    question = StressQuestion(
        stood,
        horizon,
        clock.paths if choices.paths is None else choices.paths,
        step_seconds=step,
        seed=choices.seed,
        process=process,
        engine=engine,
        sampling=SamplingChoice(SamplingKind(choices.sampling)),
        levels=choices.levels,
        fund_probability=choices.fund_probability,
    )
    whole = _with_terms(question, case, settings=settings, process=found)
    return AskedStress(whole, found)


def notes_of(question: StressQuestion, choices: StressChoices) -> tuple[str, ...]:
    """Return what was taken because nothing was said, where it changes what is found."""
    notes = []
    short = {
        PathKind.BOOTSTRAP: "blocks of it are resampled, with its drift",
        PathKind.BROWNIAN: "a Brownian motion is taken, which has no fat tails",
    }
    kind = question.process.kind
    if choices.process == AUTO and kind in short:
        least = f"{GARCH_RETURNS_LEAST} returns"
        notes.append(f"the history is too short for GARCH ({least}): {short[kind]}")
    if question.market is None:
        notes.append(
            "no market is told of: sales move no price; give [markets] in stress.toml, or a depth "
            "table"
        )
    return tuple(notes)


def _require_known(case: Case, settings: StressSettings | None) -> None:
    """Refuse sections of assets that the rules do not have."""
    known = set(case.rules.assets)
    stated = settings or StressSettings()
    for section, names in (("markets", stated.markets), ("oracle", stated.oracles)):
        for name in sorted(set(names) - known - {EVERY_ASSET}):
            raise RulesError(
                "the rules have no such asset",
                where=STRESS_FILE,
                column=f"{section}.{name}",
                found=name,
                expected=f'one of {", ".join(sorted(known))}, or "{EVERY_ASSET}"',
            )


def _standing_at(case: Case, at: str) -> Case:
    """The case whose book stands at a later moment of its prices, the last ones up to it.

    Raises:
        UsageError: no time, or one that the prices do not cover.
    """
    if at == FIRST:
        return case
    first, last = case.ticks[0].at_ns, case.ticks[-1].at_ns
    try:
        moment = last if at == LAST else Time.parse(at).raw
    except NumberError:
        raise UsageError(
            f"--at {at!r}: expected first, last, or a UTC time such as 2020-03-12T00:00:00Z"
        ) from None
    if not first <= moment <= last:
        raise UsageError(
            f"--at {at}: the prices are from {Time(first).text()} to {Time(last).text()}"
        )
    found: dict[str, int] = {}
    for tick in case.ticks:
        if tick.at_ns <= moment:
            found.update(tick.prices)
    return replace(case, ticks=(Tick(moment, tuple(sorted(found.items()))),))


def _with_terms(
    question: StressQuestion,
    case: Case,
    *,
    settings: StressSettings | None,
    process: LearntProcess,
) -> StressQuestion:
    """The question with markets, oracle and keepers on the columns of its paths.

    What the stress file does not speak of is as the case's replay rules have it.
    """
    grid = grid_of(question, process)
    stated = settings or StressSettings()
    market = None
    if stated.markets or case.depth:
        market = stated_terms(
            stated,
            grid.assets,
            depth=case.depth,
            prices=dict(zip(grid.assets, grid.first_prices, strict=True)),
            volatilities=volatilities(case, grid.assets),
            pledged=_pledged(case),
        )
    oracle = None
    if stated.oracles:
        oracle = stated_oracles(stated, grid.assets, step_seconds=grid.step_seconds)
    keepers = _keepers(case, stated, step_seconds=grid.step_seconds)
    return replace(question, market=market, oracle=oracle, keepers=keepers)


def _keepers(case: Case, settings: StressSettings, *, step_seconds: float) -> KeeperTerms:
    """The replay's keepers, under what the sections `chain` and `keepers` say of them."""
    usual = keepers_of(case, step_seconds=step_seconds)
    stated = stated_keepers(settings, step_seconds=step_seconds)
    if settings.keepers == KeeperSettings():
        stated = replace(
            stated,
            min_profit=usual.min_profit,
            capital=usual.capital,
            delay_steps=usual.delay_steps,
        )
    if settings.chain == ChainSettings():
        stated = replace(stated, gas=usual.gas, gas_slope=usual.gas_slope)
    return stated


def _pledged(case: Case) -> set[str]:
    """What borrowers and holders of positions have put up: what a liquidation may sell."""
    markets = case.rules.markets
    owing = {
        (row.account, row.group)
        for row in case.book
        if row.quantity < 0 or row.instrument in markets
    }
    return {
        row.instrument
        for row in case.book
        if row.quantity > 0 and (row.account, row.group) in owing
    }
