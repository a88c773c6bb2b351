"""Profit and loss of an option book over price by volatility, with the scenarios of a venue."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trimtab.apps.report.drawing import COLORS, Picture, Shape, blank, dress, picture
from trimtab.apps.report.shown import MINUS, NARROW, plain_text, sentence, short_number
from trimtab.apps.report.thinning import Floats
from trimtab.protocols.option_assessment import Assessment, ScenarioPoint
from trimtab.protocols.option_book import (
    OptionBook,
    OptionLeg,
    greeks,
    profit_wad,
    shifted,
    surface_wad,
)
from trimtab.protocols.option_venues import shocked_vols_wad
from trimtab.units import WAD

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

MOVES, FACTORS = 61, 31
FRAME_PERCENT = 25
# From a loss over nothing to a gain, on light and on dark paper.
LIGHT_SHADES = ("#8c1d18", "#c8422b", "#eea27e", "#f8f3ee", "#a8cbe0", "#4f93bf", "#1f5f91")
DARK_SHADES = ("#ff7a5c", "#c2503a", "#6b332a", "#1d2128", "#274660", "#3f7fb0", "#7fc0f0")


@dataclass(frozen=True, slots=True)
class Surface:
    """What is drawn: floats in percent, factors and quote; `dots` are the venue's scenarios."""

    moves: Floats
    factors: Floats
    profit: Floats
    lines: dict[str, Floats]
    dots: tuple[tuple[float, float, float], ...]
    worst: tuple[float, float, float] | None
    outside: str
    requirement: float


def portfolio_picture(book: OptionBook, venue: str, *, found: Assessment) -> Picture:
    """Two panels on one axis of price: profit at three volatilities, and over all of them.

    Arguments:
        venue: a key of `VENUES`, whose shocks of volatility are drawn.
        found: that venue's margin of the book.
    """
    surface = _surface(book, venue, found=found)
    worst = found.worst.label if found.worst else "none of them"
    words = sentence(
        "Profit and loss of the portfolio in quote over moves of the price from {} to {} percent, "
        "and by volatility; the scenario that decides under {} is {}.",
        *(f"{surface.moves[0]:.0f}", f"{surface.moves[-1]:.0f}", found.venue, worst),
    )
    return picture(
        f"portfolio-{venue}",
        plain_text([words]),
        draw=lambda shape: _draw(surface, shape),
        height=600,
        scale=(
            short_number(float(surface.profit.min())),
            short_number(float(surface.profit.max())),
        ),
    )


