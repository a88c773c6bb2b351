"""Tables whose figures are also bars: debt by health, debt by distance, and the loss waterfall."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isfinite

from trimtab.apps.report.ends import Ends, Stands
from trimtab.apps.report.shown import JOINER, NARROW, NO_BREAK, Shown, cell, percent
from trimtab.model import Payer
from trimtab.simulation import HEALTH_EDGES, ReplayRun, Sample
from trimtab.units import fixed_of

PAYER_NAMES = {
    Payer.OWN_MARGIN: "Own margin",
    Payer.PENALTY: "Penalty",
    Payer.INSURANCE: "Insurance fund",
    Payer.BACKSTOP: "Backstop",
    Payer.ADL: "Deleveraging",
    Payer.SOCIALIZED: "Socialized",
}
PAYER_NOTES = {
    Payer.OWN_MARGIN: "the account's last collateral",
    Payer.PENALTY: "fees taken from the account",
    Payer.INSURANCE: "reserves and the ring-fenced fund",
    Payer.BACKSTOP: "the ring-fenced pool",
    Payer.ADL: "counterparties of perpetuals",
    Payer.SOCIALIZED: "suppliers and holders",
}
# Who it is that a loss falls on, within a sentence.
PAYER_BEARERS = {
    Payer.OWN_MARGIN: "the accounts' own margin",
    Payer.PENALTY: "fees taken from the accounts",
    Payer.INSURANCE: "the insurance fund",
    Payer.BACKSTOP: "the backstop",
    Payer.ADL: "counterparties, by deleveraging",
    Payer.SOCIALIZED: "suppliers and holders",
}
DISTANCE_EDGES = (-inf, 0.0, 0.05, 0.1, 0.2, 0.3, 0.5, inf)


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure and the place of its bar, in percent of the widest."""

    value: Shown
    width: float
    left: float = 0.0
    accounts: int = 0


@dataclass(frozen=True, slots=True)
class BarRow:
    """A named row of bars; `tint` names its color."""

    name: str
    tint: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One payer of the waterfall: what it paid, of how much, and what is left after it."""

    name: str
    note: str
    bar: Bar
    share: Shown
    remaining: Shown


@dataclass(frozen=True, slots=True)
class Waterfall:
    """From the whole loss down to nothing; the width of `total` is of the largest run's."""

    label: str
    total: Bar
    steps: tuple[Step, ...]


def bucket_names(edges: Sequence[float]) -> list[str]:
    """Names of health buckets: < 1, 1 – 1.05, ..., ≥ 3."""
    gap, dash = NO_BREAK, f"{NO_BREAK}{JOINER}–{JOINER}{NO_BREAK}"
    inner = [f"{low:g}{dash}{high:g}" for low, high in pairwise(edges[1:])]
    return [f"<{gap}{edges[1]:g}", *inner, f"≥{gap}{edges[-1]:g}"]


def health_bars(ends: Ends) -> list[BarRow]:
    """Debt by health before the first command and after the last."""
    sides = [_debt_by_health(stands) for stands in (ends.before, ends.after)]
    names = bucket_names(HEALTH_EDGES)
    return _rows(names, sides, tint=lambda place: f"h{place}")


def _debt_by_health(stands: Stands) -> list[tuple[int, int]]:
    totals = [(0, 0)] * len(HEALTH_EDGES)
    for stand in stands.values():
        if stand.debt_wad == 0:
            continue
        place = _bucket_of(stand.health_wad)
        debt, number = totals[place]
        totals[place] = (debt + stand.debt_wad, number + 1)
    return totals


def _bucket_of(value_wad: int | None) -> int:
    """Place of a health among the buckets, exactly: as a float, 1 less a wad would be safe."""
    if value_wad is None:
        return len(HEALTH_EDGES) - 1
    edges = (round(1000 * edge) * 10**15 for edge in HEALTH_EDGES)
    return max(place for place, edge_wad in enumerate(edges) if value_wad >= edge_wad)


def distance_bars(samples: Sequence[Sample]) -> list[BarRow]:
    """Debt by how far the main asset must fall until it is liquidated, at both ends; estimates."""
    sides = [_debt_by_distance(sample) for sample in (samples[0], samples[-1])]
    names = ["already unsafe"]
    for low, high in pairwise(DISTANCE_EDGES[1:]):
        if isfinite(high):
            names.append(f"{100 * low:g} – {100 * high:g}{NARROW}%")
        else:
            names.append(f"{100 * low:g}{NARROW}% or more")
    names.append("not by this asset")
    return _rows(names, sides, tint=lambda _: "accent")


def _debt_by_distance(sample: Sample) -> list[tuple[int, int]]:
    totals = [[0.0, 0] for _ in DISTANCE_EDGES]
    columns = (sample.debt, sample.liquidation_price, sample.health)
    for debt, at, health in zip(*(column.tolist() for column in columns), strict=True):
        if debt <= 0:
            continue
        place = len(totals) - 1
        # Who is safe under its liquidation price is short: no fall reaches it.
        short = at > sample.price and health > 1
        if health < 1:
            place = 0  # an unsafe short waits under the price, and is no distance away
        elif isfinite(at) and sample.price > 0 and not short:
            distance = 1 - at / sample.price
            place = max(i for i, edge in enumerate(DISTANCE_EDGES[:-1]) if distance >= edge)
        totals[place][0] += debt
        totals[place][1] += 1
    return [(fixed_of(debt, 18), int(number)) for debt, number in totals]


def _rows(
    names: Sequence[str], sides: Sequence[Sequence[tuple[int, int]]], *, tint: Callable[[int], str]
) -> list[BarRow]:
    most = max((debt for side in sides for debt, _ in side), default=0)
    rows = []
    for place, name in enumerate(names):
        bars = []
        for side in sides:
            debt, number = side[place]
            bars.append(Bar(cell(debt), width_of(debt, most), accounts=number))
        rows.append(BarRow(name, tint(place), tuple(bars)))
    return rows


def width_of(part: int, whole: int) -> float:
    """Width of a bar in percent; what is not zero is at least visible."""
    if part == 0 or whole == 0:
        return 0.0
    return max(round(100 * part / whole, 2), 0.3)


def waterfalls(runs: Iterable[tuple[str, ReplayRun]]) -> list[Waterfall]:
    """The waterfall of each run; each fills its own width, the totals share one scale."""
    listed = list(runs)
    most = max((run.tally.bad_debt_wad for _, run in listed), default=0)
    return [_waterfall(label, run, most=most) for label, run in listed]


def _waterfall(label: str, run: ReplayRun, *, most: int) -> Waterfall:
    total = run.tally.bad_debt_wad
    left, steps = total, []
    for payer in Payer:
        paid = run.tally.loss_wad[payer]
        left -= paid
        bar = Bar(cell(paid), width_of(paid, total), left=_offset(left, total))
        share = percent(paid / total if total else 0.0)
        steps.append(Step(PAYER_NAMES[payer], PAYER_NOTES[payer], bar, share, cell(left)))
    return Waterfall(label, Bar(cell(total), width_of(total, most)), tuple(steps))


def _offset(left: int, total: int) -> float:
    return min(round(100 * left / total, 2), 99.7) if total else 0.0
