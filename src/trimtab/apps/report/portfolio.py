"""The portfolio margin report: one HTML page about why an option book needs what it needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.apps.option_portfolios import NamedBook
from trimtab.apps.report.bars import width_of
from trimtab.apps.report.page import resource, template_of
from trimtab.apps.report.portfolio_picture import portfolio_picture
from trimtab.apps.report.shown import (
    MINUS,
    NARROW,
    Sentence,
    Shown,
    cell,
    moment,
    money,
    percent,
    sentence,
)
from trimtab.apps.summaries import versions
from trimtab.protocols.option_assessment import Assessment, ScenarioPoint
from trimtab.protocols.option_book import BookGreeks, leg_names, value_wad
from trimtab.protocols.option_explanation import Explanation
from trimtab.units import WAD, format_decimal

QUOTE = "USD"
SCENARIOS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class BarRow:
    """A named figure with its bar in percent of the largest; `more` stands beside it."""

    name: str
    tint: str
    value: Shown
    more: Shown
    width: float


@dataclass(frozen=True, slots=True)
class VenueRow:
    """One venue's requirements of the book."""

    name: str
    is_shown: bool
    initial: Shown
    maintenance: Shown
    share: Shown
    offset: Shown
    worst: str


def portfolio_report(
    named: NamedBook, found: Mapping[str, Explanation], *, venue: str, at_ns: int, command: str
) -> str:
    """One self-contained HTML page; the same book gives the same bytes.

    Arguments:
        found: explanations by venue, keys of `VENUES`; venue: the one that the page explains.
        command: what the reader types to get this report again.

    Returns:
        HTML text without scripts and without any address that a browser would fetch.
    """
    shown = found[venue]
    assessment = shown.assessment
    context = {
        "css": resource("report.css"),
        "versions": versions(),
        "command": command,
        "quote": QUOTE,
        "portfolio": named.name,
        "words": named.words,
        "venue": assessment.venue,
        "as_of": moment(at_ns),
        "title": _title(named, assessment),
        "paragraph": (_worst_words(assessment), _netting_words(shown)),
        "tiles": _tiles(named, shown),
        "picture": portfolio_picture(named.book, venue, found=assessment),
        "charges": _charge_rows(assessment),
        "legs": _leg_rows(named, shown),
        "legs_title": "The worst scenario" if assessment.worst else "The basis contingency",
        "scenarios": _scenario_rows(assessment),
        "greeks": _greek_rows(shown),
        "steps": (percent(shown.price_step_wad / WAD), percent(shown.vol_step_wad / WAD)),
        "venues": _venue_rows(named, found, venue=venue),
    }
    return template_of("portfolio.html.j2").render(context)


def scenario_words(point: ScenarioPoint) -> str:
    """A scenario as a page says it: `price −18 %, volatility up`."""
    words = point.label.replace("-", MINUS).replace(" %", f"{NARROW}%")
    return words.replace("vol ", "volatility ")


def _title(named: NamedBook, found: Assessment) -> str:
    need = money(found.initial_wad, QUOTE)
    return f"{named.name.capitalize()}: {found.venue} asks for {need}"


def _worst_words(found: Assessment) -> Sentence:
    if found.worst is None:
        largest = max(found.charges, key=lambda charge: charge.amount_wad)
        return sentence(
            "No scenario of {} decides: most of the requirement is {}, {}.",
            *(found.venue, largest.name, money(largest.amount_wad, QUOTE)),
        )
    return sentence(
        "Of {} scenarios the worst is {}, in which the portfolio loses {} as the venue counts it.",
        *(
            str(len(found.scenarios)),
            scenario_words(found.worst),
            money(-found.worst.profit_wad, QUOTE),
        ),
    )


def _netting_words(shown: Explanation) -> Sentence:
    apart = sum(part.initial_wad for part in shown.alone)
    if shown.offset_wad <= 0:
        return sentence("Held apart, its parts would need no more: {}.", money(apart, QUOTE))
    return sentence(
        "Held apart, its parts would need {}: netting saves {}, or {}.",
        *(money(apart, QUOTE), money(shown.offset_wad, QUOTE), percent(shown.offset_wad / apart)),
    )


