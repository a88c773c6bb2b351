"""The documents that list things list things that exist."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.tiny_venue import CONCEPTS
from tests.engine.invariants import CHECKS
from tests.engine.market_invariants import MARKET_CHECKS
from tests.house import documents
from trimtab.model import EventKind, Payer

DOCS = Path(__file__).resolve().parents[2] / "docs"


def page(path: str) -> str:
    return (DOCS / path).read_text(encoding="utf-8")


def test_every_check_of_an_invariant_is_named() -> None:
    names = set(re.findall(r"`([a-z_]+)`", page("invariants.md")))
    checks = {check.__name__ for check in (*CHECKS, *MARKET_CHECKS)}
    assert checks <= names, f"not named: {sorted(checks - names)}"
    rows = [cells for _, cells in documents.table_rows(page("invariants.md"))]
    assert [cells[0] for cells in rows] == [f"I{number}" for number in range(1, 13)]
    for cells in rows:
        named = re.findall(r"`([a-z_]+)`", cells[2])
        assert set(named) <= checks, f"{cells[0]}: no check of that name: {named}"


def test_every_decision_is_in_the_index() -> None:
    index = set(documents.relative_links(page("adr/README.md")))
    files = {path.name for path in (DOCS / "adr").glob("0*.md")}
    assert index == files
    numbers = sorted(int(name[:4]) for name in files)
    assert numbers == list(range(1, len(files) + 1))


def test_every_decision_has_its_four_parts() -> None:
    for path in sorted((DOCS / "adr").glob("0*.md")):
        headings = re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.M)
        wanted = ["Context", "Decision", "Rejected", "Consequences"]
        assert [part for part in headings if part in wanted] == wanted, path.name


def test_every_concept_has_its_parts_and_is_in_the_index() -> None:
    index = set(documents.relative_links(page("concepts/README.md")))
    for path in sorted(CONCEPTS.glob("[a-z]*.md")):
        assert path.name in index, f"{path.name} is not in the index"
        headings = re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.M)
        for part in ("Definition", "Formula", "Example", "Code", "Who does it", "Edge", "Source"):
            assert any(head.startswith(part) for head in headings), f"{path.name}: no {part}"


def test_the_waterfall_page_lists_all_payers_in_their_order() -> None:
    rows = documents.table_rows(page("concepts/waterfall-and-bad-debt.md"))
    listed = [cells[1].strip("`") for _, cells in rows if cells[0].isdigit()]
    assert listed == [str(payer) for payer in Payer]


def test_events_named_in_the_guide_exist() -> None:
    known = {str(kind) for kind in EventKind}
    assert {"seize", "liquidate", "bonus", "fee", "release", "loss", "checkpoint"} <= known


def test_every_page_is_on_the_map() -> None:
    linked = {(DOCS / target).resolve() for target in documents.relative_links(page("README.md"))}
    for folder in ("adr", "concepts", "guides"):
        linked |= {
            (DOCS / folder / target).resolve()
            for target in documents.relative_links(page(f"{folder}/README.md"))
        }
    pages = {path for path in DOCS.rglob("*.md") if path.parent.name != "protocols"}
    lost = sorted(path.name for path in pages if path.resolve() not in linked)
    lost.remove("README.md")
    assert not lost, f"nobody links {lost}"
