"""The ETH minutes of January 2021 again: recorded liquidations sold into a market learnt elsewhere.

The market (square root, permanent share, recovery) is learnt from the second half of the month; the
liquidations of the first half, with the crash of the 11th, are sold into it, and what they do to
the price is laid beside what the price did.
"""

from pathlib import Path

import numpy as np
from finding import Figure, Finding
from market_data import Floats, table

from trimtab.kernels.impact import ImpactTerms, after_sale, log_impact
from trimtab.quant import FlowImpact
from trimtab.simulation.markets import Market, market_of_flow, terms_of

MINUTE = 60.0
SPLIT = "2021-01-16"
CRASH = "2021-01-11"


def minutes(data: Path) -> dict[str, Floats]:
    """Return log price, liquidated longs and shorts in ETH, and the day, minute by minute."""
    return table(
        data,
        "liquidations/binance_futures_ethusdt_1m_with_liquidation_volume_2021-01.parquet",
        "ln((ask_price + bid_price) / 2) AS log, long_liquidation_eth AS longs, "
        "short_liquidation_eth AS shorts, strftime(timestamp, '%Y-%m-%d') AS day",
        order="timestamp",
    )


def displaced(market: Market, sold: Floats) -> Floats:
    """Return by how much a market's log price stands below the path's after each minute's sales."""
    terms = terms_of({"ETH": market}, ("ETH",))
    outstanding, permanent = 0.0, 0.0
    out = np.empty(sold.size)
    for at, amount in enumerate(sold):
        outstanding = market.left_after(outstanding, MINUTE)
        outstanding, permanent = _sale(terms, (outstanding, permanent), amount=float(amount))
        out[at] = permanent + log_impact(terms, 0, outstanding=outstanding)
    return out


def _sale(terms: ImpactTerms, state: tuple[float, float], *, amount: float) -> tuple[float, float]:
    if amount <= 0.0:
        return state
    left, fallen = after_sale(terms, 0, amount=amount, outstanding=state[0])
    return left, state[1] + fallen


def found(data: Path) -> Finding:
    """Learn on one half, sell on the other, compare."""
    rows = minutes(data)
    returns, sold = np.diff(rows["log"]), (rows["longs"] - rows["shorts"])[1:]
    late = rows["day"][1:] >= SPLIT
    fit = FlowImpact(root=True).fit(returns[late], sold[late], step_seconds=MINUTE)
    market = market_of_flow(fit)
    early = rows["day"] < SPLIT
    longs, shorts = rows["longs"][early], rows["shorts"][early]
    # Liquidated shorts are bought back: the same market, the other way round.
    pushed = displaced(market, shorts) - displaced(market, longs)
    made, was = np.diff(pushed), np.diff(rows["log"][early])
    forced = (longs + shorts)[1:] > 0.0
    crash = (rows["day"][early] == CRASH)[1:]
    figures = (
        Figure("rank correlation of minutes with liquidations", None, _ranks(made, was, forced)),
        Figure("rank correlation of the crash day's minutes", None, _ranks(made, was, crash)),
        Figure("correlation of minutes with liquidations", None, _plain(made, was, forced)),
        Figure("crash day: recorded fall from top to bottom, log", None, _fall(was[crash])),
        Figure("crash day: fall that the sales alone make, log", None, _fall(made[crash])),
        Figure("coefficient learnt, log price per root of an ETH", None, fit.coefficient_),
        Figure("permanent share learnt", None, fit.permanent_share_),
        Figure("recovery learnt, seconds", None, fit.recovery_seconds_),
        Figure("R2 of the fit on its own half", None, fit.r_squared_),
    )
    return Finding(
        "The crash minutes of January 2021 with their own liquidations",
        "recorded: Binance ETHUSDT futures, best quotes and liquidation volume a minute",
        f"{int(early.sum()):,} minutes from 2021-01-01 to before {SPLIT} sold, {int(late.sum()):,} "
        "minutes after it learnt from (liquidations/binance_futures_ethusdt_1m_with_liquidation_"
        "volume_2021-01)",
        "square-root market with permanent share and recovery by the normal form; no parameter "
        "saw the minutes that it is compared on",
        figures,
        "news and other sellers are not in it, so sales alone need not make the recorded fall; and "
        "the market was learnt from minutes in which falls cause liquidations as well, so they "
        "make more than their part. The order of the minutes is what can be compared.",
    )


def _ranks(made: Floats, was: Floats, keep: Floats) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(made[keep], was[keep]).statistic)


def _plain(made: Floats, was: Floats, keep: Floats) -> float:
    return float(np.corrcoef(made[keep], was[keep])[0, 1])


def _fall(moves: Floats) -> float:
    """The deepest fall from a top before it."""
    level = np.concatenate([[0.0], np.cumsum(moves)])
    return float((np.maximum.accumulate(level) - level).max())