def _tiles(named: NamedBook, shown: Explanation) -> list[Mapping[str, Any]]:
    found, worth = shown.assessment, value_wad(named.book)
    spare = worth - found.initial_wad
    figures = [
        ("initial requirement", found.initial_wad, "to open and to withdraw", ""),
        (
            "maintenance requirement",
            found.maintenance_wad,
            "below it the account is liquidated",
            "",
        ),
        ("account value", worth, "cash, coin, options at mark", ""),
        ("to spare", spare, "value less initial requirement", "good" if spare >= 0 else "bad"),
    ]
    return [
        {"name": name, "value": cell(figure), "note": note, "tone": tone}
        for name, figure, note, tone in figures
    ]


def _bars(rows: list[tuple[str, int, Shown]]) -> list[BarRow]:
    most = max((abs(figure) for _, figure, _ in rows), default=0)
    return [
        BarRow(
            name,
            "loss" if figure < 0 else "price",
            cell(figure),
            more,
            width_of(abs(figure), most) if most else 0.0,
        )
        for name, figure, more in rows
    ]


def _charge_rows(found: Assessment) -> list[BarRow]:
    whole = max(found.initial_wad, 1)
    rows = [
        (charge.name, charge.amount_wad, percent(charge.amount_wad / whole))
        for charge in found.charges
        if charge.amount_wad
    ]
    return [BarRow(row.name, "risk", row.value, row.more, row.width) for row in _bars(rows)]


def _leg_rows(named: NamedBook, shown: Explanation) -> list[BarRow]:
    profits = {leg.name: leg.profit_wad for leg in shown.assessment.legs}
    apart = {part.name: part.initial_wad for part in shown.alone}
    names = [name for name in leg_names(named.book) if name in profits]
    return _bars([(name, profits[name], cell(apart[name])) for name in names])


def _scenario_rows(found: Assessment) -> list[BarRow]:
    worst = sorted(found.scenarios, key=lambda point: point.profit_wad)[:SCENARIOS_SHOWN]
    none = Shown("", "")
    return _bars([(scenario_words(point), point.profit_wad, none) for point in worst])


def _greek_rows(shown: Explanation) -> list[tuple[str, str, Shown, Shown]]:
    def row(name: str, *, unit: str) -> tuple[str, str, Shown, Shown]:
        account, margin = (_of(one, name) for one in (shown.account, shown.margin))
        return name, unit, _figure(account), _figure(margin)

    return [
        row("delta", unit=f"{QUOTE} per {QUOTE} of price"),
        row("gamma", unit=f"delta per 1,000 {QUOTE} of price"),
        row("vega", unit=f"{QUOTE} per percentage point of volatility"),
    ]


def _of(found: BookGreeks, name: str) -> int:
    scaled = {
        "delta": found.delta_wad,
        "gamma": found.gamma_wad * 1000,
        "vega": found.vega_wad // 100,
    }
    return scaled[name]


def _figure(value_wad: int) -> Shown:
    value = value_wad / WAD
    text = f"{value:,.1f}" if abs(value) >= 100 else f"{value:,.4f}"
    return Shown(text.replace("-", MINUS), format_decimal(value_wad, 18))


def _venue_rows(
    named: NamedBook, found: Mapping[str, Explanation], *, venue: str
) -> list[VenueRow]:
    spot = named.book.spot_wad
    return [
        VenueRow(
            name=one.assessment.venue,
            is_shown=key == venue,
            initial=cell(one.assessment.initial_wad),
            maintenance=cell(one.assessment.maintenance_wad),
            share=percent(one.assessment.initial_wad / spot),
            offset=cell(one.offset_wad),
            worst=_venue_words(one.assessment),
        )
        for key, one in found.items()
    ]


def _venue_words(found: Assessment) -> str:
    if found.worst is not None:
        return scenario_words(found.worst)
    if not found.scenarios:
        return "no scenarios: strike by strike"
    return max(found.charges, key=lambda charge: charge.amount_wad).name
