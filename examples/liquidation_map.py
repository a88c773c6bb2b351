"""Draw where a book's liquidations wait, against the market price: the picture of the README.

    python examples/liquidation_map.py docs/images/demo.png

Each cell is debt that a fall of the main collateral to that price would make liquidatable.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import dates
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

import trimtab

CELLS = 90


def draw(path: Path) -> None:
    """Replay the bundled crash and save the map as a PNG."""
    run = trimtab.replay(trimtab.demo_case()).run
    samples, asset = run.metrics.samples, run.metrics.asset
    low, high = 45.0, 1.05 * max(sample.price for sample in samples)
    edges = np.linspace(low, high, CELLS + 1)
    debt = np.array(
        [
            np.histogram(sample.liquidation_price, bins=edges, weights=sample.debt)[0]
            for sample in samples
        ]
    )
    times = [datetime.fromtimestamp(sample.at_ns / 1e9, UTC) for sample in samples]
    figure = Figure(figsize=(10, 4.2), dpi=144, layout="constrained")
    axes = figure.add_subplot()
    cells = axes.pcolormesh(
        times,
        (edges[1:] + edges[:-1]) / 2,
        np.where(debt > 0, debt, np.nan).T,
        norm=LogNorm(vmin=2e3, vmax=debt.max()),
        cmap="flare" if "flare" in mpl.colormaps else "magma_r",
        shading="nearest",
        rasterized=True,
    )
    prices = [sample.price for sample in samples]
    axes.plot(times, prices, color="white", linewidth=3.4)
    axes.plot(times, prices, color="black", linewidth=1.5, label=f"market price of {asset}")
    axes.set_ylim(low, high)
    axes.set_ylabel(f"liquidation price, USD per {asset}")
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(axes.xaxis.get_major_locator()))
    axes.set_title(
        "Where liquidations wait: a synthetic book through a crash like that of 12 March 2020",
        loc="left",
        fontsize=11,
    )
    axes.legend(frameon=False, loc="upper right")
    axes.spines[["top", "right"]].set_visible(False)
    figure.colorbar(cells, ax=axes, label="debt per cell, USD", pad=0.01)
    figure.savefig(path, metadata={"Software": None})


if __name__ == "__main__":
    draw(Path(sys.argv[1] if len(sys.argv) > 1 else "liquidation_map.png"))
