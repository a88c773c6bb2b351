"""Retells published findings on the data sets, each with source, sample, figures and gap.

python examples/findings.py --data ../shared/data [--only NAME] [--json]
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from finding import Finding, document, markdown
from finding_drying import drying
from finding_margin import margin
from finding_minutes import replayed

FINDINGS: dict[str, Callable[[Path], Finding]] = {
    "margin": margin,
    "drying": drying,
    "minutes": replayed,
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
    found = [FINDINGS[name](given.data) for name in ([given.only] if given.only else FINDINGS)]
    if given.json:
        print(json.dumps([document(one) for one in found], indent=1))
    else:
        print("\n\n".join(map(markdown, found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
