"""The pictures of a stress report: prices, losses, the cascade, what the answer hangs on."""

from typing import TYPE_CHECKING, Any

import numpy as np

from trimtab.apps.report.drawing import COLORS, Picture, Shape, blank, dress, picture, price_number
from trimtab.apps.report.shown import NARROW, plain_text, price, printable, sentence, short_number
from trimtab.apps.report.stress_rows import figure
from trimtab.apps.stressing.answer import StressAnswer
from trimtab.simulation.stress import ShockCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

# Pairs of quantiles that bound a band, pale to deep.
BANDS = ((0, 6, 0.14), (1, 5, 0.22), (2, 4, 0.34))


def stress_pictures(answer: StressAnswer) -> dict[str, Picture]:
    """The pictures that the answer has the data for, by name."""
    found = [_fan(answer), _losses(answer), _curve(answer), _tornado(answer), _settling(answer)]
    return {one.name: one for one in found if one is not None}


def _quote(answer: StressAnswer) -> str:
    return printable(answer.result.question.case.rules.quote)


def _fan(answer: StressAnswer) -> Picture:
    asset, quote = printable(answer.asset), _quote(answer)
    found = answer.price_quantiles()
    last = found[:, -1]
    words = sentence(
        "Price of {} in {} over the horizon: from {}, half of the paths end between {} and {}, "
        "ninety-eight of a hundred between {} and {}.",
        *(asset, quote, price(float(found[3, 0]))),
        *(price(float(last[2])), price(float(last[4]))),
        *(price(float(last[0])), price(float(last[6]))),
    )
    return picture(
        "fan", plain_text([words]), draw=lambda shape: _draw_fan(answer, shape), height=320
    )


def _draw_fan(answer: StressAnswer, shape: Shape) -> "Canvas":
    canvas, (panel,) = blank(shape, (1.0,))
    found, hours = answer.price_quantiles(), np.array(answer.fan.seconds) / 3600.0
    style: dict[str, Any] = {"linewidth": 0, "color": COLORS["price"]}
    for low, high, alpha in BANDS:
        panel.fill_between(hours, found[low], found[high], alpha=alpha, **style)
    middle = answer.fan.levels.index(0.5)
    panel.plot(hours, found[middle], color=COLORS["price"], linewidth=1.6)
    asset = printable(answer.asset)
    title = f"{asset} price, {_quote(answer)} per {asset}"
    dress(panel, title, words=price_number)
    _hours(panel, shape)
    return canvas


def _hours(panel: "Axes", shape: Shape) -> None:
    from matplotlib.ticker import MaxNLocator

    panel.xaxis.set_major_locator(MaxNLocator(nbins=shape.ticks, steps=[1, 2, 3, 6, 10]))
    panel.set_xlabel("hours from the start", fontsize=10, labelpad=3)
    panel.margins(x=0)


def _losses(answer: StressAnswer) -> Picture | None:
    found = answer.result.loss
    if not found.histogram.shares:
        return None
    tail, quote = answer.result.tail(), _quote(answer)
    words = sentence(
        "Histogram of the loss over the horizon in {}: {} of the paths lose nothing; the worst "
        "loses {}. Value at risk and expected shortfall at {} are drawn at {} and {}.",
        *(quote, f"{found.histogram.zero_share:.1%}", figure(found.worst)),
        *(f"{tail.level:.10g}", figure(tail.value_at_risk.value)),
        figure(tail.expected_shortfall.value),
    )
    return picture(
        "losses",
        plain_text([words]),
        draw=lambda shape: _draw_losses(answer, shape),
        height=320,
    )


