"""The three pictures over time: price and liquidations, liquidation prices, debt by health."""

from typing import TYPE_CHECKING, Any

import numpy as np

from trimtab.apps.report.bars import bucket_names
from trimtab.apps.report.drawing import (
    COLORS,
    Picture,
    Shape,
    blank,
    dress,
    mark_values,
    picture,
    price_number,
    time_axis,
)
from trimtab.apps.report.loss_prices import LossPair, pair_name
from trimtab.apps.report.prices import main_path
from trimtab.apps.report.shown import axis_words, plain_text, price, sentence, short_number
from trimtab.apps.report.story import owed_words
from trimtab.apps.report.thinning import (
    Floats,
    Heat,
    bins,
    column,
    days,
    heat,
    peaks,
    per_bin,
    times,
)
from trimtab.simulation import HEALTH_EDGES, Metrics, ReplayRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

# Shades of the heat maps, pale to deep and dark to bright.
DECADES = 3.0
LIGHT_SHADES = ("#f3e3cf", "#f0b98d", "#e07f63", "#b8476a", "#762a6b", "#37124c")
DARK_SHADES = ("#2b2238", "#5a2a63", "#97376a", "#d35c5a", "#f29b5c", "#fbe3a5")


def heat_of(run: ReplayRun) -> Heat | None:
    """Debt by time and liquidation price of the main asset; None where there is none to draw."""
    samples = run.metrics.samples
    return heat(samples) if len(run.metrics.at_ns) > 1 and len(samples) > 1 else None


def pictures(
    run: ReplayRun, *, grid: Heat | None, pair: LossPair | None = None
) -> dict[str, Picture]:
    """The pictures that the run has the data for; none with a single step.

    Arguments:
        grid: see `heat_of`. pair: the price that the losses hang on, where it is drawn too.
    """
    if len(run.metrics.at_ns) < 2:
        return {}
    found = [_price_picture(run, pair), _health_picture(run)]
    if grid is not None:
        found.append(_heat_picture(run, grid))
    return {one.name: one for one in found}


def _price_picture(run: ReplayRun, pair: LossPair | None) -> Picture:
    path, quote = main_path(run), run.case.rules.quote
    strips = _strips(run, pair)
    alt = plain_text(
        [
            sentence(
                "Price of {} over time, from {} to {} {}, lowest {}, with {} liquidations on it{}.",
                *(path.asset, price(path.first), price(path.last), quote, price(path.low)),
                str(run.tally.liquidations + run.tally.position_liquidations),
                f"; below it {' and '.join(strips)}" if strips else "",
            )
        ]
    )
    acted = _largest_step(run, "repaid_value", "closed_value")
    scale = (acted, _largest_step(run, "bad_debt_value"))
    height = 320 + 75 * len(strips) + (60 if pair else 0)
    return picture(
        "price",
        alt,
        draw=lambda shape: _draw_price(run, pair, shape=shape),
        height=height,
        scale=scale,
    )


def _strips(run: ReplayRun, pair: LossPair | None) -> list[str]:
    """The strips under the price: only those that have something to show."""
    found = [pair_name(pair)] if pair else []
    if column(run.metrics, "accounts_unsafe").any():
        found.append("unsafe accounts after each step")
    if run.case.gas:
        found.append("gas of one liquidation")
    return found


def _draw_price(run: ReplayRun, pair: LossPair | None, *, shape: Shape) -> "Canvas":
    metrics, quote, asset = run.metrics, run.case.rules.quote, run.metrics.asset
    strips = _strips(run, pair)
    heights = (1.8, *(1.0 for _ in strips[1:])) if pair else tuple(1.0 for _ in strips)
    canvas, panels = blank(shape, (3.4, *heights))
    at, prices = times(metrics.at_ns), column(metrics, f"price_{asset}")
    kept = peaks(prices)
    panels[0].plot(days(at[kept]), prices[kept], color=COLORS["price"], linewidth=1.5, zorder=5)
    _mark_liquidations(panels[0], run, prices=prices)
    dress(panels[0], f"{asset} price, {quote} per {asset}", words=price_number)
    panels[0].margins(y=0.12)
    for panel, strip in zip(panels[1:], strips, strict=True):
        if pair is not None and panel is panels[1]:
            _draw_pair(panel, run, pair=pair)
            name = strip if not shape.narrow else f"{pair.held} price in {pair.owed}"
            dress(panel, name, bins=4, words=price_number)
        elif strip.startswith("unsafe"):
            _draw_unsafe(panel, run)
            dress(panel, f"{strip}, number", zero=True, bins=3)
        else:
            _draw_gas(panel, run)
            dress(panel, f"{strip}, {quote}", zero=True, bins=3)
    time_axis(panels, shape, words=_axis_words(run))
    panels[-1].set_xlim(*days(at[[0, -1]]))
    return canvas


def _draw_pair(panel: "Axes", run: ReplayRun, *, pair: LossPair) -> None:
    """The price that the losses hang on, and where these accounts' losses sit on it."""
    at, kept = days(times(run.metrics.at_ns)), peaks(pair.prices)
    panel.plot(at[kept], pair.prices[kept], color=COLORS["price"], linewidth=1.5, zorder=5)
    starts = bins(len(at))
    lost = per_bin(pair.lost, starts)
    top = max(float(values.max()) for values in _marked(run))
    height = pair.prices[starts]
    mark_values(panel, at[starts], height=height, done=0 * lost, lost=lost, biggest=top)
    panel.margins(y=0.15)


