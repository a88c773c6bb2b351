"""The survivors that SURVIVORS.md explains, read from its tables."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).with_name("SURVIVORS.md")
_ROW = re.compile(r"^\| `(?P<was>.+?)` \| `(?P<now>.+?)` \| (?P<why>.+) \|$")


def explained(module: str) -> dict[str, str]:
    """Return why each explained mutant of a module survives, by the mutant's name."""
    if not PAGE.is_file():
        return {}
    _, _, text = PAGE.read_text(encoding="utf-8").partition(f"## {module}.py\n")
    section, _, _ = text.partition("\n## ")
    rows = (_ROW.match(line) for line in section.splitlines())
    return {f"{row['was']} -> {row['now']}": row["why"] for row in rows if row}
