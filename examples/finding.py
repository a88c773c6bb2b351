"""What a retold finding states: its source, the sample used here, both figures, and the gap."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One number: what it is, what was published, what came out here; None where there is none."""

    what: str
    published: float | None
    found: float


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding retold on other data: nothing in it was fitted to the published figure."""

    name: str
    source: str
    sample: str
    method: str
    figures: tuple[Figure, ...]
    gap: str


def markdown(finding: Finding) -> str:
    """One finding as text with a table."""
    lines = [
        f"## {finding.name}",
        "",
        f"- source: {finding.source}",
        f"- sample: {finding.sample}",
        f"- method: {finding.method}",
        "",
        "| figure | published | found | gap |",
        "|---|---:|---:|---:|",
    ]
    for one in finding.figures:
        told = "-" if one.published is None else f"{one.published:.4g}"
        gap = "-" if one.published is None else f"{one.found - one.published:+.4g}"
        lines.append(f"| {one.what} | {told} | {one.found:.4g} | {gap} |")
    return "\n".join([*lines, "", f"Gap: {finding.gap}"])


def document(finding: Finding) -> dict[str, object]:
    """One finding for a machine."""
    return {
        "name": finding.name,
        "source": finding.source,
        "sample": finding.sample,
        "method": finding.method,
        "figures": [
            {"what": one.what, "published": one.published, "found": one.found}
            for one in finding.figures
        ],
        "gap": finding.gap,
    }
