"""Plans, digests, documents and joined batches: the small pieces of a stress test."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType

import numpy as np
import pytest

from tests.simulation.stress_engines import HOUR, FallEngine, asked, falls
from trimtab.simulation.stress import prepared, run_stress
from trimtab.simulation.stress.batches import finished_batches
from trimtab.simulation.stress.documents import plain
from trimtab.simulation.stress.identity import identity_of
from trimtab.simulation.stress.outcomes import columns_of, gathered
from trimtab.simulation.stress.planning import planned
from trimtab.simulation.stress.process import learnt
from trimtab.simulation.stress.sample import design_of
from trimtab.units import DataError, UsageError


def plan_of(question, workers=1):
    return planned(question, learnt(question.process, question.case), workers=workers)


def test_batches_cover_the_paths_once(small):
    plan = plan_of(asked(small, paths=201, batch_paths=64))
    spans = [plan.span(number) for number in range(plan.batches)]
    assert spans == [(0, 64), (64, 64), (128, 64), (192, 9)]


def test_batches_shrink_to_the_memory_that_is_given_and_not_with_workers(small):
    question = asked(small, paths=200, bytes_max=2 * 2**20)
    one, two = (plan_of(question, workers) for workers in (1, 2))
    assert one.batch_paths == two.batch_paths < 64
    assert two.bytes_needed > one.bytes_needed
    assert two.seconds == pytest.approx(one.seconds / 2)


@pytest.mark.parametrize(
    ("horizon", "step", "steps"),
    [(10 * 0.1, 0.1, 10), (3600.0, 3600.0, 1), (3601.0, 3600.0, 2), (1000.0, 300.0, 4)],
)
def test_whole_steps_cover_the_horizon(small, horizon, step, steps):
    question = replace(asked(small), horizon_seconds=horizon, step_seconds=step)
    grid = plan_of(question).grid
    assert (grid.steps, grid.step_seconds) == (steps, step)


def test_without_a_step_a_given_model_takes_a_hundredth_of_the_horizon(small):
    grid = plan_of(asked(small, step_seconds=None)).grid
    assert (grid.steps, grid.step_seconds) == (100, 1.68 * HOUR)


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Box:
    size: float
    color: Color = Color.RED


def test_equal_things_have_equal_digests_and_others_do_not():
    view = MappingProxyType({"b": 1, "a": (Box(1.0), None)})
    assert identity_of(view) == identity_of(MappingProxyType({"a": (Box(1.0), None), "b": 1}))
    things = [
        Box(1.0),
        Box(np.nextafter(1.0, 2.0)),
        Box(1.0, Color.BLUE),
        (1, 2),
        (12,),
        ("1", "2"),
        [(1,), 2],
        np.array([1.0, 2.0]),
        np.array([[1.0, 2.0]]),
        np.array([1, 2]),
        None,
        "",
        True,
        1,
        1.0,
    ]
    assert len({identity_of(thing) for thing in things}) == len(things)
    assert identity_of(0.0) != identity_of(-0.0), "by their bits"


def test_documents_hold_what_json_can():
    found = plain({"a": (math.inf, math.nan, 1.5), 0.99: np.float64(2.0), "n": np.int64(3)})
    assert found == {"a": [None, None, 1.5], "0.99": 2.0, "n": 3}
    assert plain(Color.RED) == "red"
    assert plain(Box(2.0)) == {"size": 2.0, "color": "red"}
    assert plain(np.array([[1.0], [np.inf]])) == [[1.0], [None]]
    assert plain(object()) == "object"


def test_the_document_of_a_stress_test_has_its_parts(small):
    document = run_stress(prepared(asked(small, seed=2**63 - 1), engine=falls)).to_json()
    text = json.dumps(document, allow_nan=False)
    assert document["schema"] == "trimtab.stress/1"
    assert document.keys() == {
        *("schema", "venue", "quote", "question", "run", "measures", "insolvency", "fund"),
        *("bearers", "capacity", "convergence", "worst", "curve", "fits", "inputs"),
    }
    assert document["question"]["seed"] == str(2**63 - 1), "a text: JSON readers keep 53 bits"
    assert document["question"]["process"]["kind"] == "given"
    assert next(iter(document["measures"])) == "loss"
    assert document["measures"]["loss"]["tails"][1]["level"] == 0.99
    assert document["curve"]["points"][0]["amplification"] == pytest.approx(1.25)
    assert len(text) < 200_000


def batch(first, count=3):
    prices = np.ones((count, 2, 1))
    found = FallEngine(("ETH",))(prices, first)
    return columns_of(found, np.zeros(count))


def test_batches_join_in_order_of_their_paths():
    found = gathered([batch(6), batch(0)])
    assert found.paths.tolist() == [0, 1, 2, 6, 7, 8]
    assert len(found) == 6
    assert list(found.table())[:2] == ["path", "position"]
    assert set(found.columns) >= {"bad_debt", "displacement_ETH"}
    np.testing.assert_array_equal(found.loss, 0.0)


def test_batches_that_do_not_belong_together_are_refused():
    with pytest.raises(DataError, match="no batch has finished"):
        gathered([])
    with pytest.raises(DataError, match="a path is there twice; found '2'"):
        gathered([batch(0), batch(2)])
    other = batch(3)
    other.pop("bad_debt")
    with pytest.raises(DataError, match="the batches have different columns"):
        gathered([batch(0), other])
    with pytest.raises(UsageError, match="no path has finished"):
        design_of(np.empty(0, np.int64))


def test_kept_batches_of_another_plan_are_refused(small):
    ready = prepared(asked(small, batch_paths=50), engine=falls)

    class Store:
        def __init__(self, kept):
            self.kept = kept

        def finished(self):
            return self.kept

    for kept in ({0: batch(0)}, {9: batch(450)}, {1: {"loss": np.zeros(50)}}):
        with pytest.raises(DataError, match=r"a kept batch is of another run; found 'batch"):
            finished_batches(ready.task, ready.plan, executor=None, store=Store(kept))
