"""Writes the generated tables of docs/protocols/presets.md from a local copy of the data sets.

    python docs/generate_presets.py --data ../shared/data

The page's text stays; what stands between the two marks is written afresh.
"""

import argparse
import gzip
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from trimtab.protocols.dydx_presets import SCRIPT_TIERS, genesis_presets, preset_of
from trimtab.protocols.exchanges_presets import brackets_presets
from trimtab.protocols.perp_presets import PerpPreset
from trimtab.protocols.perp_venue_presets import BY_HAND
from trimtab.units import WAD, format_decimal

PAGE = Path(__file__).parent / "protocols" / "presets.md"
MARKS = ("<!-- generated from here -->", "<!-- to here -->")
SHOWN = 10


def tables(data: Path) -> str:
    """The tables of the page, from the data sets."""
    with gzip.open(data / "configs" / "binance_usdm_leverage_tiers.json.gz", "rt") as handle:
        binance = brackets_presets(json.load(handle, parse_float=str))
    text = (data / "configs" / "dydx_v4_mainnet_genesis_risk.json").read_text(encoding="utf-8")
    mainnet = genesis_presets(json.loads(text))
    parts = [_binance(binance), _dydx(mainnet), _by_hand()]
    return "\n\n".join("\n".join(part) for part in parts)


def _percent(fraction_wad: int) -> str:
    rounded = round(fraction_wad / WAD * 100, 3)
    return f"{rounded:g} %"


def _binance(presets: Mapping[str, PerpPreset]) -> list[str]:
    breaks = [
        (name, preset, lower, jump)
        for name, preset in presets.items()
        for lower, jump in preset.initial_breaks()
    ]
    wrong = [one for preset in presets.values() for one in preset.maintenance().breaks()]
    sizes = Counter(len(preset.tiers) for preset in presets.values())
    counts = ", ".join(f"{many} with {size}" for size, many in sorted(sizes.items()))
    rows = [
        f"### Binance USD-M: {len(presets)} markets, "
        f"{sum(len(preset.tiers) for preset in presets.values()):,} brackets",
        "",
        f"Markets by number of brackets: {counts}.",
        "",
        f"Breaks of maintenance margin: {len(wrong) or 'none'}. Breaks of initial margin at the "
        f"most leverage: {len(breaks):,}, one at each bound. The {SHOWN} largest against the "
        "margin below:",
        "",
        "| market | at, quote | initial fraction below | from there on | margin jumps by, quote |",
        "|---|---|---|---|---|",
    ]

    def growth(one: tuple[str, PerpPreset, int, int]) -> tuple[float, str, int]:
        name, preset, lower, _ = one
        low = preset.at(lower - 1).initial_wad
        return -preset.at(lower).initial_wad / low, name, lower

    for name, preset, lower, jump in sorted(breaks, key=growth)[:SHOWN]:
        low, high = preset.at(lower - 1), preset.at(lower)
        rows.append(
            f"| {name} | {format_decimal(lower, 18)} | {_percent(low.initial_wad)} "
            f"| {_percent(high.initial_wad)} | {round(jump / WAD):,} |"
        )
    return rows


def _dydx(presets: Mapping[str, PerpPreset]) -> list[str]:
    groups: dict[tuple[int, int], list[str]] = {}
    for name, preset in presets.items():
        tier = preset.tiers[0]
        key = (tier.initial_wad, tier.maintenance_wad)
        groups.setdefault(key, []).append(name.removesuffix("-USD"))
    rows = [
        f"### dYdX v4 mainnet genesis: {len(presets)} markets, no caps of open interest",
        "",
        "| initial | maintenance | markets |",
        "|---|---|---|",
    ]
    for (initial, maintenance), names in sorted(groups.items()):
        rows.append(f"| {_percent(initial)} | {_percent(maintenance)} | {', '.join(names)} |")
    rows += [
        "",
        "### dYdX v4 genesis script: tiers with caps",
        "",
        "| tier | initial | maintenance | open interest, USDC |",
        "|---|---|---|---|",
    ]
    for name, tier in SCRIPT_TIERS.items():
        preset = preset_of(name, tier)
        scale = preset.interest
        span = "–"
        if scale:
            bounds = (scale.lower_wad, scale.upper_wad)
            span = " to ".join(f"{bound // WAD:,}" for bound in bounds)
        first = preset.tiers[0]
        fractions = f"{_percent(first.initial_wad)} | {_percent(first.maintenance_wad)}"
        rows.append(f"| {name} | {fractions} | {span} |")
    return rows


def _by_hand() -> list[str]:
    rows = [
        "### By hand",
        "",
        "| venue, market | as of | initial / maintenance by notional | not in the record |",
        "|---|---|---|---|",
    ]
    for preset in BY_HAND:
        rows.append(
            f"| {preset.venue}, {preset.market} | {preset.as_of} | {_tiers(preset)} "
            f"| {'; '.join(preset.missing)} |"
        )
    return rows


def _tiers(preset: PerpPreset) -> str:
    parts = []
    for tier in preset.tiers:
        start = f"from {tier.lower_wad // WAD:,}: " if tier.lower_wad else ""
        parts.append(f"{start}{_percent(tier.initial_wad)} / {_percent(tier.maintenance_wad)}")
    if preset.skew_margin_wad:
        scale = preset.skew_scale_wad // WAD
        parts.append(f"and {_percent(preset.skew_margin_wad)} per {scale:,} coins of size")
    return ", ".join(parts)


def page_with(text: str, generated: str) -> str:
    """The page with its generated part replaced."""
    head, _, rest = text.partition(MARKS[0])
    _, _, tail = rest.partition(MARKS[1])
    assert tail, f"{PAGE.name} has lost its marks"
    return f"{head}{MARKS[0]}\n\n{generated}\n\n{MARKS[1]}{tail}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    given = parser.parse_args(arguments)
    if not (given.data / "configs").is_dir():
        print(f"no data sets in {given.data}: expected a folder configs/ there", file=sys.stderr)
        return 3
    written = page_with(PAGE.read_text(encoding="utf-8"), tables(given.data))
    PAGE.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
