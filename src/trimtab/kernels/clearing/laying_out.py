"""A book, terms and prices brought to the columns of `layout`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.kernels.border import Floats, Ints
from trimtab.kernels.clearing import layout as at
from trimtab.kernels.clearing.book import ClearingBook
from trimtab.kernels.clearing.layout import World
from trimtab.kernels.clearing.ordering_loops import BUCKETS, Pairs
from trimtab.kernels.clearing.outcomes import COLUMNS
from trimtab.kernels.clearing.terms import KeeperTerms, OracleTerms
from trimtab.kernels.impact import ImpactCurves, ImpactTerms
from trimtab.units import YEAR_SECONDS, DataError

# With more pairs of asset sets than this, the small groups share one that holds all assets.
GROUPS_MOST = 64
# What levels are lowered by against the rounding of logarithms, as `edge_loops.EARLY`.
_EARLY = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A book and the world around it, checked to fit one another.

    Args:
        book: the loans.
        columns: assets of the paths, in the order of their columns; all are assets of the book.
        impact, oracle: of at least those assets of `columns` that they name; others have neither
            impact nor a delay.
        keepers: their terms.
    """

    book: ClearingBook
    columns: tuple[str, ...]
    impact: ImpactTerms
    oracle: OracleTerms
    keepers: KeeperTerms

    def __post_init__(self) -> None:
        for name in (*self.columns, *self.impact.assets, *self.oracle.assets):
            if name not in self.book.assets:
                raise DataError("an asset is not of the book", column=name)
        if len(set(self.columns)) < len(self.columns) or not self.columns:
            raise DataError("columns of a path: expected at least one, each asset once")
        outside = [name for name in self.impact.assets if name not in self.columns]
        if any(int(self.impact.kind[self.impact.assets.index(name)]) for name in outside):
            raise DataError("an asset with impact has no path", column=outside[0])
        if self.keepers.gas_slope > 0.0 and self.keepers.gas_asset >= len(self.columns):
            raise DataError("gas follows an asset without a path", column="gas_asset")


