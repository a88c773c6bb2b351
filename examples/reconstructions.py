"""Rebuilds four losses from published figures, under former rules and under the defaults.

    python examples/reconstructions.py --out examples/cases [--only NAME] [--quick] [--json]

Writes each case with its report below `--out`, and prints a table of each event to stdout; what is
run goes to stderr. `--quick` runs the former and the default rules alone.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reconstruct_hyperliquid import eth, jelly
from reconstruct_mango import mango
from reconstruct_yfi import yfi
from reconstruction import (
    DEFAULT,
    FORMER,
    Outcome,
    Reconstruction,
    build,
    markdown,
    outcome,
    rule_sets,
    save,
)

EVENTS: dict[str, Callable[[], Reconstruction]] = {
    "mango-2022-10": mango,
    "hyperliquid-2025-03-12": eth,
    "hyperliquid-2025-03-26": jelly,
    "dydx-2023-11": yfi,
}


def main(arguments: list[str] | None = None) -> int:
    """Rebuild all events, or the one named by --only."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder to write the cases to")
    parser.add_argument("--only", choices=EVENTS, help="rebuild this event alone")
    parser.add_argument("--quick", action="store_true", help="former and default rules alone")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    given = parser.parse_args(arguments)
    documents = {}
    for name in [given.only] if given.only else EVENTS:
        found = EVENTS[name]()
        folder = build(found, given.out)
        results = run_all(found, folder, quick=given.quick)
        save(found, folder, results)
        documents[name] = [document(result) for result in results]
        if not given.json:
            print(markdown(found, results), end="\n\n")
    if given.json:
        print(json.dumps(documents, indent=1))
    return 0


def run_all(found: Reconstruction, folder: Path, *, quick: bool) -> list[Outcome]:
    """Run the rule sets of an event one after another."""
    results = []
    for rules, sections in rule_sets(found).items():
        if quick and rules not in (FORMER, DEFAULT):
            continue
        print(f"{found.name}: {rules}", file=sys.stderr)
        results.append(outcome(found, folder, rules=rules, sections=sections))
    return results


def document(result: Outcome) -> dict[str, Any]:
    """One run for a machine: million of the quote, but for the exact sum in wad."""
    return {
        "rules": result.rules,
        "loss": result.loss,
        "parties": dict(result.parties),
        "taken": result.taken,
        "open_interest": result.open_interest,
        "liquidated": result.liquidated,
        "deleveraged": result.deleveraged,
        "conserved": result.run.conserved,
        "unbalanced_wad": str(result.unbalanced_wad),
        "state_hash": result.run.state_hash,
    }


if __name__ == "__main__":
    sys.exit(main())
