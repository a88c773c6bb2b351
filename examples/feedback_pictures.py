"""The pictures of `history_feedback.py`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from feedback_minutes import Recorded, Simulated, by_hour
from feedback_steth import Compared
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from trimtab.model import EventKind
from trimtab.simulation.world import WorldRun
from trimtab.units import float_of

ON, OFF, PATH, REAL = "#b3261e", "#1f6f8b", "#555555", "#222222"


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(axes.xaxis.get_major_locator()))
    axes.margins(x=0.01)


def _times(run: WorldRun) -> list[datetime]:
    return [datetime.fromtimestamp(tick.at_ns / 1e9, UTC) for tick in run.case.ticks]


def liquidated(run: WorldRun) -> NDArray[np.float64]:
    """Debt repaid by liquidations up to each step, quote."""
    at = {tick.at_ns: number for number, tick in enumerate(run.case.ticks)}
    steps = np.zeros(len(run.case.ticks))
    for timed in run.events:
        if timed.event.kind is EventKind.LIQUIDATE:
            steps[at[timed.at_ns]] += float_of(timed.event.value, 18)
    return np.cumsum(steps)


def draw_steth(found: list[Compared], name: str, *, path: Path) -> None:
    """Price of stETH with and without what is sold, and what is liquidated, by depth."""
    figure = Figure(figsize=(10, 6.4), dpi=144, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    run = found[0].feedback
    times, place = _times(run), run.outcomes.assets.index("stETH")
    upper.plot(
        times, found[0].without.reported[:, place], color=PATH, linewidth=1.2, label="history"
    )
    shades = np.linspace(1.0, 0.45, len(found))
    for each, shade in zip(found, shades, strict=True):
        label = f"market, depth x{each.depth}"
        upper.plot(
            times, each.feedback.prices[:, place], color=ON, alpha=shade, linewidth=1.4, label=label
        )
        for one, color, what in ((each.feedback, ON, "on"), (each.without, OFF, "off")):
            label = f"feedback {what}, depth x{each.depth}"
            style = "-" if what == "on" else "--"
            lower.plot(
                times, liquidated(one) / 1e3, style, color=color, alpha=shade, linewidth=1.6,
                label=label,
            )  # fmt: skip
    upper.set_ylabel("ETH per stETH")
    upper.set_title(
        f"{name}: the stETH book of June 2023 through the prices of that week", loc="left"
    )
    lower.set_ylabel("debt repaid by liquidations,\nthousand ETH, cumulative")
    for axes in (upper, lower):
        _plain(axes)
        axes.legend(frameon=False, fontsize=8, loc="best", ncols=2)
    figure.savefig(path, metadata={"Software": None})


def draw_minutes(
    found: Recorded, simulated: dict[str, Simulated], *, span: slice, path: Path
) -> None:
    """Recorded and simulated volume by hour, each as a share of its own total, and by rank."""
    figure = Figure(figsize=(10, 7.4), dpi=144, layout="constrained")
    upper, lower, ranks = figure.subplots(3, 1, height_ratios=(1, 1, 1.3))
    recorded = by_hour(found.longs + found.shorts, span)
    hours = [
        datetime.fromtimestamp(int(at), UTC) for at in found.at_s[span][: len(recorded) * 60 : 60]
    ]
    upper.bar(hours, 100.0 * recorded / recorded.sum(), width=1 / 24, color=REAL)
    upper.set_ylabel("recorded,\n% of total")
    upper.set_title(
        "ETHUSDT futures, January 2021: liquidated volume by hour, recorded and of a made-up book",
        loc="left",
    )
    made = {name: by_hour(one.longs + one.shorts, span) for name, one in simulated.items()}
    for (name, values), color in zip(made.items(), (ON, OFF), strict=False):
        share = 100.0 * values / max(values.sum(), 1e-300)
        lower.step(hours, share, where="mid", color=color, linewidth=1.0, label=f"feedback {name}")
        seen = (values > 0) & (recorded > 0)
        label = f"feedback {name}: {int(seen.sum())} of {len(values)} hours with both"
        ranks.plot(recorded[seen], values[seen], "o", color=color, markersize=3, alpha=0.55,
                   label=label)  # fmt: skip
    lower.set_ylabel("simulated,\n% of total")
    for axes in (upper, lower):
        _plain(axes)
    lower.legend(frameon=False, fontsize=8)
    ranks.set_xscale("log")
    ranks.set_yscale("log")
    ranks.set_xlabel("recorded, ETH an hour")
    ranks.set_ylabel("simulated, ETH an hour")
    ranks.spines[["top", "right"]].set_visible(False)
    ranks.legend(frameon=False, fontsize=8, loc="upper left")
    figure.savefig(path, metadata={"Software": None})
