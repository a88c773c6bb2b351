"""What the losses of a replay hang on: the price of what was held in terms of what was owed."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from trimtab.apps.report.prices import PricePath, main_path, price_path
from trimtab.apps.report.shown import NO_BREAK, Sentence, counted, money, percent, sentence
from trimtab.apps.report.thinning import Floats, column
from trimtab.model import EventKind, account_key
from trimtab.simulation import ReplayRun
from trimtab.units import WAD

# A relative price whose fall differs by less from that of the main asset tells nothing new.
TELLING = 0.05


@dataclass(frozen=True, slots=True)
class LossPair:
    """The asset held and the asset owed by the accounts that lost most; wad of the quote.

    `path` and `prices` are of the held asset in units of the owed one, a price per step; `lost`
    is what these accounts left unpaid in each step, quote.
    """

    held: str
    owed: str
    value_wad: int
    accounts: int
    path: PricePath
    prices: Floats
    lost: Floats


def loss_pair(run: ReplayRun) -> LossPair | None:
    """Return the pair with the largest loss, where the main asset's own price does not show it.

    An account counts with what was seized of it most, or else with what it held most of at first.
    None without losses, where a pair has no price throughout, and where the price of the main
    asset falls as far.
    """
    pairs, values = _pairs(run), Counter[tuple[str, str]]()
    for (_, owed, held), lost in pairs.items():
        values[held, owed] += lost
    ranked = sorted(values.items(), key=lambda one: (-one[1], one[0]))
    if not ranked:
        return None
    (held, owed), value = ranked[0]
    prices = _relative(run, held, owed=owed)
    if prices is None:
        return None
    path = price_path(held, prices.tolist())
    main = main_path(run)
    if abs(path.fall - main.fall) < TELLING and held == main.asset:
        return None
    keys = {key for key, owes, holds in pairs if (holds, owes) == (held, owed)}
    lost_by_step = _lost_by_step(run, keys, owed=owed)
    return LossPair(held, owed, value, len(keys), path, prices, lost_by_step)


def loss_words(run: ReplayRun, pair: LossPair | None) -> list[Sentence]:
    """Of whom most of the losses are, and how far the price fell that they hang on."""
    if pair is None:
        return []
    part = sentence("{} of it", percent(pair.value_wad / run.tally.bad_debt_wad))
    if pair.value_wad == run.tally.bad_debt_wad:
        part = sentence("All of it")
    told = sentence(
        ", {}, was left by {} that held {} and owed {}: ",
        *(money(pair.value_wad, _quote(run)), counted(pair.accounts, "account")),
        *(pair.held, pair.owed),
    )
    fall = percent(-pair.path.fall)
    return [(*part, *told, *sentence("in {}, {} fell by {}.", pair.owed, pair.held, fall))]


def pair_name(pair: LossPair) -> str:
    """What the picture of the pair's price is called."""
    return f"{pair.held} price in {pair.owed}{NO_BREAK}– what most of the losses hang on"


def _quote(run: ReplayRun) -> str:
    return run.case.rules.quote


def _pairs(run: ReplayRun) -> Counter[tuple[str, str, str]]:
    """Losses (wad) by account, asset owed and asset held."""
    losses: Counter[tuple[str, str]] = Counter()
    seized: dict[str, Counter[str]] = {}
    for timed in run.events:
        event = timed.event
        if event.kind is EventKind.LOSS and event.account and event.value:
            losses[event.account, event.asset] += event.value
        elif event.kind is EventKind.SEIZE:
            seized.setdefault(event.account, Counter())[event.asset] += event.value
    held = seized | {key: worth for key, worth in _opening(run).items() if key not in seized}
    found: Counter[tuple[str, str, str]] = Counter()
    for (key, owed), value in losses.items():
        if worth := held.get(key):
            most = min(worth, key=lambda name: (-worth[name], name))
            found[key, owed, most] += value
    return found


def _opening(run: ReplayRun) -> dict[str, Counter[str]]:
    """What each account of the book held at the first prices, by asset, in wad."""
    prices = dict(run.case.ticks[0].prices)
    found: dict[str, Counter[str]] = {}
    for row in run.case.book:
        rules = run.case.rules.assets.get(row.instrument)
        if rules is not None and row.quantity > 0:
            price = prices.get(row.instrument, WAD)
            key = account_key(row.account, row.group)
            worth = row.quantity * price // 10**rules.decimals
            found.setdefault(key, Counter())[row.instrument] += worth
    return found


def _relative(run: ReplayRun, held: str, *, owed: str) -> Floats | None:
    """A price per step; None where either has none at some step, or they are the same asset."""
    columns = run.metrics.columns
    if held == owed or f"price_{held}" not in columns or f"price_{owed}" not in columns:
        return None
    top, bottom = column(run.metrics, f"price_{held}"), column(run.metrics, f"price_{owed}")
    if not ((top > 0).all() and (bottom > 0).all()):
        return None
    return np.asarray(top / bottom, dtype=np.float64)


def _lost_by_step(run: ReplayRun, keys: set[str], *, owed: str) -> Floats:
    """What some accounts left unpaid of an asset, quote, running over the steps."""
    at = np.array(run.metrics.at_ns)
    grown = np.zeros(len(at))
    for timed in run.events:
        event = timed.event
        if event.kind is EventKind.LOSS and event.account in keys and event.asset == owed:
            step = min(int(np.searchsorted(at, timed.at_ns)), len(at) - 1)
            grown[step] += event.value / WAD
    return np.asarray(np.cumsum(grown), dtype=np.float64)
