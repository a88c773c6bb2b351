"""Stress tests: what could happen to a book, what it costs, who bears it, and how sure that is.

`run_stress(StressQuestion(case, horizon_seconds=..., paths=...))` answers with a `StressResult`.
"""

from trimtab.simulation.stress.capacity import Capacity, capacity_of
from trimtab.simulation.stress.cascading import shock_curve
from trimtab.simulation.stress.curve import SHOCK_DEPTHS, ShockCurve, ShockPoint
from trimtab.simulation.stress.engines import EngineMaker, PathEngine, engine_of, terms_of
from trimtab.simulation.stress.fan import FAN_LEVELS, PriceFan, price_fan
from trimtab.simulation.stress.measures import (
    PAYERS,
    Bearer,
    Convergence,
    Distribution,
    Histogram,
)
from trimtab.simulation.stress.outcomes import PathOutcomes
from trimtab.simulation.stress.planning import Plan
from trimtab.simulation.stress.process import LearntProcess, Peg, Process
from trimtab.simulation.stress.question import EngineKind, SamplingChoice, StressQuestion
from trimtab.simulation.stress.results import (
    STRESS_SCHEMA,
    FundSize,
    RunFacts,
    StressResult,
    WorstPath,
)
from trimtab.simulation.stress.reverse import ReverseStress, reverse_stress
from trimtab.simulation.stress.running import Prepared, path_prices, prepared, run_stress
from trimtab.simulation.stress.sample import Design, Sample, design_of
from trimtab.simulation.stress.sensitivity import Sensitivity, Variation, sensitivities
from trimtab.simulation.stress.tail import Estimate, TailRisk, tail_risk

__all__ = [
    "FAN_LEVELS",
    "PAYERS",
    "SHOCK_DEPTHS",
    "STRESS_SCHEMA",
    "Bearer",
    "Capacity",
    "Convergence",
    "Design",
    "Distribution",
    "EngineKind",
    "EngineMaker",
    "Estimate",
    "FundSize",
    "Histogram",
    "LearntProcess",
    "PathEngine",
    "PathOutcomes",
    "Peg",
    "Plan",
    "Prepared",
    "PriceFan",
    "Process",
    "ReverseStress",
    "RunFacts",
    "Sample",
    "SamplingChoice",
    "Sensitivity",
    "ShockCurve",
    "ShockPoint",
    "StressQuestion",
    "StressResult",
    "TailRisk",
    "Variation",
    "WorstPath",
    "capacity_of",
    "design_of",
    "engine_of",
    "path_prices",
    "prepared",
    "price_fan",
    "reverse_stress",
    "run_stress",
    "sensitivities",
    "shock_curve",
    "tail_risk",
    "terms_of",
]
