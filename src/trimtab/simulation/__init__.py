"""What could happen, and what did: replays of a book through prices, and where accounts stand."""

from trimtab.simulation.crisis import crisis_case, crisis_rules_2020
from trimtab.simulation.feed import first_prices
from trimtab.simulation.metrics import AT_RISK_HEALTH, HEALTH_EDGES, Metrics, Sample
from trimtab.simulation.replay import ReplayRun, replay
from trimtab.simulation.standing import Change, Standing, compare, standing
from trimtab.simulation.steps import StepRecord, TimedEvent
from trimtab.simulation.tally import Tally

__all__ = [
    "AT_RISK_HEALTH",
    "HEALTH_EDGES",
    "Change",
    "Metrics",
    "ReplayRun",
    "Sample",
    "Standing",
    "StepRecord",
    "Tally",
    "TimedEvent",
    "compare",
    "crisis_case",
    "crisis_rules_2020",
    "first_prices",
    "replay",
    "standing",
]