def _draw_losses(answer: StressAnswer, shape: Shape) -> "Canvas":
    from matplotlib.patheffects import withStroke

    found, quote = answer.result.loss, _quote(answer)
    canvas, (panel,) = blank(shape, (1.0,))
    edges = np.array(found.histogram.edges)
    shares = 100.0 * np.array(found.histogram.shares)
    panel.bar(
        edges[:-1],
        shares,
        width=np.diff(edges) * 0.92,
        align="edge",
        color=COLORS["risk"],
        alpha=0.7,
        linewidth=0,
    )
    top = 1.28 * float(shares.max())
    panel.set_ylim(0.0, top)
    for place, tail in enumerate(found.tails):
        for tint, name, one in (
            ("ink", "VaR", tail.value_at_risk),
            ("loss", "ES", tail.expected_shortfall),
        ):
            height = top * (0.98 - 0.13 * place - (0.065 if name == "ES" else 0.0))
            panel.plot([one.value] * 2, [0.0, height], color=COLORS[tint], linewidth=1.2)
            right = one.value > 0.55 * edges[-1]
            panel.annotate(
                f"{name} {tail.level:.10g}",
                (one.value, height),
                xytext=(-4 if right else 4, -4),
                textcoords="offset points",
                ha="right" if right else "left",
                va="top",
                fontsize=9,
                color=COLORS[tint],
                path_effects=[withStroke(linewidth=3, foreground=COLORS["paper"])],
                zorder=5,
            )
    dress(panel, "share of paths, %, of those that lose", bins=4)
    _values(panel, f"loss over the horizon, {quote}", shape=shape)
    panel.set_xlim(0.0, edges[-1] * 1.02)
    return canvas


def _values(panel: "Axes", words: str, *, shape: Shape) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
    panel.xaxis.set_major_locator(MaxNLocator(nbins=shape.ticks, steps=[1, 2, 2.5, 5, 10]))
    panel.set_xlabel(words, fontsize=10, labelpad=3)


def _curve(answer: StressAnswer) -> Picture | None:
    curve, quote = answer.result.curve, _quote(answer)
    if curve is None or not any(point.liquidated > 0.0 for point in curve.points):
        return None
    deepest = curve.points[-1]
    words = sentence(
        "What a fall of all prices liquidates and loses in {}, with what sales do to the price and "
        "without; after a fall of {} percent {} is liquidated and {} lost, {} and {} without.",
        *(quote, f"{100 * deepest.depth:.0f}"),
        *(figure(deepest.liquidated), figure(deepest.loss)),
        *(figure(deepest.liquidated_alone), figure(deepest.loss_alone)),
    )
    return picture(
        "cascade",
        plain_text([words]),
        draw=lambda shape: _draw_curve(curve, quote, shape=shape),
        height=440,
    )


def _draw_curve(curve: ShockCurve, quote: str, *, shape: Shape) -> "Canvas":
    from matplotlib.ticker import FuncFormatter

    canvas, panels = blank(shape, (1.0, 1.0))
    depths = [100.0 * point.depth for point in curve.points]
    drawn: tuple[tuple[str, str, str, str], ...] = (
        ("liquidated", "liquidated_alone", "act", f"debt liquidated, {quote}"),
        ("loss", "loss_alone", "loss", f"loss, {quote}"),
    )
    for panel, (name, alone, tint, title) in zip(panels, drawn, strict=True):
        values = [getattr(point, name) for point in curve.points]
        quiet = [getattr(point, alone) for point in curve.points]
        style: dict[str, Any] = {"linewidth": 0, "alpha": 0.25, "color": COLORS[tint]}
        panel.fill_between(depths, quiet, values, **style)
        panel.plot(depths, values, color=COLORS[tint], linewidth=1.7, marker="o", markersize=3)
        if values != quiet:
            panel.plot(depths, quiet, color=COLORS["muted"], linewidth=1.2, linestyle=(0, (4, 3)))
        dress(panel, title, zero=True, bins=4)
        panel.set_xlim(depths[0], depths[-1])
    panels[0].tick_params(axis="x", labelbottom=False, length=0)
    panels[-1].xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}{NARROW}%"))
    panels[-1].set_xlabel("fall of everything that moves", fontsize=10, labelpad=3)
    return canvas


