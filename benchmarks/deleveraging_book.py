"""A counterparty book generated around the auto-deleveraging of 2025-10-10; drawn, not recorded.

What is published: per market the notional cut, the pnl that closed and the accounts cut
(Hyperliquid, one public replay: ConejoCapital/HyperMultiAssetedADL), and of the positions cut the
median leverage, its 95th percentile, the mean and median gain, the share without a gain, and the
negative equity. What is not: everything about the accounts that were not cut. So the book is
drawn: see `ASSUMPTIONS`.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from math import log, sqrt

import numpy as np

from benchmarks.history import DATA
from trimtab.kernels.deleveraging import Counterparties

SOURCE = DATA / "liquidations/hyperliquid_adl_2025-10-10_by_coin.csv.gz"
CENTS = 100
SEED = 20251010

# The published event.
MARKETS, CUTS, ACCOUNTS_CUT, VALUE = 162, 34_983, 19_337, 2_103_111_431.0
PNL_CLOSED, SHORTFALL, NEGATIVE = 834.3e6, 23_191_104.0, 302
LEVERAGE_MEDIAN, LEVERAGE_95 = 0.20, 4.65  # the middle of 4.2 to 5.1
GAIN_MEDIAN, GAIN_MEAN, GAINERS = 0.501, 0.806, 0.994
ACCOUNTS_TRACKED = 437_723

# Not published: how much of the winning side was cut, and how unequal its positions were.
SHARE_CUT = 0.1
SIZE_SIGMA = 2.2

ASSUMPTIONS = (
    f"the winning side of each market is {1 / SHARE_CUT:.0f} times what was cut in it, held by "
    f"{ACCOUNTS_TRACKED / ACCOUNTS_CUT:.1f} times as many accounts as were cut (accounts tracked "
    "over accounts cut); positions are log-normal in size with sigma "
    f"{SIZE_SIGMA}, and each is an account of its own without hedges.",
    "leverage is log-normal through the published median 0.20 and 95th percentile 4.65 of the "
    "positions cut; gain over notional is on average what the market's cuts closed of pnl over "
    "notional, log-normal about it as their median 50.1 % and mean 80.6 % say; 0.6 % of positions "
    "have lost. Both are drawn alike for those cut and those left alone, although the venue's "
    "queue had picked the former.",
    f"{NEGATIVE} accounts in {ACCOUNTS_TRACKED:,} have negative equity; the shortfall is the "
    "published 23,191,104 USD.",
)


@dataclass(frozen=True, slots=True)
class Market:
    """One market: the notional to cut and its counterparties, both in cents."""

    name: str
    quantity: int
    held: Counterparties


@dataclass(frozen=True, slots=True)
class Totals:
    """What is published of one market: notional cut and pnl closed (USD), and accounts cut."""

    name: str
    value: float
    pnl: float
    accounts: int


def markets() -> list[Market]:
    """The book of every market, always the same."""
    drawn = np.random.default_rng(SEED)
    return [generated(found, drawn) for found in totals()]


def has_data() -> bool:
    """Whether the per-market totals are at hand."""
    return SOURCE.is_file()


def totals() -> list[Totals]:
    """Per market as published, or, without the data set, by Zipf's law from the event's sums."""
    if has_data():
        with gzip.open(SOURCE, "rt", newline="") as handle:
            return [
                Totals(
                    row["coin"],
                    float(row["adl_notional"]),
                    float(row["closed_pnl"]),
                    int(row["num_users"]),
                )
                for row in csv.DictReader(handle)
            ]
    ranks = np.arange(1, MARKETS + 1) ** -1.2
    return [
        Totals(f"M{number:03}", share * VALUE, share * PNL_CLOSED, max(2, round(share * CUTS)))
        for number, share in enumerate((ranks / ranks.sum()).tolist(), start=1)
    ]


def generated(found: Totals, drawn: np.random.Generator) -> Market:
    """One market's counterparties."""
    rows = max(10, round(found.accounts * ACCOUNTS_TRACKED / ACCOUNTS_CUT))
    sizes = np.exp(drawn.normal(0, SIZE_SIGMA, rows))
    whole = max(found.value * CENTS, 100.0) / SHARE_CUT
    size = np.maximum(1, np.round(sizes / sizes.sum() * whole)).astype(np.int64)
    spread = log(LEVERAGE_95 / LEVERAGE_MEDIAN) / 1.6449
    leverage = LEVERAGE_MEDIAN * np.exp(drawn.normal(0, spread, rows))
    equity = np.maximum(1, np.round(size / leverage)).astype(np.int64)
    negative = drawn.random(rows) < NEGATIVE / ACCOUNTS_TRACKED
    equity[negative] = -np.maximum(1, size[negative] // 10)
    gain_spread = sqrt(2 * log(GAIN_MEAN / GAIN_MEDIAN))
    mean = max(0.0, found.pnl / found.value)
    gains = mean * np.exp(drawn.normal(0, gain_spread, rows) - gain_spread**2 / 2)
    lost = drawn.random(rows) > GAINERS
    gains[lost] = -mean * drawn.random(int(lost.sum()))
    pnl = np.round(size * gains).astype(np.int64)
    quantity = max(1, round(found.value * CENTS))
    return Market(found.name, quantity, Counterparties(size, size, equity, pnl, size))
