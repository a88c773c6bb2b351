"""Auto-deleveraging: the three policies on one counterparty book, and a million accounts cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from benchmarks.deleveraging_book import (
    ACCOUNTS_CUT,
    ASSUMPTIONS,
    CENTS,
    PNL_CLOSED,
    SHORTFALL,
    VALUE,
    Market,
    has_data,
    markets,
)
from benchmarks.measuring import ROUNDS, Result, cpu_seconds, told
from trimtab.kernels.deleveraging import Counterparties, cuts
from trimtab.kernels.fractions import total
from trimtab.model import AdlPolicy

POLICIES = (AdlPolicy.QUEUE, AdlPolicy.PRO_RATA, AdlPolicy.WATER_FILL)
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Cut:
    """What one policy did to one market; sizes in cents."""

    market: Market
    sizes: np.ndarray

    @property
    def pnl(self) -> np.ndarray:
        """Unrealized pnl that the cuts closed, cents."""
        share = self.sizes / self.market.held.size
        return share * self.market.held.pnl

    @property
    def leverage_left(self) -> np.ndarray:
        """Leverage of the accounts with equity after the cut."""
        held = self.market.held
        rich = held.equity > 0
        return (held.size - self.sizes)[rich] / held.equity[rich]

    @property
    def overshoot(self) -> int:
        """Notional cut beyond what had to be, cents."""
        return total(self.sizes) - self.market.quantity


def run(book: Sequence[Market], policy: AdlPolicy) -> list[Cut]:
    """Cut every market by a policy."""
    return [Cut(one, cuts(one.held, one.quantity, policy=policy)) for one in book]


def whole_positions(book: Sequence[Market]) -> list[Cut]:
    """A coarse queue for comparison: the last one reached is closed whole, not in part."""
    return [
        Cut(found.market, np.where(found.sizes > 0, found.market.held.size, 0))
        for found in run(book, AdlPolicy.QUEUE)
    ]


def policies() -> Result:
    """The three policies, and the coarse queue, on the book around 2025-10-10."""
    with told("deleveraging: the policies"):
        book = markets()
        rows = [measured(str(policy), run(book, policy)) for policy in POLICIES]
        rows.insert(1, measured("queue, whole positions", whole_positions(book)))
    accounts = sum(len(one.held.size) for one in book)
    source = "published per-market totals" if has_data() else "totals by Zipf's law"
    return Result(
        "Auto-deleveraging: three policies on one book",
        (
            f"Synthetic book around the event of 2025-10-10 ({source}): {len(book)} markets, "
            f"{accounts:,} positions, {VALUE / 1e6:,.1f} M USD to cut. Assumed, not fitted:",
            *ASSUMPTIONS,
            "Overshoot: notional cut beyond the quantity. Excess profit: pnl that the cuts closed "
            f"beyond the shortfall of {SHORTFALL / 1e6:.1f} M USD that had to be paid. "
            "Concentration: of value cut, by account of a market; Herfindahl x 10,000. Leverage "
            "after: notional over equity of accounts with equity; highest and mean in the median "
            "market.",
            f"Recorded by the venue's queue: {ACCOUNTS_CUT:,} accounts, {PNL_CLOSED / 1e6:.1f} M "
            "USD of pnl closed.",
            "[The picture](deleveraging.png): `python -m benchmarks.deleveraging_picture`.",
        ),
        (
            "policy",
            "value cut, M USD",
            "overshoot, M USD",
            "pnl closed, M USD",
            "excess profit, M USD",
            "accounts touched",
            "median leverage of those cut",
            "share of the top 1 %",
            "Herfindahl",
            "highest leverage after",
            "mean leverage after",
        ),
        rows,
    )


def measured(name: str, found: Sequence[Cut]) -> tuple[str, ...]:
    """One row of the table."""
    sizes = np.concatenate([one.sizes for one in found])
    touched = sizes[sizes > 0].astype(float)
    equity = np.concatenate([one.market.held.equity for one in found])
    held = np.concatenate([one.market.held.size for one in found])
    rich = (sizes > 0) & (equity > 0)
    million = 1e6 * CENTS
    closed = sum(float(one.pnl.sum()) for one in found) / million
    return (
        name,
        f"{float(touched.sum()) / million:,.1f}",
        f"{sum(one.overshoot for one in found) / million:.1f}",
        f"{closed:,.1f}",
        f"{closed - SHORTFALL / 1e6:,.1f}",
        f"{len(touched):,}",
        f"{np.median(held[rich] / equity[rich]):.2f}",
        f"{top_share(touched):.0%}",
        f"{herfindahl(touched) * 1e4:.1f}",
        f"{median(float(one.leverage_left.max()) for one in found):,.2f}",
        f"{median(float(one.leverage_left.mean()) for one in found):.3f}",
    )


def top_share(values: np.ndarray) -> float:
    """Share of the sum that the largest hundredth (at least one) has."""
    count = max(1, len(values) // 100)
    return float(np.sort(values)[-count:].sum() / values.sum())


def herfindahl(values: np.ndarray) -> float:
    """Sum of squared shares."""
    return float(((values / values.sum()) ** 2).sum())


def million_accounts() -> Result:
    """How long one cut over a million accounts takes, by policy."""
    drawn = np.random.default_rng(1)
    size = np.exp(drawn.normal(20, 2.5, MILLION)).astype(np.int64)
    equity = (size * np.exp(drawn.normal(1, 1.5, MILLION))).astype(np.int64)
    pnl = (equity * drawn.normal(0.1, 0.5, MILLION)).astype(np.int64)
    held = Counterparties(size, size, equity, pnl, size)
    quantity = total(size) // 3
    rows = []
    for policy in POLICIES:
        with told(f"deleveraging: {MILLION:,} accounts by {policy}"):
            spent = sorted(
                cpu_seconds(lambda chosen=policy: cuts(held, quantity, policy=chosen))
                for _ in range(2 * ROUNDS - 1)
            )
        rows.append((str(policy), f"{median(spent):.2f}", f"{spent[-1]:.2f}"))
    return Result(
        "Auto-deleveraging: a million accounts",
        (
            "One market, a third of the side is cut, 4e16 native units of equity; exact integers "
            "out, equal to the engine's policies unit for unit (tests/kernels).",
            f"CPU seconds of NumPy on one core, of {2 * ROUNDS - 1} rounds.",
        ),
        ("policy", "median, s", "slowest, s"),
        rows,
    )
