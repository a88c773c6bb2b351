"""The liquidation map: debt that becomes liquidatable as all collateral falls together."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trimtab.apps.report.bars import bucket_names, width_of
from trimtab.apps.report.drawing import COLORS, Picture, Shape, blank, dress, picture
from trimtab.apps.report.health_book import HealthBook, Reach, debt_of, distance, owed_wad
from trimtab.apps.report.health_story import share
from trimtab.apps.report.shown import NARROW, Shown, cell, count, plain_text, sentence
from trimtab.simulation import HEALTH_EDGES
from trimtab.units import WAD

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

FALLS_PERCENT = (1, 2, 5, 10, 15, 20, 30, 40, 50, 75, 100)
GRID = 1000  # steps of the curve over a fall of the whole price


@dataclass(frozen=True, slots=True)
class HealthRow:
    """A named row: debt, its accounts, its share of all debt, and its bar in percent."""

    name: str
    tint: str
    debt: Shown
    accounts: Shown
    share: Shown
    width: float


def bucket_rows(book: HealthBook) -> list[HealthRow]:
    """Debt by health; the buckets are those of a replay."""
    edges = [round(edge * 100) * WAD // 100 for edge in HEALTH_EDGES]
    found = [Reach(0, 0)] * len(edges)
    for account in book.debtors:
        health = edges[-1] if account.health_wad is None else account.health_wad
        place = max(i for i, edge in enumerate(edges) if health >= edge)
        was = found[place]
        found[place] = Reach(was.debt_wad + owed_wad(account), was.accounts + 1)
    most = max(reach.debt_wad for reach in found)
    return [
        _row(name, f"h{place}", reach=found[place], book=book, most=most)
        for place, name in enumerate(bucket_names(HEALTH_EDGES))
    ]


def map_rows(book: HealthBook) -> list[HealthRow]:
    """Liquidatable debt after rising falls, with what is so already, and what no fall reaches."""
    whole = book.debt_wad
    rows = [_row("already", "loss", reach=book.reached(0), book=book, most=whole)]
    everything, reach = book.reached(WAD), book.reached(0)
    for fall in FALLS_PERCENT:
        if reach == everything:
            break
        reach = book.reached(fall * WAD // 100)
        rows.append(_row(f"{fall}{NARROW}%", "risk", reach=reach, book=book, most=whole))
    if book.beyond:
        reach = Reach(debt_of(book.beyond), len(book.beyond))
        rows.append(_row("by no fall", "muted", reach=reach, book=book, most=whole))
    return rows


def _row(name: str, tint: str, *, reach: Reach, book: HealthBook, most: int) -> HealthRow:
    return HealthRow(
        name,
        tint,
        cell(reach.debt_wad),
        count(reach.accounts),
        share(reach.debt_wad, book.debt_wad),
        width_of(reach.debt_wad, most),
    )


def map_picture(book: HealthBook) -> Picture | None:
    """The curve of the map; None where no fall reaches any debt."""
    if not book.waiting:
        return None
    words = sentence(
        "Rising curve: debt in {} that is liquidatable once all collateral has fallen together "
        "while debts keep their price, from {} of all debt without a fall to {} at the right "
        "edge; the nearest debt is a fall of {} away.",
        *(book.quote, share(book.reached(0).debt_wad, book.debt_wad)),
        share(book.reached(WAD).debt_wad, book.debt_wad),
        distance(book.waiting[0].distance_wad),
    )
    alt = plain_text([words])
    return picture("map", alt, draw=lambda shape: _draw(book, shape), height=340)


def _draw(book: HealthBook, shape: Shape) -> "Canvas":
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    canvas, (panel,) = blank(shape, (1.0,))
    steps = range(_last_step(book) + 1)
    falls = [100 * step / GRID for step in steps]
    debt = [book.reached(step * WAD // GRID).debt_wad / WAD for step in steps]
    whole, already = book.debt_wad / WAD, book.reached(0).debt_wad / WAD
    style: dict[str, Any] = {"linewidth": 0, "alpha": 0.6}
    panel.fill_between(falls, debt, already, step="pre", color=COLORS["risk"], **style)
    panel.fill_between([0, falls[-1]], already, color=COLORS["loss"], **style)
    panel.plot(falls, debt, color=COLORS["ink"], linewidth=1.4, drawstyle="steps-pre")
    panel.axhline(whole, color=COLORS["muted"], linewidth=1, linestyle=(0, (4, 3)))
    dress(panel, f"liquidatable debt, {book.quote}", zero=True, bins=5)
    panel.set_ylim(0, 1.05 * whole)
    panel.set_xlim(0, falls[-1])
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}{NARROW}%"))
    panel.xaxis.set_major_locator(MaxNLocator(nbins=shape.ticks, steps=[1, 2, 5, 10]))
    panel.set_xlabel("fall of all collateral together", fontsize=10, labelpad=3)
    return canvas


def _last_step(book: HealthBook) -> int:
    """Where the curve ends: the tenth of the price at which all that can be reached is reached."""
    farthest = book.waiting[-1].distance_wad
    tenths = next(tenth for tenth in range(1, 11) if farthest < tenth * WAD // 10)
    return tenths * GRID // 10
