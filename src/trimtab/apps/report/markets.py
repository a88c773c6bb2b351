"""Pictures of derivatives markets over time: price and closes, open interest, funding, funds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

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
from trimtab.apps.report.shown import Shown, axis_words, money, price, short_number
from trimtab.apps.report.thinning import Floats, bins, column, days, peaks, per_bin, times
from trimtab.model import EventKind
from trimtab.simulation import ReplayRun
from trimtab.units import WAD, fixed_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

# The markets with the most open interest get a picture each.
PICTURED_MAX = 4


@dataclass(frozen=True, slots=True)
class MarketRow:
    """One market at both ends: open interest of the larger side, mark price, and what happened."""

    market: str
    asset: str
    open_first: Shown
    open_last: Shown
    mark_first: Shown
    mark_last: Shown
    funding: Shown
    closed: Shown
    cut: Shown
    losses: Shown


def market_names(run: ReplayRun) -> list[str]:
    """Markets of the book, the largest open interest first."""
    markets = run.case.rules.markets
    most = {market: float(_open(run, market).max()) for market in markets}
    return sorted(markets, key=lambda market: (-most[market], market))


def market_pictures(run: ReplayRun) -> list[Picture]:
    """A picture for each of the largest markets, and one of the funds; none for a single step."""
    if len(run.metrics.at_ns) < 2 or not run.case.rules.markets:
        return []
    names = [name for name in market_names(run) if _open(run, name).any()][:PICTURED_MAX]
    found = [_market_picture(run, name, place=place) for place, name in enumerate(names)]
    return [*found, _fund_picture(run)] if found else []


def _open(run: ReplayRun, market: str) -> Floats:
    sides = (column(run.metrics, f"{side}_{market}") for side in ("long", "short"))
    return np.maximum(*sides)


def _market_picture(run: ReplayRun, market: str, *, place: int) -> Picture:
    quote = run.case.rules.quote
    closed, cut = _totals(run, market)
    rated = column(run.metrics, f"funding_rate_{market}").any()
    alt = (
        f"{market} over time: mark price with what liquidations closed ({short_number(closed)} "
        f"{quote}) and deleveraging cut ({short_number(cut)} {quote}); below it open interest of "
        f"longs and shorts{', and the funding rate' if rated else ''}."
    )
    largest = (_largest(run, market, kind=EventKind.LIQUIDATE_POSITION), "")
    cuts = _largest(run, market, kind=EventKind.DELEVERAGE)
    return picture(
        f"market{place}",
        alt,
        draw=lambda shape: _draw_market(run, market, shape=shape),
        height=480,
        scale=(largest[0], cuts),
    )


def _steps_of(run: ReplayRun, market: str, *, kind: EventKind) -> Floats:
    """Value that events of a kind moved in a market, by price step."""
    place = {at_ns: step for step, at_ns in enumerate(run.metrics.at_ns)}
    total = np.zeros(len(run.metrics.at_ns))
    for timed in run.events:
        if timed.event.kind is kind and timed.event.asset == market and timed.at_ns in place:
            total[place[timed.at_ns]] += timed.event.value / WAD
    return total


def _totals(run: ReplayRun, market: str) -> tuple[float, float]:
    kinds = (EventKind.LIQUIDATE_POSITION, EventKind.DELEVERAGE)
    closed, cut = (float(_steps_of(run, market, kind=kind).sum()) for kind in kinds)
    return closed, cut


def _largest(run: ReplayRun, market: str, *, kind: EventKind) -> str:
    values = per_bin(np.cumsum(_steps_of(run, market, kind=kind)), bins(len(run.metrics.at_ns)))
    return short_number(float(values.max()))


def _draw_market(run: ReplayRun, market: str, *, shape: Shape) -> "Canvas":
    metrics, quote = run.metrics, run.case.rules.quote
    rate = column(metrics, f"funding_rate_{market}") * 100
    canvas, panels = blank(shape, (2.4, 1.5, 1.0) if rate.any() else (2.4, 1.5))
    at, mark = times(metrics.at_ns), column(metrics, f"mark_{market}")
    kept = peaks(mark)
    panels[0].plot(days(at[kept]), mark[kept], color=COLORS["price"], linewidth=1.5, zorder=5)
    _mark_acts(panels[0], run, market=market)
    dress(panels[0], f"mark price, {quote}", words=price_number)
    panels[0].margins(y=0.12)
    _draw_interest(panels[1], run, market=market)
    dress(panels[1], f"open interest, {quote}: longs above, shorts below", bins=5)
    if rate.any():
        kept = peaks(rate)
        style: dict[str, Any] = {"linewidth": 1.3, "drawstyle": "steps-post"}
        panels[2].plot(days(at[kept]), rate[kept], color=COLORS["gas"], **style)
        panels[2].axhline(0, color=COLORS["ink"], linewidth=0.6)
        dress(panels[2], f"funding rate, % a {_period(run, market)}: longs pay above 0", bins=3)
    time_axis(panels, shape, words=axis_words(metrics.at_ns[0], metrics.at_ns[-1]))
    panels[-1].set_xlim(*days(at[[0, -1]]))
    return canvas


def _mark_acts(panel: Any, run: ReplayRun, *, market: str) -> None:
    """Circles for what liquidations closed, diamonds for what deleveraging cut, one scale."""
    at, mark = times(run.metrics.at_ns), column(run.metrics, f"mark_{market}")
    starts = bins(len(at))
    done, lost = (
        per_bin(np.cumsum(_steps_of(run, market, kind=kind)), starts)
        for kind in (EventKind.LIQUIDATE_POSITION, EventKind.DELEVERAGE)
    )
    mark_values(panel, days(at[starts]), height=mark[starts], done=done, lost=lost)


def _period(run: ReplayRun, market: str) -> str:
    """The funding period in words."""
    rules = run.case.rules.markets[market]
    seconds = 86_400 if str(rules.funding) == "velocity" else rules.funding_period_seconds
    if seconds % 3600 == 0:
        hours = seconds // 3600
        return "day" if hours == 24 else "hour" if hours == 1 else f"{hours} h"
    return f"{seconds} s"


def _draw_interest(panel: Any, run: ReplayRun, *, market: str) -> None:
    at = times(run.metrics.at_ns)
    style: dict[str, Any] = {"step": "post", "linewidth": 0, "alpha": 0.7}
    for side, sign, tint in (("long", 1.0, "h6"), ("short", -1.0, "h2")):
        value = sign * column(run.metrics, f"{side}_{market}")
        kept = peaks(value)
        panel.fill_between(days(at[kept]), value[kept], color=COLORS[tint], **style)
    panel.axhline(0, color=COLORS["ink"], linewidth=0.6)


def _fund_picture(run: ReplayRun) -> Picture:
    alt = "Capital of the insurance fund and equity of the backstop over time"
    if column(run.metrics, "deleveraged_value").any():
        alt += "; below them the notional that deleveraging has cut so far"
    alt += "."
    return picture("funds", alt, draw=lambda shape: _draw_funds(run, shape), height=330)


def _draw_funds(run: ReplayRun, shape: Shape) -> "Canvas":
    metrics, quote = run.metrics, run.case.rules.quote
    cut = column(metrics, "deleveraged_value")
    canvas, panels = blank(shape, (2.0, 1.0) if cut.any() else (1.0,))
    at = times(metrics.at_ns)
    style: dict[str, Any] = {"linewidth": 1.6, "drawstyle": "steps-post"}
    for name, tint in (("insurance_capital", "price"), ("backstop_equity", "act")):
        value = column(metrics, name)
        kept = peaks(value)
        panels[0].plot(days(at[kept]), value[kept], color=COLORS[tint], **style)
    dress(panels[0], f"capital, {quote}", zero=True)
    if cut.any():
        kept = peaks(cut)
        area: dict[str, Any] = {"step": "post", "linewidth": 0, "color": COLORS["loss"]}
        panels[1].fill_between(days(at[kept]), cut[kept], alpha=0.7, **area)
        dress(panels[1], f"notional cut so far, {quote}", zero=True, bins=3)
    time_axis(panels, shape, words=axis_words(metrics.at_ns[0], metrics.at_ns[-1]))
    panels[-1].set_xlim(*days(at[[0, -1]]))
    return canvas


def market_rows(run: ReplayRun) -> list[MarketRow]:
    """The markets as a table, exact where events are."""
    rules, rows = run.case.rules, []
    for market in market_names(run):
        interest, mark = _open(run, market), column(run.metrics, f"mark_{market}")
        events = [timed.event for timed in run.events if timed.event.asset == market]
        values = {
            kind: sum(event.value for event in events if event.kind is kind)
            for kind in (EventKind.LIQUIDATE_POSITION, EventKind.DELEVERAGE, EventKind.FUNDING)
        }
        losses = sum(
            timed.event.value
            for timed in run.events
            if timed.event.kind is EventKind.LOSS and timed.event.reason == market
        )
        rows.append(
            MarketRow(
                market,
                rules.markets[market].asset,
                money(_wad(interest[0]), rules.quote),
                money(_wad(interest[-1]), rules.quote),
                price(mark[0]),
                price(mark[-1]),
                money(values[EventKind.FUNDING], rules.quote),
                money(values[EventKind.LIQUIDATE_POSITION], rules.quote),
                money(values[EventKind.DELEVERAGE], rules.quote),
                money(losses, rules.quote),
            )
        )
    return rows


def _wad(value: float) -> int:
    return fixed_of(float(value), 18) if np.isfinite(value) else 0
