"""The health report: one HTML page about where every account stands at one moment."""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.apps.health_shock import Aftermath
from trimtab.apps.report.health_book import HealthBook, book_of, debt_of
from trimtab.apps.report.health_map import bucket_rows, map_picture, map_rows
from trimtab.apps.report.health_positions import position_rows
from trimtab.apps.report.health_rows import (
    asset_rows,
    change_rows,
    change_words,
    debt_rows,
    debt_words,
    next_rows,
    risk_rows,
    rule_rows,
)
from trimtab.apps.report.health_story import (
    health_paragraph,
    health_title,
    health_verdict,
    shock_sentences,
    shock_words,
)
from trimtab.apps.report.health_tiles import health_tiles
from trimtab.apps.report.page import resource, template_of
from trimtab.apps.report.rule_words import asset_heads, fund_words, liquidation_words
from trimtab.apps.report.shown import moment, plain_text, printable, ratio
from trimtab.apps.summaries import HEALTH_SCHEMA, health_totals, versions
from trimtab.simulation import Change, Standing
from trimtab.units import Time


def health_report(
    found: Standing,
    *,
    changes: Sequence[Change] | None = None,
    shock: Aftermath | None = None,
    command: str,
) -> str:
    """One self-contained HTML page about a standing; the same standing gives the same bytes.

    Arguments:
        changes: what other rules would change, largest shortage first; None: nobody asked.
        shock: how prices were moved before the book was looked at; None: not at all.
        command: what the reader types to get this report again.

    Returns:
        HTML text without scripts and without any address that a browser would fetch.
    """
    quote = found.case.rules.quote
    book = book_of(found, after="" if shock is None else shock_words(shock, quote))
    context = {
        **_head(book, command=command, shock=shock),
        **_tables(book),
        **_changes(book, changes),
        **_rules(found),
        **_origin(found),
    }
    return template_of("health.html.j2").render(context)


def _head(book: HealthBook, *, command: str, shock: Aftermath | None) -> Mapping[str, Any]:
    paragraph = health_paragraph(book)
    if shock is not None:
        paragraph = [*shock_sentences(shock), *paragraph]
    return {
        "css": resource("report.css"),
        "venue": printable(book.found.case.rules.venue),
        "quote": printable(book.quote),
        "command": command,
        "title": health_title(book),
        "as_of": moment(book.found.as_of_ns),
        "after": book.after,
        "verdict": health_verdict(book),
        "paragraph": paragraph,
        "description": plain_text(paragraph),
        "tiles": health_tiles(book),
    }


def _tables(book: HealthBook) -> Mapping[str, Any]:
    return {
        "has_debt": book.debt_wad > 0,
        "already_seen": 300 * debt_of(book.unsafe) > book.debt_wad,
        "everything_unsafe": len(book.unsafe) == len(book.debtors),
        "debtors_number": len(book.debtors),
        "bucket_rows": bucket_rows(book),
        "map": map_picture(book),
        "map_rows": map_rows(book),
        "risk_rows": risk_rows(book),
        "next_rows": next_rows(book),
        "debt_rows": debt_rows(book),
        "debt_words": debt_words(book) if book.debt_wad else (),
        "asset_rows": asset_rows(book.found),
        "owed": book.owed,
        "position_rows": position_rows(book.found),
    }


def _changes(book: HealthBook, changes: Sequence[Change] | None) -> Mapping[str, Any]:
    return {
        "asked": changes is not None,
        "changes_number": len(changes or ()),
        "change_rows": change_rows(book, changes or ()),
        "change_words": change_words(book, changes) if changes else (),
    }


def _rules(found: Standing) -> Mapping[str, Any]:
    rules = found.case.rules
    return {
        "asset_heads": asset_heads(),
        "rule_rows": rule_rows(found),
        "categories": [
            (one.name, ", ".join(one.assets), str(ratio(one.liquidation_threshold_wad)))
            for one in rules.categories.values()
        ],
        "liquidation_words": liquidation_words(found.case),
        "fund_words": fund_words(found.case),
    }


def _origin(found: Standing) -> Mapping[str, Any]:
    return {
        "schema": HEALTH_SCHEMA,
        "as_of_text": Time(found.as_of_ns).text(),
        "totals": health_totals(found),
        "versions": versions(),
        "inputs": dict(found.case.input_hashes or {}),
    }