def _surface(book: OptionBook, venue: str, *, found: Assessment) -> Surface:
    moves_wad = _steps(-FRAME_PERCENT * WAD // 100, FRAME_PERCENT * WAD // 100, count=MOVES)
    low, high = _factor_range(book, venue)
    low_edge, high_edge = min(low, 3 * WAD // 4), max(high, 5 * WAD // 4)
    pad = (high_edge - low_edge) // 8
    factors_wad = _steps(max(low_edge - pad, WAD // 20), high_edge + pad, count=FACTORS)
    found_wad = surface_wad(book, moves_wad, vol_factors_wad=factors_wad)
    profit = np.array([[value / WAD for value in row] for row in found_wad])
    heights = {"down": low / WAD, "the same": 1.0, "up": high / WAD}
    dots = [_dot(point, heights) for point in found.scenarios if point.vol in heights]
    worst = found.worst
    inside = worst is not None and worst.vol in heights and _in_frame(worst)
    return Surface(
        moves=np.array(moves_wad) / WAD * 100,
        factors=np.array(factors_wad) / WAD,
        profit=profit,
        lines=_lines(book, venue, moves_wad=moves_wad),
        dots=tuple(dot for dot in dots if abs(dot[0]) <= FRAME_PERCENT),
        worst=_dot(worst, heights) if worst is not None and inside else None,
        outside="" if worst is None or inside else worst.label,
        requirement=found.initial_wad / WAD,
    )


def _steps(low_wad: int, high_wad: int, *, count: int) -> list[int]:
    return [low_wad + (high_wad - low_wad) * step // (count - 1) for step in range(count)]


def _in_frame(point: ScenarioPoint) -> bool:
    return 100 * abs(point.move_wad) <= FRAME_PERCENT * WAD


def _dot(point: ScenarioPoint, heights: dict[str, float]) -> tuple[float, float, float]:
    return 100 * point.move_wad / WAD, heights[point.vol], point.profit_wad / WAD


def _main_leg(book: OptionBook) -> OptionLeg | None:
    """The leg with the most vega, whose shocks the dots stand at."""
    legs = sorted(book.options, key=lambda leg: leg.name)
    return max(
        legs,
        key=lambda leg: abs(greeks(OptionBook(book.spot_wad, (leg,))).vega_wad),
        default=None,
    )


def _factor_range(book: OptionBook, venue: str) -> tuple[int, int]:
    leg = _main_leg(book)
    if leg is None or leg.vol_wad == 0:
        return WAD, WAD
    down, up = shocked_vols_wad(venue, leg)
    return down * WAD // leg.vol_wad, up * WAD // leg.vol_wad


def _lines(book: OptionBook, venue: str, *, moves_wad: list[int]) -> dict[str, Floats]:
    """Profit over price with each option's volatility at the venue's own shock."""
    shocks = [shocked_vols_wad(venue, leg) for leg in book.options]
    same = tuple(leg.vol_wad for leg in book.options)
    vols = {"vol up": tuple(up for _, up in shocks), "vol the same": same}
    vols["vol down"] = tuple(down for down, _ in shocks)
    return {
        name: np.array([_profit(book, move, vols_wad=found) / WAD for move in moves_wad])
        for name, found in vols.items()
        if found != same or name == "vol the same"
    }


def _profit(book: OptionBook, move_wad: int, *, vols_wad: tuple[int, ...]) -> int:
    moved = shifted(book, price_wad=move_wad)
    legs = zip(moved.options, vols_wad, strict=True)
    options = tuple(replace(leg, vol_wad=vol) for leg, vol in legs)
    return profit_wad(book, replace(moved, options=options))


def _draw(surface: Surface, shape: Shape) -> "Canvas":
    canvas, (curves, panel) = blank(shape, (1.0, 1.15))
    _draw_curves(curves, surface, shape=shape)
    _draw_heat(panel, surface, shape=shape)
    panel.set_xlim(-FRAME_PERCENT, FRAME_PERCENT)
    curves.tick_params(axis="x", labelbottom=False, length=0)
    curves.spines["bottom"].set_visible(False)
    panel.set_xlabel("move of the price and of every forward", fontsize=10, labelpad=3)
    return canvas


def _draw_curves(panel: "Axes", surface: Surface, *, shape: Shape) -> None:
    tints = {"vol up": "loss", "vol the same": "ink", "vol down": "price"}
    for name, values in surface.lines.items():
        panel.plot(surface.moves, values, color=COLORS[tints[name]], linewidth=1.6, zorder=4)
    panel.axhline(0, color=COLORS["muted"], linewidth=0.8, zorder=2)
    style: dict[str, Any] = {"linewidth": 1.1, "linestyle": (0, (4, 3))}
    panel.axhline(-surface.requirement, color=COLORS["risk"], zorder=3, **style)
    if surface.dots:
        moves, _, profits = zip(*surface.dots, strict=True)
        _scatter(panel, moves, up=profits)
    if surface.worst:
        _mark(panel, surface.worst[0], up=surface.worst[2], profit=surface.worst[2])
    elif surface.outside and not shape.narrow:
        panel.text(
            *(0.995, 0.03, f"worst outside the frame: {surface.outside}"),
            transform=panel.transAxes,
            ha="right",
            fontsize=10,
            color=COLORS["risk"],
        )
    dress(panel, "profit and loss at the venue's three volatilities", bins=6)
    bottom, top = panel.get_ylim()
    panel.set_ylim(bottom - 0.16 * (top - bottom), top)


def _draw_heat(panel: "Axes", surface: Surface, *, shape: Shape) -> None:
    from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    top = max(float(np.abs(surface.profit).max()), 1e-9)
    norm = TwoSlopeNorm(0.0, vmin=-top, vmax=top)
    extent = (*surface.moves[[0, -1]], *surface.factors[[0, -1]])
    for name, shades in (("light", LIGHT_SHADES), ("dark", DARK_SHADES)):
        colors = LinearSegmentedColormap.from_list(name, shades)
        image = colors(norm(_fine(surface.profit)))
        panel.imshow(image, extent=extent, origin="lower", aspect="auto", interpolation="none")
    lines = panel.contour(
        *(surface.moves, surface.factors, surface.profit),
        levels=MaxNLocator(nbins=6 if shape.narrow else 9).tick_values(
            float(surface.profit.min()), float(surface.profit.max())
        ),
        colors=[COLORS["ink"]],
        linewidths=0.6,
        alpha=0.55,
    )
    panel.clabel(lines, fmt=short_number, fontsize=8.5)
    if surface.dots:
        moves, factors, _ = zip(*surface.dots, strict=True)
        _scatter(panel, moves, up=factors)
    if surface.worst:
        _mark(panel, surface.worst[0], up=surface.worst[1], profit=surface.worst[2])
    dress(panel, "the same by volatility, as a multiple of today's", words=lambda x: f"{x:g}×")
    panel.grid(visible=False)
    panel.set_ylim(*surface.factors[[0, -1]])
    panel.xaxis.set_major_formatter(FuncFormatter(_signed_percent))
    panel.xaxis.set_major_locator(MaxNLocator(nbins=shape.ticks + 1, steps=[1, 2, 5, 10]))


def _fine(values: Floats) -> Floats:
    """The surface on a grid four times as fine, by straight lines, so that no cells are seen."""
    rows, columns = values.shape
    across = np.linspace(0, columns - 1, 4 * columns)
    down = np.linspace(0, rows - 1, 4 * rows)
    wide = np.array([np.interp(across, np.arange(columns), row) for row in values])
    return np.array([np.interp(down, np.arange(rows), column) for column in wide.T]).T


def _signed_percent(value: float, _: object = None) -> str:
    sign = MINUS if value < 0 else "+" if value > 0 else ""
    return f"{sign}{abs(value):g}{NARROW}%"


def _scatter(panel: "Axes", across: tuple[float, ...], *, up: tuple[float, ...]) -> None:
    panel.scatter(
        *(across, up, 20),
        facecolors=COLORS["paper"],
        edgecolors=COLORS["ink"],
        linewidths=1.0,
        zorder=6,
    )


def _mark(panel: "Axes", across: float, *, up: float, profit: float) -> None:
    panel.scatter(
        *(across, up, 95),
        marker="D",
        color=COLORS["risk"],
        edgecolors=COLORS["paper"],
        linewidths=1.4,
        zorder=8,
    )
    panel.annotate(
        f"worst {short_number(profit)}",
        (across, up),
        xytext=(0, -11),
        textcoords="offset points",
        ha="center" if abs(across) < 0.8 * FRAME_PERCENT else "left" if across < 0 else "right",
        va="top",
        fontsize=10.5,
        fontweight="bold",
        color=COLORS["ink"],
        bbox={"facecolor": COLORS["paper"], "edgecolor": "none", "pad": 2.0, "alpha": 0.85},
        zorder=9,
    )
