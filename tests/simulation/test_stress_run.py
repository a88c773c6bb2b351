"""A stress test as a whole: the same numbers from anybody, in any pieces; interrupted; refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.quant.panels import normal_panel
from tests.simulation.stress_engines import HOUR, asked, brownian, falls
from trimtab.adapters.executors import ProcessExecutor, ThreadExecutor
from trimtab.adapters.files import BatchFolder
from trimtab.simulation.paths import (
    NAMED_SHOCKS,
    PathGrid,
    PathKind,
    SamplingKind,
    price_paths,
)
from trimtab.simulation.stress import (
    Process,
    SamplingChoice,
    StressQuestion,
    path_prices,
    prepared,
    run_stress,
)
from trimtab.units import DataError, UsageError


class Memory:
    """A store of batches in memory that can interrupt after some of them."""

    def __init__(self, interrupt_after: int = 10**9) -> None:
        self.kept, self.interrupt_after = {}, interrupt_after

    def finished(self):
        return dict(self.kept)

    def keep(self, number, columns):
        if len(self.kept) >= self.interrupt_after:
            raise KeyboardInterrupt
        self.kept[number] = columns


def numbers(result):
    """All that was computed, as text to compare."""
    document = result.to_json()
    assert document["question"].pop("batch_paths") > 0
    assert len(document["run"].pop("identity")) == 64
    return json.dumps(document, sort_keys=True, allow_nan=False)


@pytest.fixture(scope="module")
def whole():
    """The reference answer is that of one thread in batches of 64."""
    from tests.simulation.cases import small_case

    return run_stress(prepared(asked(small_case()), engine=falls))


@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize("batch_paths", [64, 17])
def test_threads_and_batches_change_no_number(small, whole, workers, batch_paths):
    ready = prepared(asked(small, batch_paths=batch_paths), engine=falls)
    found = run_stress(ready, executor=ThreadExecutor(workers))
    assert numbers(found) == numbers(whole)


def test_processes_change_no_number(small, whole):
    ready = prepared(asked(small, batch_paths=64), engine=falls)
    assert numbers(run_stress(ready, executor=ProcessExecutor(2))) == numbers(whole)


def test_the_answer_is_what_the_engine_did(whole):
    columns, loss = whole.outcomes.columns, whole.outcomes.loss
    grid = PathGrid(("ETH",), (2000.0,), 168, HOUR)
    prices = price_paths(brownian(), grid, seed=0, paths=200)
    falls_short = np.maximum(1.0 - prices[:, -1, 0] / prices[:, 0, 0] - 0.05, 0.0)
    np.testing.assert_allclose(loss, 1000.0 * falls_short)
    assert whole.loss.mean.value == pytest.approx(loss.mean())
    assert whole.insolvency.value == (loss > 50.0).mean()
    assert whole.tail(0.95).value_at_risk.value == np.sort(loss)[189]
    assert whole.fund.size.value == np.sort(loss)[197], "99 % of the losses are at most that"
    assert {one.payer for one in whole.bearers if one.mean} == {"insurance", "socialized"}
    assert sum(one.mean for one in whole.bearers) == pytest.approx(loss.mean())
    seconds = whole.measures["undercollateralized_seconds"].mean.value
    assert seconds == pytest.approx(3.0 * loss.mean() * HOUR)
    assert set(columns) >= {"bad_debt", "displacement_ETH"}


def test_the_worst_paths_can_be_made_again_by_number(whole):
    assert len(whole.worst) == 10
    losses = [one.loss for one in whole.worst]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] == whole.loss.worst == whole.outcomes.loss.max()
    ready = prepared(whole.question, engine=falls)
    prices = path_prices(ready, whole.worst[0].path)
    fall = 1.0 - prices[-1, 0] / prices[0, 0]
    assert 1000.0 * (fall - 0.05) == pytest.approx(losses[0])


def test_the_curve_tells_what_feedback_adds(whole):
    points = whole.curve.points
    assert [point.depth for point in points] == sorted(point.depth for point in points)
    for point in points:
        assert point.loss == pytest.approx(1000.0 * max(point.depth - 0.05, 0.0), abs=1e-6)
        assert point.amplification == pytest.approx(1.25)
        assert point.insolvent == (point.depth > 0.1 + 1e-9)
    assert whole.curve.assets == ("ETH",)


def test_an_interrupted_run_tells_of_what_finished_and_goes_on(small, whole):
    ready = prepared(asked(small, batch_paths=20), engine=falls)
    store = Memory(interrupt_after=4)
    part = run_stress(ready, store=store, curve=False)
    assert (part.facts.done, part.facts.asked, part.facts.is_whole) == (80, 200, False)
    assert part.loss.mean.value == pytest.approx(whole.outcomes.loss[:80].mean())
    store.interrupt_after = 10**9
    told = []
    rest = run_stress(ready, store=store, progress=lambda done, of: told.append((done, of)))
    assert told[0] == (80, 200)
    assert told[-1] == (200, 200)
    assert numbers(rest) == numbers(whole)


def test_interrupted_before_anything_finished_is_an_interruption(small):
    ready = prepared(asked(small), engine=falls)
    with pytest.raises(KeyboardInterrupt):
        run_stress(ready, store=Memory(interrupt_after=0))


def test_batches_on_disk_go_on_for_the_same_question_alone(small, whole, tmp_path):
    ready = prepared(asked(small, batch_paths=64), engine=falls)
    run_stress(ready, store=BatchFolder(tmp_path, ready.identity))
    (tmp_path / "batch-000002.parquet").unlink()
    store = BatchFolder(tmp_path, ready.identity, resume=True)
    assert sorted(store.finished()) == [0, 1, 3]
    assert numbers(run_stress(ready, store=store)) == numbers(whole)
    other = prepared(asked(small, seed=1), engine=falls)
    assert other.identity != ready.identity
    with pytest.raises(DataError, match="the batches are of another run"):
        BatchFolder(tmp_path, other.identity, resume=True)


@pytest.mark.parametrize(
    "choice",
    [
        {"seed": 3},
        {"paths": 201},
        {"vol": 0.81},
        {"sampling": SamplingChoice(SamplingKind.ANTITHETIC)},
        {"step_seconds": 2 * HOUR},
    ],
)
def test_the_identity_is_of_all_that_decides(small, choice):
    one = prepared(asked(small), engine=falls).identity
    assert prepared(asked(small), engine=falls).identity == one
    assert prepared(asked(small, **choice), engine=falls).identity != one


@pytest.mark.parametrize("kind", [kind for kind in SamplingKind if kind != "plain"])
def test_sampling_gives_the_same_law_with_less_error(small, kind):
    plain = run_stress(prepared(asked(small, paths=2048), engine=falls), curve=False)
    choice = asked(small, paths=2048, sampling=SamplingChoice(kind))
    found = run_stress(prepared(choice, engine=falls), curve=False)
    for one, other in (
        (found.loss.mean, plain.loss.mean),
        (found.tail().expected_shortfall, plain.tail().expected_shortfall),
        (found.insolvency, plain.insolvency),
    ):
        assert abs(one.value - other.value) < 4 * np.hypot(one.error, other.error)
    # Measured errors of ES 99 %: plain 8.6, antithetic 9.0, stratified 1.1, tail 1.5.
    cut = {"antithetic": 1.4, "stratified": 0.4, "tail": 0.4}[kind]
    error = found.tail().expected_shortfall.error
    assert error < cut * plain.tail().expected_shortfall.error
    assert found.to_json()["run"]["sampling"]["kind"] == kind


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"paths": 0}, r"^paths: found 0, expected from 1 to 10,000,000$"),
        ({"paths": 10**8}, r"^paths: found 100000000, expected from 1 to 10,000,000$"),
        ({"horizon_seconds": 0.0}, r"^horizon: found 0.0, expected seconds above 0$"),
        ({"horizon_seconds": float("nan")}, r"^horizon: found nan"),
        ({"step_seconds": 0.0}, r"^step: found 0.0, expected above 0, at most the horizon"),
        ({"step_seconds": 10 * 86400.0}, r"^step: found 864000.0, expected above 0, at most"),
        ({"seed": -1}, r"^seed: found -1, expected from 0 to below 2\*\*63$"),
        ({"levels": ()}, "numbers between 0 and 1, one level at least"),
        ({"confidence": 1.0}, "numbers between 0 and 1"),
        ({"actors": (1,)}, "^actors: the kernel knows none; take the exact engine$"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(small, choices, words):
    with pytest.raises(UsageError, match=words):
        replace(asked(small), **choices)


def test_more_than_fits_is_refused_with_what_it_would_take(small):
    with pytest.raises(
        UsageError, match=r"200 paths of 168 steps .* GiB and .*what fits is 0.0 GiB"
    ):
        prepared(asked(small, bytes_max=10_000), engine=falls)
    years = replace(asked(small), horizon_seconds=100 * 365 * 86400.0, paths=10**7)
    with pytest.raises(UsageError, match=r"would take about .* hours; what fits is .* 24.0 hours"):
        prepared(years, engine=falls)
    seconds = replace(asked(small), step_seconds=0.1)
    with pytest.raises(UsageError, match=r"are 6,048,000 steps of 0.1 s, expected at most"):
        prepared(seconds, engine=falls)


def test_histories_that_teach_nothing_are_refused(small):
    short = StressQuestion(small, 24 * HOUR, 10, process=Process(PathKind.GARCH))
    with pytest.raises(DataError, match="the price history is too short to calibrate"):
        prepared(short, engine=falls)
    panel = normal_panel(600, seed=1)
    rows = np.column_stack([panel.log_returns[:, 0], 2.0 * panel.log_returns[:, 0]])
    singular = replace(panel, log_returns=rows)
    process = Process(PathKind.BROWNIAN, history=singular)
    with pytest.raises(DataError, match="the covariance is singular: some assets are a sum"):
        prepared(StressQuestion(small, 24 * HOUR, 10, process=process), engine=falls)


def test_shocks_correlations_and_drifts_are_what_was_asked(small):
    assert Process(shock="flash").moves == NAMED_SHOCKS["flash"]
    with pytest.raises(UsageError, match="shock 'nova': expected one of crash, flash"):
        Process(shock="nova")
    still = StressQuestion(small, 24 * HOUR, 3, process=Process(None, shock="crash"))
    prices = prepared(still, engine=falls).task.prices(0, 3)
    assert prices[:, -1, 0] / prices[:, 0, 0] == pytest.approx(0.55, rel=1e-9), "from the start"
    with pytest.raises(UsageError, match="correlation to one: expected a share from 0 to 1"):
        Process(correlation_share=1.5)


def test_history_has_only_so_many_windows(small):
    windows = Process(PathKind.WINDOWS, assets=("ETH",), shock="flash")
    question = StressQuestion(small, 1200.0, 7, process=windows)
    ready = prepared(question, engine=falls)
    assert (ready.plan.grid.steps, len(small.ticks)) == (2, 9)
    assert run_stress(ready, curve=False).facts.is_whole
    with pytest.raises(UsageError, match=r"paths: found 8, expected at most 7: so many windows of"):
        prepared(replace(question, paths=8), engine=falls)


def test_sampling_needs_normals_and_a_book_that_hangs_on_them(small):
    windows = Process(PathKind.WINDOWS, assets=("ETH",))
    for kind in (SamplingKind.ANTITHETIC, SamplingKind.TAIL):
        question = StressQuestion(small, 1200.0, 3, process=windows, sampling=SamplingChoice(kind))
        with pytest.raises(UsageError, match="sampling: this process has no normal drivers"):
            prepared(question, engine=falls)
    few = asked(small, paths=3, sampling=SamplingChoice(SamplingKind.TAIL))
    with pytest.raises(UsageError, match="tail sampling: found 3 paths, expected at least 8"):
        prepared(few, engine=falls)
