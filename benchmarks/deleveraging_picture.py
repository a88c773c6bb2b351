"""Draw whom the three policies cut, what leverage they leave, and what they take.

python -m benchmarks.deleveraging_picture benchmarks/deleveraging.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.deleveraging import POLICIES, Cut, run
from benchmarks.deleveraging_book import CENTS, PNL_CLOSED, markets
from trimtab.model import AdlPolicy

# Told apart in grey and by the color-blind too: darkness and dashes differ.
LOOKS = {
    AdlPolicy.QUEUE: ("#c2410c", "--"),
    AdlPolicy.PRO_RATA: ("#7a7a7a", ":"),
    AdlPolicy.WATER_FILL: ("#1d4ed8", "-"),
}
NAMES = {
    AdlPolicy.QUEUE: "queue",
    AdlPolicy.PRO_RATA: "pro rata",
    AdlPolicy.WATER_FILL: "water-filling",
}
EDGES = np.geomspace(0.005, 60, 40)


def draw(path: Path) -> None:
    """Cut the whole book by each policy and save the picture as a PNG."""
    book = markets()
    cut = {policy: run(book, policy) for policy in POLICIES}
    figure = Figure(figsize=(11, 3.9), dpi=144, layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    draw_cut(left, cut)
    draw_left(middle, cut)
    draw_pnl(right, cut)
    figure.savefig(path)


def joined(found: list[Cut]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Size, cut and equity of all positions with equity."""
    columns = [
        np.concatenate(parts)
        for parts in zip(
            *((o.market.held.size, o.sizes, o.market.held.equity) for o in found), strict=True
        )
    ]
    rich = columns[2] > 0
    size, cut, equity = (column[rich].astype(float) for column in columns)
    return size, cut, equity


def draw_cut(axes: Axes, cut: dict[AdlPolicy, list[Cut]]) -> None:
    """Share of the notional at each leverage that is cut."""
    for policy, found in cut.items():
        size, taken, equity = joined(found)
        held = np.histogram(size / equity, EDGES, weights=size)[0]
        closed = np.histogram(size / equity, EDGES, weights=taken)[0]
        share = np.divide(closed, held, out=np.full(len(held), np.nan), where=held > 0)
        plot(axes, policy, share)
    label(axes, "Share of positions cut", "leverage before the cut")
    axes.legend(frameon=False, loc="upper left")


def draw_left(axes: Axes, cut: dict[AdlPolicy, list[Cut]]) -> None:
    """Share of the notional left that stands at a higher leverage."""
    for policy, found in cut.items():
        size, taken, equity = joined(found)
        rest = size - taken
        counted = np.histogram(rest / equity, [*EDGES, np.inf], weights=rest)[0]
        beyond = counted[::-1].cumsum()[::-1] / rest.sum()
        plot(axes, policy, beyond[:-1])
    label(axes, "Share of what is left above a leverage", "leverage after the cut")
    axes.set_yscale("log")
    axes.set_ylim(0.01, 130)
    axes.set_yticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])


def plot(axes: Axes, policy: AdlPolicy, share: np.ndarray) -> None:
    """One policy's curve in per cent."""
    color, dashes = LOOKS[policy]
    middles = np.sqrt(EDGES[1:] * EDGES[:-1])
    axes.plot(middles, 100 * share, color=color, linestyle=dashes, linewidth=2, label=NAMES[policy])


def label(axes: Axes, title: str, below: str) -> None:
    """Titles and ticks of a curve over leverage."""
    axes.set_xscale("log")
    axes.set_xticks([0.01, 0.1, 1, 10], ["0.01", "0.1", "1", "10"])
    axes.set_title(title + ", %", loc="left", fontsize=11)
    axes.set_xlabel(below)
    axes.set_ylim(0, 104)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def draw_pnl(axes: Axes, cut: dict[AdlPolicy, list[Cut]]) -> None:
    """Pnl closed by each policy, beside what the venue's queue closed."""
    values = [sum(float(o.pnl.sum()) for o in found) / CENTS / 1e6 for found in cut.values()]
    names, colors = [NAMES[policy] for policy in cut], [LOOKS[policy][0] for policy in cut]
    bars = axes.bar([*names, "recorded"], [*values, PNL_CLOSED / 1e6], color=[*colors, "white"])
    bars[-1].set_edgecolor("black")
    labels = [f"{value:,.0f}" for value in (*values, PNL_CLOSED / 1e6)]
    axes.bar_label(bars, labels, padding=2)
    axes.set_title("Unrealized gains closed, M USD", loc="left", fontsize=11)
    axes.set_ylim(0, 1.12 * max(values))
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
