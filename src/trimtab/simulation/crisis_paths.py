"""Seeded price and gas paths of the bundled crisis case: integers alone, the same on any machine.

A path goes through fixed anchors, rounded from the public record of 2020-03-12, and in between by
midpoint displacement (Lévy's construction of a Brownian bridge, the seed deciding each midpoint).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from math import isqrt

from trimtab.units import WAD, format_decimal

STEP_MINUTES = 10
STEPS = 216

# One row per anchor: step of ten minutes, then in the order of SERIES. ETH and WBTC in cents,
# the others in 1e-4: of an ETH for STETH, of a dollar for DAI and USDC; gas in cents.
SERIES = ("ETH", "WBTC", "STETH", "DAI", "USDC", "GAS")
ANCHORS = (
    (0, 19500, 791000, 9950, 10050, 10000, 500),  # 00:00 on the 12th
    (24, 18100, 763000, 9945, 10050, 10000, 560),
    (48, 16900, 738000, 9930, 10060, 10005, 700),
    (62, 16700, 730000, 9930, 10080, 10010, 900),  # 10:20, before the crash
    (64, 15300, 665000, 9850, 10150, 10020, 2400),
    (67, 13000, 580000, 9650, 10400, 10050, 5000),  # 11:10, the first low
    (72, 13700, 602000, 9720, 10350, 10040, 5500),
    (82, 13050, 592000, 9660, 10400, 10040, 6800),
    (87, 14200, 612000, 9720, 10300, 10030, 8200),
    (96, 13850, 608000, 9720, 10320, 10030, 9800),  # 16:00, the first peak of gas
    (102, 14400, 610000, 9750, 10280, 10020, 7400),
    (120, 13700, 588000, 9720, 10300, 10020, 4600),
    (129, 12700, 568000, 9640, 10380, 10030, 5200),
    (133, 13200, 578000, 9660, 10360, 10030, 5400),
    (138, 12300, 545000, 9500, 10500, 10040, 6500),
    (141, 11050, 505000, 9430, 10700, 10060, 8900),
    (142, 10100, 475000, 8000, 10900, 10080, 10000),  # 23:40, the second leg to the low
    (145, 10800, 490000, 7950, 10750, 10070, 8800),
    (156, 11100, 485000, 7950, 10650, 10050, 5200),
    (168, 11000, 478000, 8000, 10600, 10040, 3600),
    (180, 12600, 520000, 8250, 10450, 10020, 2200),
    (216, 12900, 552000, 9000, 10350, 10010, 1400),  # 12:00 on the 13th
)

# Standard deviation of one step in 1e-4 of the level; ETH and WBTC share their shocks.
NOISE = {"ETH": 45, "WBTC": 36, "STETH": 6, "DAI": 8, "USDC": 2, "GAS": 350}
STREAMS = {"ETH": "market", "WBTC": "market"}
LEVEL_PLACES = {"ETH": 2, "WBTC": 2, "STETH": 2, "DAI": 4, "USDC": 4, "GAS": 2}


@dataclass(frozen=True, slots=True)
class Shocks:
    """A counter-based source of chance: draw `index` of a stream is the same in any order."""

    seed: int

    def uniform_wad(self, stream: str, index: int) -> int:
        """Draw `index` of a stream, uniform in [0, 1), in wad."""
        digest = sha256(f"{self.seed}:{stream}:{index}".encode()).digest()
        return int.from_bytes(digest[:16], "big") * WAD >> 128

    def normal_wad(self, stream: str, index: int) -> int:
        """Nearly standard normal (the sum of twelve uniforms, within six), in wad."""
        return sum(self.uniform_wad(stream, 12 * index + part) for part in range(12)) - 6 * WAD


def paths(seed: int) -> dict[str, list[int]]:
    """The levels of every series at every step, in units of its last printed place.

    Args:
        seed: which of the possible days; any integer.

    Returns:
        For each of `SERIES` a list of `STEPS + 1` positive integers; STETH in dollars, by ETH.
        ETH opens at its highest and reaches its lowest at 23:40 of the first day alone.
    """
    levels = {
        name: _through_anchors(Shocks(seed), name, column=column)
        for column, name in enumerate(SERIES, start=1)
    }
    highest, lowest = max(row[1] for row in ANCHORS), min(row[1] for row in ANCHORS)
    fixed = {row[0] for row in ANCHORS}
    levels["ETH"] = [
        level if step in fixed else min(max(level, lowest + 1), highest - 1)
        for step, level in enumerate(levels["ETH"])
    ]
    levels["STETH"] = [
        ratio * ether // 10_000 for ratio, ether in zip(levels["STETH"], levels["ETH"], strict=True)
    ]
    return levels


def prices_text(levels: Mapping[str, Sequence[int]]) -> str:
    """The text of prices.csv: all assets at every step, in dollars."""
    assets = [name for name in SERIES if name != "GAS"]
    rows = [
        f"{timestamp(step)},{asset},{_printed(levels, asset, step=step)}"
        for step in range(STEPS + 1)
        for asset in assets
    ]
    return "\n".join(["timestamp,asset,price", *rows, ""])


def gas_text(levels: Mapping[str, Sequence[int]]) -> str:
    """The text of gas.csv: dollars per liquidation at every step."""
    rows = [f"{timestamp(step)},{_printed(levels, 'GAS', step=step)}" for step in range(STEPS + 1)]
    return "\n".join(["timestamp,gas_cost", *rows, ""])


def timestamp(step: int) -> str:
    """The UTC time of a step, as ISO 8601."""
    hour, minute = divmod(step * STEP_MINUTES, 60)
    return f"2020-03-{12 + hour // 24}T{hour % 24:02}:{minute:02}:00Z"


def _printed(levels: Mapping[str, Sequence[int]], name: str, *, step: int) -> str:
    return format_decimal(levels[name][step], LEVEL_PLACES[name])


def _through_anchors(shocks: Shocks, name: str, *, column: int) -> list[int]:
    path = [0] * (STEPS + 1)
    for row in ANCHORS:
        path[row[0]] = row[column]
    for left, right in pairwise(ANCHORS):
        spans = [(left[0], right[0])]
        while spans:
            begin, end = spans.pop()
            middle = (begin + end) // 2
            if middle == begin:
                continue
            path[middle] = _midpoint(path, (begin, middle, end), draw=(shocks, name))
            spans += [(begin, middle), (middle, end)]
    return path


def _midpoint(path: list[int], span: tuple[int, int, int], *, draw: tuple[Shocks, str]) -> int:
    """A point of the bridge: the line, and a shock of variance left x right / length steps."""
    begin, middle, end = span
    shocks, name = draw
    before, after = middle - begin, end - middle
    line = (path[begin] * after + path[end] * before) // (end - begin)
    spread_wad = isqrt(before * after * WAD * WAD // (end - begin)) * NOISE[name] // 10_000
    shock_wad = shocks.normal_wad(STREAMS.get(name, name), middle) * spread_wad // WAD
    return max(line + line * shock_wad // WAD, 1)
