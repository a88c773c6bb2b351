"""The liquidation heat map of a stress report: value by price and time, as likely as it is."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from trimtab.apps.report.drawing import COLORS, Picture, Shape, blank, dress, picture, price_number
from trimtab.apps.report.figures import DARK_SHADES, DECADES, LIGHT_SHADES
from trimtab.apps.report.shown import plain_text, printable, sentence, short_number
from trimtab.apps.stressing.answer import StressAnswer
from trimtab.simulation.stress import FAN_LEVELS
from trimtab.units import float_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

Floats = NDArray[np.float64]

_ROWS: Final = 72
# Quantiles of the price, with the width and the style of their lines.
LINES: Final = ((0.01, 1.2, (0, (1, 1.6))), (0.05, 1.2, (0, (5, 2.5))), (0.5, 1.6, "solid"))
_COLUMNS_MOST: Final = 120


def heat_picture(answer: StressAnswer) -> Picture | None:
    """Debt at its liquidation price, times the share of paths that have fallen there by then.

    None where no fall of the asset makes anybody liquidatable within the picture.
    """
    grid = _grid(answer)
    if grid is None:
        return None
    edges, expected = grid
    quote = printable(answer.result.question.case.rules.quote)
    words = sentence(
        "Heat map: debt in {} by the {} price at which it is liquidated, over time, times the "
        "share of paths that have fallen that far; lines are quantiles of the price.",
        *(quote, printable(answer.asset)),
    )
    top = float(expected.max())
    return picture(
        "heat",
        plain_text([words]),
        draw=lambda shape: _draw(answer, edges, expected=expected, shape=shape),
        height=430,
        scale=(_rounded(top / 10**DECADES), _rounded(top)),
    )


def _rounded(value: float) -> str:
    """A value by three digits, on either side of a thousand: `273`, `273k`."""
    return short_number(float(f"{value:.3g}"))


def _grid(answer: StressAnswer) -> tuple[Floats, Floats] | None:
    """Edges of prices, and the debt between them that is expected to be reached by each step."""
    quantiles = answer.price_quantiles()
    start = float(quantiles[0, 0])
    low = min(0.9 * start, 0.97 * float(quantiles[0].min()))
    edges = np.linspace(low, max(1.02 * start, float(quantiles[4].max())), _ROWS + 1)
    at, owed = _levels(answer)
    debt, _ = np.histogram(at, bins=edges, weights=owed)
    if not debt.any():
        return None
    steps = np.unique(
        np.linspace(0, len(answer.fan.seconds) - 1, _COLUMNS_MOST).round().astype(int)
    )
    reached = answer.reached(0.5 * (edges[:-1] + edges[1:]))[:, steps]
    expected = debt[:, None] * reached
    return (edges, expected) if expected.any() else None


def _levels(answer: StressAnswer) -> tuple[Floats, Floats]:
    """Liquidation prices of the fan's asset by a fall, and what is owed at each."""
    at, owed = [], []
    for one in answer.standing.accounts:
        price = one.liquidation_price_wad.get(answer.asset)
        if price is None or one.liquidation_side.get(answer.asset) == "above":
            continue
        at.append(float_of(price, 18))
        owed.append(float_of(one.debt_wad + one.notional_wad, 18))
    return np.array(at), np.array(owed)


def _draw(answer: StressAnswer, edges: Floats, *, expected: Floats, shape: Shape) -> "Canvas":
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patheffects import withStroke
    from matplotlib.ticker import MaxNLocator

    quote = printable(answer.result.question.case.rules.quote)
    quantiles = answer.price_quantiles()
    hours = np.array(answer.fan.seconds) / 3600.0
    canvas, (panel,) = blank(shape, (1.0,))
    top = float(expected.max())
    depth = np.clip(1 + np.log10(np.maximum(expected, top / 1e9) / top) / DECADES, 0, 1)
    for name, shades in (("light", LIGHT_SHADES), ("dark", DARK_SHADES)):
        image = LinearSegmentedColormap.from_list(name, shades)(depth)
        image[..., 3] = expected * 10**DECADES >= top
        panel.imshow(
            image,
            extent=(0.0, float(hours[-1]), edges[0], edges[-1]),
            origin="lower",
            aspect="auto",
            interpolation="none",
        )
    for level, width, style in LINES:
        place = FAN_LEVELS.index(level)
        ink: dict[str, Any] = {"color": COLORS["ink"], "linewidth": width, "linestyle": style}
        (line,) = panel.plot(hours, quantiles[place], **ink)
        line.set_path_effects([withStroke(linewidth=width + 2.2, foreground=COLORS["paper"])])
    panel.set_ylim(edges[0], edges[-1])
    dress(
        panel,
        f"liquidation price, {quote} per {printable(answer.asset)}",
        bins=7,
        words=price_number,
    )
    panel.xaxis.set_major_locator(MaxNLocator(nbins=shape.ticks, steps=[1, 2, 3, 6, 10]))
    panel.set_xlabel("hours from the start", fontsize=10, labelpad=3)
    panel.margins(x=0)
    return canvas