def _draw_unsafe(panel: "Axes", run: ReplayRun) -> None:
    unsafe = column(run.metrics, "accounts_unsafe")
    kept = peaks(unsafe)
    style: dict[str, Any] = {"step": "post", "linewidth": 0, "color": COLORS["risk"]}
    panel.fill_between(days(times(run.metrics.at_ns)[kept]), unsafe[kept], alpha=0.75, **style)


def _draw_gas(panel: "Axes", run: ReplayRun) -> None:
    at = days(times([tick.at_ns for tick in run.case.gas]))
    cost = np.array([tick.cost_wad / 10**18 for tick in run.case.gas])
    kept = peaks(cost)
    style: dict[str, Any] = {"linewidth": 1.4, "drawstyle": "steps-post"}
    panel.plot(at[kept], cost[kept], color=COLORS["gas"], **style)


def _mark_liquidations(panel: "Axes", run: ReplayRun, *, prices: Floats) -> None:
    """Circles whose area is what was repaid, diamonds for what was lost, on the same scale."""
    starts, at = bins(len(run.metrics.at_ns)), days(times(run.metrics.at_ns))
    done, lost = _marked(run)
    mark_values(panel, at[starts], height=prices[starts], done=done, lost=lost)


def _marked(run: ReplayRun) -> tuple[Floats, Floats]:
    """What was done and what was lost within each marker's span."""
    metrics, starts = run.metrics, bins(len(run.metrics.at_ns))
    acted = column(metrics, "repaid_value") + column(metrics, "closed_value")
    return per_bin(acted, starts), per_bin(column(metrics, "bad_debt_value"), starts)


def _largest_step(run: ReplayRun, *names: str) -> str:
    """The largest growth of running totals within one marker's span."""
    total = sum(column(run.metrics, name) for name in names)
    values = per_bin(np.asarray(total), bins(len(run.metrics.at_ns)))
    return short_number(float(values.max()))


def _heat_picture(run: ReplayRun, grid: Heat) -> Picture:
    asset = run.metrics.asset
    owed = owed_words(run)
    alt = (
        f"Heat map: {owed} by the {asset} price at which it would be liquidated, over time, with "
        f"the market price of {asset} drawn over it; what the price reaches is liquidated."
    )
    top = float(grid.debt.max())
    return picture(
        "heat",
        alt,
        draw=lambda shape: _draw_heat(run, grid, shape=shape),
        height=430,
        scale=(short_number(top / 10**DECADES), short_number(top)),
    )


def _draw_heat(run: ReplayRun, grid: Heat, *, shape: Shape) -> "Canvas":
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patheffects import withStroke

    metrics, quote, asset = run.metrics, run.case.rules.quote, run.metrics.asset
    canvas, panels = blank(shape, (1.0,))
    panel, at = panels[0], times(metrics.at_ns)
    span = days(times([grid.start_ns, grid.end_ns]))
    top = max(float(grid.debt.max()), 1e-9)
    depth = np.clip(1 + np.log10(np.maximum(grid.debt, top / 1e9) / top) / DECADES, 0, 1)
    for name, shades in (("light", LIGHT_SHADES), ("dark", DARK_SHADES)):
        image = LinearSegmentedColormap.from_list(name, shades)(depth)
        image[..., 3] = grid.debt * 10**DECADES >= top
        panel.imshow(
            image,
            extent=(span[0], span[1], grid.low, grid.high),
            origin="lower",
            aspect="auto",
            interpolation="none",
        )
    prices = column(metrics, f"price_{asset}")
    kept = peaks(prices)
    (line,) = panel.plot(days(at[kept]), prices[kept], color=COLORS["ink"], linewidth=1.6)
    line.set_path_effects([withStroke(linewidth=4, foreground=COLORS["paper"])])
    panel.set_ylim(grid.low, grid.high)
    dress(panel, f"liquidation price, {quote} per {asset}", bins=7, words=price_number)
    time_axis(panels, shape, words=_axis_words(run))
    return canvas


def exposure_at_risk(metrics: Metrics) -> Floats:
    """Debt and notional of accounts at risk, at each step, quote."""
    return column(metrics, "debt_at_risk_value") + column(metrics, "notional_at_risk_value")


def _health_picture(run: ReplayRun) -> Picture:
    owed = owed_words(run)
    alt = (
        f"Stacked areas: {owed} by health of its account over time, the riskiest at the bottom "
        f"({', '.join(bucket_names(HEALTH_EDGES))}), with a line over the {owed} at risk."
    )
    return picture("health", alt, draw=lambda shape: _draw_health(run, shape), height=380)


def _draw_health(run: ReplayRun, shape: Shape) -> "Canvas":
    metrics, quote = run.metrics, run.case.rules.quote
    canvas, panels = blank(shape, (1.0,))
    risk = exposure_at_risk(metrics)
    kept = peaks(risk)
    at = days(times(metrics.at_ns)[kept])
    stack = [column(metrics, f"debt_health_from_{edge:g}")[kept] for edge in HEALTH_EDGES]
    colors = [COLORS[f"h{place}"] for place in range(len(HEALTH_EDGES))]
    panels[0].stackplot(at, stack, colors=colors, linewidth=0, step="post")
    panels[0].plot(at, risk[kept], color=COLORS["ink"], linewidth=1.2, drawstyle="steps-post")
    dress(panels[0], f"{owed_words(run)}, {quote}", zero=True, bins=6)
    time_axis(panels, shape, words=_axis_words(run))
    return canvas


def _axis_words(run: ReplayRun) -> str:
    return axis_words(run.metrics.at_ns[0], run.metrics.at_ns[-1])
