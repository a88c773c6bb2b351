"""Retells published findings on the data sets, each with source, sample, figures and gap.

python examples/findings.py --data ../shared/data [--only NAME] [--json]
"""

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

# Each name stands for a module, imported when it is asked for, whose `found` retells it.
FINDINGS = {
    "margin": "finding_margin",
    "grid": "finding_grid",
    "drying": "finding_drying",
    "minutes": "finding_minutes",
}


def main(arguments: list[str] | None = None) -> int:
    """Retell all findings, or the one named by --only."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--only", choices=FINDINGS, help="retell this one alone")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    given = parser.parse_args(arguments)
    if not (given.data / "ohlcv").is_dir():
        print(f"no data sets in {given.data.name}", file=sys.stderr)
        return 3
    from finding import document, markdown

    chosen = [given.only] if given.only else list(FINDINGS)
    found = [import_module(FINDINGS[name]).found(given.data) for name in chosen]
    if given.json:
        print(json.dumps([document(one) for one in found], indent=1))
    else:
        print("\n\n".join(map(markdown, found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