def world_of(question: Question, *, steps: int) -> World:
    """The world before the first path, with a state of its own."""
    book = question.book
    groups, order, wake, group = _groups(book)
    held, held_asset, held_first = _held(book, order)
    owed, owed_asset, owed_first = _owed(book, order)
    accounts = len(book.accounts)
    account = np.full((accounts, at.ACCOUNT_COLUMNS), -1, np.int64)
    account[:, at.HELD_FIRST], account[:, at.HELD_LAST] = held_first[:-1], held_first[1:]
    account[:, at.OWED_FIRST], account[:, at.OWED_LAST] = owed_first[:-1], owed_first[1:]
    account[:, at.GROUP], account[:, at.FLAGGED] = group, 0
    assets = _assets(question)
    return World(
        held,
        held_asset,
        owed,
        owed_asset,
        account,
        order,
        np.zeros((accounts, at.KNOWN_COLUMNS)),
        np.zeros(accounts),
        np.zeros(accounts // at.BLOCK + 1),
        np.zeros((at.LIST_ROWS, accounts), np.int64),
        _turns(accounts),
        np.zeros(5, np.int64),
        groups,
        wake,
        np.zeros(len(groups)),
        assets,
        assets[:, : at.STATE_ROWS].copy(),
        np.zeros((len(book.assets), steps + 1)),
        np.zeros(len(COLUMNS) + 2),
        _terms(question),
        _curves(question),
    )


def another(world: World) -> World:
    """The same world with a state of its own, for another thread."""
    copies = {name: getattr(world, name).copy() for name in _OWN}
    return world._replace(turns=_turns(len(world.account)), **copies)


_OWN = (
    *("held", "owed", "account", "known", "level", "lowest", "lists", "counts", "groups"),
    *("spread", "assets", "said", "row"),
)


def _turns(accounts: int) -> Pairs:
    keys, items, names, spare_keys, spare_items = np.zeros((5, accounts), np.int64)
    return Pairs(keys, items, names, spare_keys, spare_items, np.zeros(BUCKETS + 1, np.int64))


def _rows(amounts: Floats) -> tuple[Ints, Ints, Ints]:
    """Amounts that are not 0, one row each: account, asset, and where each account's begin."""
    accounts, assets = np.nonzero(amounts)
    first = np.searchsorted(accounts, np.arange(amounts.shape[0] + 1))
    return accounts.astype(np.int64), assets.astype(np.int64), first.astype(np.int64)


def _held(book: ClearingBook, order: Ints) -> tuple[Floats, Ints, Ints]:
    amounts = book.held[order]
    accounts, assets, first = _rows(amounts)
    kind = book.kind[order][accounts]
    held = np.zeros((accounts.size, 6))
    held[:, at.AMOUNT] = held[:, at.AT_START] = amounts[accounts, assets]
    held[:, at.WEIGHT], held[:, at.END] = book.weight[kind, assets], book.end[kind, assets]
    held[:, at.BONUS] = book.bonus[kind, assets]
    return held, assets, first


def _owed(book: ClearingBook, order: Ints) -> tuple[Floats, Ints, Ints]:
    amounts = book.owed[order]
    accounts, assets, first = _rows(amounts)
    owed = np.zeros((accounts.size, 2))
    owed[:, at.AMOUNT] = owed[:, at.AT_START] = amounts[accounts, assets]
    return owed, assets, first


def _groups(book: ClearingBook) -> tuple[Ints, Ints, Floats, Ints]:
    """Accounts that owe, by the assets that count for them and those that they owe.

    Returns:
        The groups; all accounts, one group after another and those that owe nothing last; the level
        and the group of each, in that order.
    """
    weighs = (book.held > 0.0) & (book.weight[book.kind] > 0.0)
    owes = book.owed > 0.0
    owing = np.flatnonzero(owes.any(axis=1))
    both = np.concatenate([weighs, owes], axis=1)[owing]
    shapes, place, counts = np.unique(both, axis=0, return_inverse=True, return_counts=True)
    place = place.reshape(-1)
    if len(shapes) > GROUPS_MOST:
        kept = np.argsort(-counts, kind="stable")[: GROUPS_MOST - 1]
        renumbered = np.full(len(shapes), len(kept))
        renumbered[kept] = np.arange(len(kept))
        others = shapes[renumbered == len(kept)].any(axis=0)
        shapes, place = np.concatenate([shapes[kept], others[None]]), renumbered[place]
    wake = _first_levels(book)[owing]
    order = np.lexsort((owing, wake, place))
    edges = np.searchsorted(place[order], np.arange(len(shapes) + 1))
    groups = np.zeros((len(shapes), at.MEMBERS + 2 * len(book.assets)), np.int64)
    groups[:, at.FIRST], groups[:, at.LAST] = edges[:-1], edges[1:]
    for number, shape in enumerate(shapes):
        middle = len(book.assets)
        held, owed = np.flatnonzero(shape[:middle]), np.flatnonzero(shape[middle:])
        groups[number, [at.HELD_COUNT, at.OWED_COUNT]] = held.size, owed.size
        groups[number, at.MEMBERS : at.MEMBERS + held.size] = held
        groups[number, at.MEMBERS + middle : at.MEMBERS + middle + owed.size] = owed
    rest = np.flatnonzero(~owes.any(axis=1))
    group = np.concatenate([place[order], np.full(rest.size, -1)]).astype(np.int64)
    return groups, np.concatenate([owing[order], rest]).astype(np.int64), wake[order], group


def _first_levels(book: ClearingBook) -> Floats:
    """The spread at which each account has to be looked at: ln(M / L) at the start."""
    maintenance = (book.held * book.weight[book.kind]) @ book.prices
    weighted = book.owed @ (book.prices * book.liability)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.log(maintenance / weighted) - _EARLY
    return np.where(weighted > 0.0, np.where(maintenance > 0.0, level, -np.inf), np.inf)


def _assets(question: Question) -> Floats:
    """One row per asset: its state at the start, and what its rules and terms say."""
    book, pools = question.book, question.book.pools
    found = np.zeros((len(book.assets), at.ASSET_COLUMNS))
    for column in _PRICED:
        found[:, column] = book.prices
    for column in (at.HELD_INDEX, at.OWED_INDEX, at.DEPTH, at.OVER_REPORTED):
        found[:, column] = 1.0
    found[:, at.VARIANCE] = _column(question, "sigma_ref", plain=1.0) ** 2
    for column, name in _POOL_COLUMNS.items():
        found[:, column] = getattr(pools, name)
    found[:, at.COLUMN] = -1.0
    for number, name in enumerate(question.columns):
        found[book.assets.index(name), at.COLUMN] = number
    found[:, at.LIABILITY], found[:, at.FEE] = book.liability, book.fee
    found[:, at.KEPT] = np.where(pools.mintable, 1.0, pools.reserve_factor)
    found[:, at.GROWTH_LOG] = np.log(pools.growth)
    recovery = _column(question, "recovery_seconds", plain=np.inf)
    found[:, at.ABSORPTION] = np.exp(-book.step_seconds / recovery)
    for column, (name, plain) in _TERM_COLUMNS.items():
        found[:, column] = _column(question, name, plain=plain)
    return found


def _column(question: Question, name: str, *, plain: float) -> Floats:
    """A column of the impact or the oracle terms by assets of the book."""
    terms: ImpactTerms | OracleTerms = question.impact
    if name in OracleTerms.__slots__:
        terms = question.oracle
    found = np.full(len(question.book.assets), plain)
    for value, asset in zip(getattr(terms, name), terms.assets, strict=True):
        found[question.book.assets.index(asset)] = value
    return found


_PRICED = (
    at.PATH,
    at.MARKET,
    at.REPORTED,
    at.HELD_WORTH,
    at.OWED_WORTH,
    at.LAST_SAID,
    at.FIRST_PRICE,
)
_POOL_COLUMNS = {
    at.SUPPLIED: "supplied",
    at.BORROWED: "borrowed",
    at.CASH: "cash",
    at.RESERVES: "reserves",
    at.MINTED: "minted",
    at.FUND: "fund",
    at.BACKSTOP: "backstop",
    at.MINTABLE: "mintable",
    at.GROWTH: "growth",
}
_TERM_COLUMNS = {
    at.THINNING: ("thinning", 0.0),
    at.DEPTH_LEAST: ("depth_least", 1.0),
    at.SIGMA_REF: ("sigma_ref", 1.0),
    at.DEVIATION: ("deviation", 0.0),
    at.HEARTBEAT: ("heartbeat_steps", 0.0),
    at.DELAY: ("delay_steps", 0.0),
    at.OUT_FROM: ("outage_from", 0.0),
    at.OUT_TO: ("outage_to", 0.0),
    at.LIE: ("lie_factor", 1.0),
    at.LIE_FROM: ("lie_from", 0.0),
    at.LIE_TO: ("lie_to", 0.0),
}


def _curves(question: Question) -> ImpactCurves:
    """The impact's columns by assets of the book; those that it does not name have none."""
    terms, names = question.impact, question.book.assets
    plain = {"kind": 0.0, "first": 0.0, "fee": 1.0, "permanent_share": 0.0}
    columns = [_column(question, name, plain=value) for name, value in plain.items()]
    places = [terms.assets.index(name) if name in terms.assets else -1 for name in names]
    tables = [None if place < 0 else terms.tables[place] for place in places]
    sizes = [0 if table is None else table.quantity.size for table in tables]
    points = [np.column_stack([t.quantity, t.log]) for t in tables if t is not None]
    return ImpactCurves(
        np.column_stack(columns),
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.concatenate([np.empty((0, 2)), *points]),
    )


def _terms(question: Question) -> np.record:
    book, keepers = question.book, question.keepers
    follows = keepers.gas_slope > 0.0
    told = {
        "gas_asset": book.assets.index(question.columns[keepers.gas_asset]) if follows else -1,
        "halt_from": keepers.halt[0],
        "halt_to": keepers.halt[1],
        "quote": book.quote,
        "decay": question.impact.decay,
        "step_years": book.step_seconds / YEAR_SECONDS,
        "feedback": question.impact.feedback,
        "reported_at_once": question.oracle.is_market,
        "grows": bool((book.pools.growth != 1.0).any()),
        "first_debt": book.debt,
    }
    found = np.zeros(1, at.TERMS)
    for name in at.TERMS.names or ():
        source = book.liquidation if hasattr(book.liquidation, name) else keepers
        found[name] = told[name] if name in told else getattr(source, name)
    terms: np.record = found.view(np.recarray)[0]
    return terms
