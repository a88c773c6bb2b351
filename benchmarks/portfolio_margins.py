"""Portfolio margins: accounts of twenty options over 33 scenarios, exactly, a second."""

from __future__ import annotations

from random import Random
from statistics import median

from benchmarks.measuring import ROUNDS, Result, cpu_seconds, rate, told
from trimtab.protocols.derive_portfolio import margin
from trimtab.protocols.derive_portfolio_grid import margin_from, price_grid
from trimtab.protocols.derive_portfolio_presets import DEPLOYED
from trimtab.protocols.derive_portfolio_rules import Expiry, OptionPosition, Portfolio
from trimtab.units import WAD

ACCOUNTS, OPTIONS = 10_000, 20
SAMPLE, SAMPLE_APART = 500, 5
SPOT = 60_000 * WAD
DAYS = (7, 14, 30, 60, 90, 180)


def listed() -> tuple[Expiry, ...]:
    """Six expiries of 42 options, with a smile: 252 instruments, as on a real venue's chain."""
    return tuple(
        Expiry(
            seconds=days * 86_400,
            forward_variable_wad=SPOT + SPOT * 6 * days // 36_500,
            rate_wad=5 * WAD // 100,
            confidence_wad=WAD,
            options=tuple(
                OptionPosition(
                    SPOT * percent // 100,
                    is_call,
                    WAD,
                    WAD // 2 + WAD * (percent - 100) ** 2 // 20_000,
                )
                for percent in range(50, 151, 5)
                for is_call in (True, False)
            ),
        )
        for days in DAYS
    )


def accounts(chain: tuple[Expiry, ...], count: int) -> list[Portfolio]:
    """Accounts of twenty different options each, drawn from one seed."""
    draw = Random(1)
    places = [(e, o) for e, expiry in enumerate(chain) for o in range(len(expiry.options))]
    found = []
    for _ in range(count):
        held: dict[int, list[OptionPosition]] = {}
        for e, o in draw.sample(places, OPTIONS):
            option, amount = chain[e].options[o], draw.choice([-3, -2, -1, 1, 2, 3]) * WAD
            held.setdefault(e, []).append(
                OptionPosition(option.strike_wad, option.is_call, amount, option.vol_wad)
            )
        expiries = tuple(
            Expiry(
                chain[e].seconds,
                chain[e].forward_variable_wad,
                chain[e].rate_wad,
                WAD,
                tuple(options),
            )
            for e, options in sorted(held.items())
        )
        found.append(Portfolio(100_000 * WAD, SPOT, WAD, WAD, expiries=expiries))
    return found


def portfolio_margins() -> Result:
    """With each distinct option priced once a scenario, and with every account priced apart."""
    chain = listed()
    book = accounts(chain, SAMPLE)
    with told("portfolio margins: the grid of prices"):
        building = median(cpu_seconds(lambda: price_grid(chain, DEPLOYED)) for _ in range(3))
    grid = price_grid(chain, DEPLOYED)
    first = margin_from(grid, book[0])
    assert first == margin(book[0], DEPLOYED), "the grid gives other numbers"
    with told(f"portfolio margins: {SAMPLE} accounts from the grid"):
        shared = median(
            cpu_seconds(lambda: [margin_from(grid, one) for one in book]) for _ in range(ROUNDS)
        )
    with told(f"portfolio margins: {SAMPLE_APART} accounts apart"):
        apart = cpu_seconds(lambda: [margin(one, DEPLOYED) for one in book[:SAMPLE_APART]])
    whole = building + shared / SAMPLE * ACCOUNTS
    alone = apart / SAMPLE_APART * ACCOUNTS
    return Result(
        "Portfolio margins a second",
        (
            f"Derive's PMRM2 as deployed: {len(DEPLOYED.scenarios)} scenarios and 3 for the basis, "
            f"accounts of {OPTIONS} options out of {sum(len(e.options) for e in chain)}; exact.",
            f"Measured on {SAMPLE} and {SAMPLE_APART} accounts, medians of {ROUNDS} rounds, and "
            f"extrapolated to {ACCOUNTS:,}; both ways give the same numbers.",
            f"The grid of {grid.size:,} prices takes {building:.2f} s and serves every account.",
        ),
        ("way", "accounts a second", "option scenarios a second", f"{ACCOUNTS:,} accounts, s"),
        (
            _row("each option priced once a scenario", SAMPLE, spent=shared, whole=whole),
            _row("each account priced apart", SAMPLE_APART, spent=apart, whole=alone),
        ),
    )


def _row(name: str, count: int, *, spent: float, whole: float) -> tuple[str, ...]:
    cells = count * OPTIONS * (len(DEPLOYED.scenarios) + 3)
    return name, rate(count, spent), rate(cells, spent), f"{whole:,.1f}"
