"""Options over columns: Greeks, implied volatility and portfolio margin beside their peers.

Run alone by `python -m benchmarks.option_kernels`. QuantLib and py_vollib are peers for this page
only: where one is not installed its row says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import repeat
from statistics import median
from typing import Any

import numpy as np

from benchmarks.measuring import Result, cpu_seconds, rate, told
from trimtab.kernels import (
    CollateralRows,
    DeriveBook,
    OptionBook,
    OptionColumns,
    black76_numpy,
    deribit_margins,
    derive_margins,
    greeks,
    implied_vols,
    option_prices,
    sensitivities,
)
from trimtab.kernels.derive_grid import (
    BasisMoves,
    ContingencyRates,
    DeriveGrid,
    MarginFactors,
    ScenarioPoint,
    SkewTilts,
    VolShocks,
)

OPTIONS = 1_000_000
PEER_OPTIONS = 10_000
PER_GROUP = 10
ROUNDS = 9


def drawn() -> OptionColumns:
    """A million options: forwards of 10 to 100, volatilities of 10 to 200 %, days to two years."""
    rng = np.random.default_rng(1)
    forward = rng.uniform(10, 100, OPTIONS)
    return OptionColumns(
        forward=forward,
        strike=forward * np.exp(rng.normal(0, 0.4, OPTIONS)),
        vol_annual=rng.uniform(0.1, 2.0, OPTIONS),
        years=rng.uniform(0.01, 2.0, OPTIONS),
        is_call=rng.random(OPTIONS) < 0.5,
        discount=rng.uniform(0.9, 1.0, OPTIONS),
    )


def spent(work: Callable[[], object]) -> float:
    """Median CPU seconds of some rounds, after one that compiles."""
    work()
    return median(cpu_seconds(work) for _ in range(ROUNDS))


def greek_rates() -> Result:
    """Delta, gamma and vega a second; then the other faces."""
    options = drawn()
    rows: list[tuple[str, str, str]] = []
    with told("greeks of 1,000,000 options"):
        ours = OPTIONS / spent(lambda: sensitivities(options))
    for name, work in _peers(options):
        with told(f"greeks: {name}"):
            count, seconds = work()
        share = f"{ours * seconds / count:,.0f}" if seconds else "-"
        rows.append((name, rate(count, seconds) if seconds else "not installed", share))
    rows.insert(0, ("trimtab `sensitivities`, one thread", f"{ours:,.0f}", "1"))
    prices = option_prices(options)
    asked = {
        "forward": options.forward,
        "strike": options.strike,
        "years": options.years,
        "is_call": options.is_call,
        "discount": options.discount,
    }
    others = {
        "value alone": lambda: option_prices(options),
        "value, delta, gamma, vega, theta": lambda: greeks(options),
        "implied volatility": lambda: implied_vols(prices, **asked),
    }
    for name, work in others.items():
        with told(name):
            rows.append((f"trimtab {name}", rate(OPTIONS, spent(work)), "-"))
    return Result(
        "Options: delta, gamma and vega a second",
        (
            f"{OPTIONS:,} options, one core, medians of {ROUNDS} rounds after compiling; peers on "
            f"the first {PEER_OPTIONS:,} of the same options, called one by one as they are made.",
        ),
        ("work", "options a second", "trimtab is faster by"),
        rows,
    )


Timed = Callable[[], tuple[int, float]]


def _peers(options: OptionColumns) -> Sequence[tuple[str, Timed]]:
    """What computes the same three numbers: options taken and CPU seconds spent."""
    return (
        ("NumPy and SciPy (the twin)", lambda: _numpy_peer(options)),
        ("QuantLib `BlackCalculator`", lambda: _quantlib(options)),
        ("py_vollib `black.greeks.analytical`", lambda: _vollib(options)),
    )


def _numpy_peer(options: OptionColumns) -> tuple[int, float]:
    return OPTIONS, spent(lambda: black76_numpy.sensitivities(options))


def _quantlib(options: OptionColumns) -> tuple[int, float]:
    if find_spec("QuantLib") is None:
        return 0, 0.0
    import QuantLib as ql  # noqa: N813

    total_vol = options.vol_annual * np.sqrt(options.years)
    kind = np.where(options.is_call, ql.Option.Call, ql.Option.Put)
    rows = list(_rows(kind, options.strike, options.forward, total_vol, options.discount))
    years = options.years[:PEER_OPTIONS].tolist()

    def work() -> None:
        for (side, strike, forward, deviation, discount), time in zip(rows, years, strict=True):
            payoff = ql.PlainVanillaPayoff(side, strike)
            one = ql.BlackCalculator(payoff, forward, deviation, discount)
            one.deltaForward(), one.gammaForward(), one.vega(time)

    return PEER_OPTIONS, spent(work)


def _vollib(options: OptionColumns) -> tuple[int, float]:
    if find_spec("py_vollib") is None:
        return 0, 0.0
    from py_vollib.black.greeks import analytical

    kind = np.where(options.is_call, "c", "p")
    rates = -np.log(options.discount) / options.years
    columns = (kind, options.forward, options.strike, options.years, rates, options.vol_annual)
    rows = list(_rows(*columns))

    def work() -> None:
        for row in rows:
            analytical.delta(*row), analytical.gamma(*row), analytical.vega(*row)

    return PEER_OPTIONS, spent(work)


def _rows(*columns: Any) -> Any:
    return zip(*(column[:PEER_OPTIONS].tolist() for column in columns), strict=True)


def portfolio_margins() -> Result:
    """A million options through the scenarios of two venues."""
    rng = np.random.default_rng(2)
    forward = rng.uniform(1000, 3000, OPTIONS)
    offsets = np.arange(0, OPTIONS + 1, PER_GROUP)
    groups = len(offsets) - 1
    seconds = np.repeat(rng.uniform(0.01, 1.0, groups) * 365 * 86400, PER_GROUP)
    book = OptionBook(
        amount=rng.normal(0, 1, OPTIONS),
        forward=forward,
        strike=forward * np.exp(rng.normal(0, 0.3, OPTIONS)),
        vol_annual=rng.uniform(0.3, 1.0, OPTIONS),
        seconds=seconds,
        is_call=rng.random(OPTIONS) < 0.5,
        is_inverse=True,
        offsets=offsets,
    )
    derive = DeriveBook(
        options=_linear(book),
        expiry_offsets=np.arange(groups + 1),
        expiry_seconds=seconds[::PER_GROUP],
        spot=2000.0,
        perp_size=rng.normal(0, 1, groups),
        perp_price=2000.0,
        collaterals=CollateralRows(amount=1.0, price=2000.0, offsets=_first_only(groups)),
    )
    grid = bench_grid()
    rows = []
    for name, count, work in (
        ("Deribit: 27 + 8 moves", 35, lambda: deribit_margins(book)),
        ("Derive: 33 scenarios, present, basis", 36, lambda: derive_margins(derive, grid)),
    ):
        with told(f"portfolio margin: {name}"):
            seconds_spent = spent(work)
        rows.append((name, f"{seconds_spent:.2f}", rate(OPTIONS * count, seconds_spent)))
    return Result(
        "Options: portfolio margin over scenarios",
        (
            f"{OPTIONS:,} options in {groups:,} accounts of {PER_GROUP}, one core, medians of "
            f"{ROUNDS} rounds: both margins of every account, the worst scenario, an error bound.",
        ),
        ("venue", "CPU seconds", "option values a second"),
        rows,
    )


def _linear(book: OptionBook) -> OptionBook:
    return OptionBook(
        amount=book.amount,
        forward=book.forward,
        strike=book.strike,
        vol_annual=book.vol_annual,
        seconds=book.seconds,
        is_call=book.is_call,
        offsets=book.offsets,
    )


def _first_only(groups: int) -> Any:
    return np.array([0, *repeat(1, groups)])


def bench_grid() -> DeriveGrid:
    """A grid of the size of Derive's: 23 plain scenarios, 8 tails, 2 tilts."""
    plain = [(1 + step * 0.045, vol) for step in range(-3, 4) for vol in ("Up", "None", "Down")]
    tails = ((0.34, 0.21), (0.67, 0.42), (1.5, 0.28), (2, 0.14), (3, 0.07), (4, 0.05), (5, 0.03))
    points = [ScenarioPoint(spot, vol) for spot, vol in [*plain, (1.18, "Up"), (0.82, "Up")]]
    points += [ScenarioPoint(spot, "Up", damp) for spot, damp in (*tails, (6, 0.03))]
    points += [ScenarioPoint(1.0, "Linear"), ScenarioPoint(1.0, "Abs")]
    return DeriveGrid(
        vol=VolShocks(0.5, 0.3, 0.3, 0.13, 86400.0, 0.4),
        skew=SkewTilts(0.25, -0.1, 0.25, -0.1, 0.01, 4.0, 0.6, 0.0),
        margin=MarginFactors(1.0, 0.8, 0.0, 0.16, 1.05, 0.0, 0.16, 0.95),
        basis=BasisMoves(1.045, 0.955, 0.5, 2.0),
        contingency=ContingencyRates(0.99, 4.0, 0.55, 1.0, 0.03, 0.01, 0.003, 0.002),
        scenarios=tuple(points),
    )


def option_kernels() -> tuple[Result, ...]:
    """Both tables."""
    return greek_rates(), portfolio_margins()


if __name__ == "__main__":
    print("\n".join(result.markdown() for result in option_kernels()))
