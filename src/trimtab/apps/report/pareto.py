"""The picture of a search for rules: risk against room, the front, the present and the choice."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from trimtab.apps.report.drawing import COLORS, SETTINGS, Picture, Shape, blank, dress, picture
from trimtab.apps.report.shown import MINUS, SHORT, short_number
from trimtab.apps.tuning.words import choice_name
from trimtab.simulation.stress.tuning import Trial, TuneResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure as Canvas

HEIGHT = 340
PLACES_MOST = 4
# Of a picture that stands alone, on white.
INKS: Mapping[str, str] = MappingProxyType(
    {
        "ink": "#1b1f24",
        "muted": "#6b7280",
        "line": "#d5d9df",
        "accent": "#2f5fb3",
        "act": "#2f855a",
        "loss": "#b83232",
        "paper": "#ffffff",
    }
)


def pareto_picture(result: TuneResult, *, quote: str) -> Picture:
    """Return the picture for a page: every sound trial, the front, the present, the choice."""
    return picture(
        "pareto",
        pareto_words(result, quote=quote),
        draw=lambda shape: _drawn(result, shape, quote=quote, inks=COLORS),
        height=HEIGHT,
    )


def save_pareto(result: TuneResult, path: Path, *, quote: str) -> None:
    """Write the picture to a file of its own: SVG or PNG, by the name's ending."""
    import matplotlib

    swapped = {COLORS[name]: ink for name, ink in INKS.items()}
    settings: Any = {
        name: swapped.get(value, value) if isinstance(value, str) else value
        for name, value in SETTINGS.items()
    }
    settings["svg.hashsalt"] = "pareto"
    with matplotlib.rc_context(settings):
        canvas = _drawn(result, Shape("wide", 880, HEIGHT, 9), quote=quote, inks=INKS)
        kind = path.suffix.lstrip(".") or "svg"
        metadata = {"Date": None} if kind == "svg" else {}
        canvas.savefig(path, format=kind, dpi=144, facecolor="white", metadata=metadata)


def pareto_words(result: TuneResult, *, quote: str) -> str:
    """Return what the picture shows, in words."""
    present, chosen = result.present, result.recommendation
    told = (
        f"Expected shortfall against borrow capacity of "
        f"{sum(trial.is_feasible for trial in result.trials)} sets of rules, "
        f"{len(result.pareto)} of them bettered by no other. The present rules: "
        f"{short_number(present.shortfall)} {quote} at risk, "
        f"{short_number(present.capacity)} {quote} to borrow."
    )
    if chosen is None:
        return f"{told} None betters them."
    name = choice_name(result).capitalize()
    return (
        f"{told} {name}: {short_number(chosen.trial.shortfall)} at risk, "
        f"{short_number(chosen.trial.capacity)} to borrow."
    )


def _drawn(result: TuneResult, shape: Shape, *, quote: str, inks: Mapping[str, str]) -> "Canvas":
    canvas, (panel,) = blank(shape, (1.0,))
    fine = [trial for trial in result.trials if trial.is_feasible]
    front = [result.trials[number] for number in result.pareto]
    _points(panel, fine, tint=inks["muted"], size=14, alpha=0.4)
    panel.plot(
        [one.capacity for one in front],
        [one.shortfall for one in front],
        color=inks["accent"],
        linewidth=1.4,
        drawstyle="steps-pre",
        marker="o",
        markersize=4,
        zorder=4,
    )
    level = f"{result.level:.10g}"
    dress(panel, f"expected shortfall at {level} over the horizon, {quote}", zero=True)
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(_evenly(axis))
    panel.set_xlabel(f"borrow capacity, {quote}", fontsize=10, labelpad=3)
    named = [(result.present, "present", "loss")]
    if result.recommendation is not None:
        named.append((result.recommendation.trial, choice_name(result), "act"))
    for trial, name, tint in named:
        below = trial.number in result.pareto
        _named(panel, trial, name=name, below=below, shape=shape, inks=(inks[tint], inks["paper"]))
    return canvas


def _evenly(axis: "Axis") -> Callable[[float, float], str]:
    """Numbers of an axis with all the digits that its even steps have."""

    def words(value: float, _: float) -> str:
        ticks = axis.get_majorticklocs()
        step = min((abs(b - a) for a, b in pairwise(ticks)), default=0.0)
        return stepped_number(value, step, most=max(map(abs, ticks), default=0.0))

    return words


def stepped_number(value: float, step: float, *, most: float) -> str:
    """Return a number of an axis in its unit, exact to its step.

    >>> stepped_number(22_750_000.0, 250_000.0, most=23_500_000.0)
    '22.75m'
    >>> stepped_number(0.0, 250_000.0, most=23_500_000.0)
    '0'
    """
    size, letter = next(((size, word) for size, word in SHORT if most >= size), (1.0, ""))
    places = 0
    while places < PLACES_MOST and abs(round(step / size, places) - step / size) > 1e-9:
        places += 1
    text = f"{value / size:,.{places}f}".replace("-", MINUS)
    return f"{text}{letter}" if value else "0"


def _points(
    panel: "Axes", trials: list[Trial], *, tint: str, size: float, alpha: float = 1.0
) -> None:
    panel.scatter(
        [one.capacity for one in trials],
        [one.shortfall for one in trials],
        s=size,
        color=tint,
        alpha=alpha,
        linewidths=0,
        zorder=3,
    )


def _named(
    panel: "Axes", trial: Trial, *, name: str, below: bool, shape: Shape, inks: tuple[str, str]
) -> None:
    """A diamond and its name, `below` it where the front leaves it upward, else above."""
    tint, paper = inks
    panel.scatter([trial.capacity], [trial.shortfall], s=46, color=tint, zorder=5, marker="D")
    low, high = panel.get_xlim()
    # A name beside a point on the right would leave the picture; to the left it may meet the front.
    right = trial.capacity > low + (0.7 if shape.narrow else 0.88) * (high - low)
    panel.annotate(
        name,
        (trial.capacity, trial.shortfall),
        xytext=(-7 if right else 7, -7 if below else 7),
        ha="right" if right else "left",
        va="top" if below else "bottom",
        textcoords="offset points",
        color=tint,
        fontsize=10,
        bbox={"facecolor": paper, "edgecolor": "none", "pad": 1.0},
        zorder=6,
    )