def _tornado(answer: StressAnswer) -> Picture | None:
    found = [one for one in answer.sensitivities if one.swing > 0.0]
    if not found:
        return None
    tail, quote = answer.result.tail(), _quote(answer)
    words = sentence(
        "Expected shortfall at {} in {} with one assumption changed at a time, from {}; it moves "
        "most, by {}, with {}.",
        *(f"{tail.level:.10g}", quote, figure(found[0].base.value)),
        *(figure(found[0].swing), printable(found[0].factor)),
    )
    return picture(
        "tornado",
        plain_text([words]),
        draw=lambda shape: _draw_tornado(answer, shape),
        height=90 + 46 * len(found),
    )


def _draw_tornado(answer: StressAnswer, shape: Shape) -> "Canvas":
    found = [one for one in answer.sensitivities if one.swing > 0.0]
    canvas, (panel,) = blank(shape, (1.0,))
    base = found[0].base.value
    for place, one in enumerate(found):
        for side in (one.low, one.high):
            worse = side.value > base
            panel.barh(
                place,
                abs(side.value - base),
                left=min(base, side.value),
                height=0.34,
                color=COLORS["loss" if worse else "accent"],
                alpha=0.8,
            )
        panel.annotate(
            f"{printable(one.factor)}: {one.low_name} and {one.high_name}",
            (0.0, place - 0.26),
            xycoords=("axes fraction", "data"),
            va="bottom",
            fontsize=9.5,
            color=COLORS["ink"],
        )
    panel.axvline(base, color=COLORS["ink"], linewidth=1)
    panel.set_ylim(len(found) - 0.5, -0.75)
    panel.set_yticks([])
    panel.grid(axis="x")
    panel.set_axisbelow(True)
    panel.tick_params(axis="both", length=0, pad=5)
    tail = answer.result.tail()
    _values(panel, f"expected shortfall at {tail.level:.10g}, {_quote(answer)}", shape=shape)
    panel.margins(x=0.04)
    return canvas


def _settling(answer: StressAnswer) -> Picture | None:
    found = answer.result.convergence
    if len(found.paths) < 3 or not any(found.expected_shortfall):
        return None
    quote = _quote(answer)
    words = sentence(
        "Running estimates of value at risk and expected shortfall at {} against the number of "
        "paths, in {}; at the end {} and {}.",
        *(f"{found.level:.10g}", quote, figure(found.value_at_risk[-1])),
        figure(found.expected_shortfall[-1]),
    )
    return picture(
        "settling",
        plain_text([words]),
        draw=lambda shape: _draw_settling(answer, shape),
        height=300,
    )


def _draw_settling(answer: StressAnswer, shape: Shape) -> "Canvas":
    from matplotlib.ticker import FuncFormatter, NullFormatter

    found, quote = answer.result.convergence, _quote(answer)
    canvas, (panel,) = blank(shape, (1.0,))
    paths = np.array(found.paths, dtype=np.float64)
    for tint, values, errors in (
        ("ink", found.value_at_risk, found.value_at_risk_error),
        ("loss", found.expected_shortfall, found.expected_shortfall_error),
    ):
        middle = np.array(values)
        # Few paths bound neither: a band of nothing would pass for certainty.
        bounded = np.isfinite(found.value_at_risk_error) & np.isfinite(errors)
        reach = 1.96 * np.where(bounded, errors, np.nan)
        style: dict[str, Any] = {"linewidth": 0, "alpha": 0.16, "color": COLORS[tint]}
        panel.fill_between(paths, np.maximum(middle - reach, 0.0), middle + reach, **style)
        panel.plot(paths, middle, color=COLORS[tint], linewidth=1.5)
    panel.set_xscale("log")
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    panel.xaxis.set_minor_formatter(NullFormatter())
    ticks = sorted({int(paths[0]), *(10**k for k in range(2, 8) if paths[0] < 10**k < paths[-1])})
    panel.set_xticks([*ticks, int(paths[-1])])
    panel.minorticks_off()
    dress(panel, f"loss at {found.level:.10g}, {quote}", zero=True, bins=4)
    panel.set_xlabel("paths, logarithmic", fontsize=10, labelpad=3)
    panel.margins(x=0)
    return canvas
