"""Several sources, one price: freshness, confidence, quorum, deviation from the median."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trimtab.model import Observation, OracleRules
from trimtab.units import NANOSECONDS, WAD, div_down


@dataclass(frozen=True, slots=True)
class Verdict:
    """A price with the time up to which it is vouched for, or the reason why there is none."""

    price_wad: int = 0
    at_ns: int = 0
    refused: str = ""


def aggregated(
    observations: Mapping[str, Observation], rules: OracleRules, *, now_ns: int
) -> Verdict:
    """The median of the sources that are fresh, certain and near to one another.

    Reasons, in the order in which sources are left out: `stale`, `uncertain`, `deviation`; a
    quorum that was never there is `quorum`.
    """
    fresh = [o for o in observations.values() if _is_fresh(o, rules, now_ns=now_ns)]
    certain = [o for o in fresh if _is_certain(o, rules)]
    if len(certain) < rules.quorum:
        return Verdict(refused=_missing(len(observations), fresh=len(fresh), rules=rules))
    center = median_wad(o.price_wad for o in certain)
    near = [o for o in certain if _is_near(o.price_wad, center, most_wad=rules.max_deviation_wad)]
    if len(near) < rules.quorum:
        return Verdict(refused="deviation")
    # The quorum is vouched for until its oldest member.
    published = sorted((o.published_ns for o in near), reverse=True)
    price = median_wad(o.price_wad for o in near)
    return Verdict(price, published[rules.quorum - 1])


def _missing(sources: int, *, fresh: int, rules: OracleRules) -> str:
    if sources < rules.quorum:
        return "quorum"
    return "stale" if fresh < rules.quorum else "uncertain"


def _is_fresh(observation: Observation, rules: OracleRules, *, now_ns: int) -> bool:
    if rules.max_age_seconds is None:
        return True
    return now_ns - observation.published_ns <= rules.max_age_seconds * NANOSECONDS


def _is_certain(observation: Observation, rules: OracleRules) -> bool:
    if rules.max_confidence_wad is None:
        return True
    return observation.confidence_wad * WAD <= observation.price_wad * rules.max_confidence_wad


def _is_near(price_wad: int, center_wad: int, *, most_wad: int | None) -> bool:
    return most_wad is None or abs(price_wad - center_wad) * WAD <= center_wad * most_wad


def median_wad(prices: Iterable[int]) -> int:
    """The median of prices; of an even number the mean of the middle two, rounded down."""
    ordered = sorted(prices)
    assert ordered, "a median of something"
    upper = div_down(len(ordered), 2)
    if len(ordered) % 2:
        return ordered[upper]
    return div_down(ordered[upper - 1] + ordered[upper], 2)
