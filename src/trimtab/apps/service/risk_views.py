"""Read models of what may be liquidated: the queue, auctions, clusters of liquidation prices."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from trimtab.agents import Keeper, best_offer
from trimtab.apps.service.account_views import explained
from trimtab.apps.service.board import Board, Reading
from trimtab.apps.service.figures import book, text
from trimtab.apps.service.views import when
from trimtab.apps.summaries import wad_text
from trimtab.engine import auction_price_wad, debt_amount, holder, needs_reset, supply_amount
from trimtab.kernels.liquidation_map import value_at_risk_by_price, value_at_risk_jointly
from trimtab.model import Auction, Table
from trimtab.units import NANOSECONDS, format_decimal

BUCKETS_MAX = 200


def queue(reading: Reading, board: Board, *, limit: int) -> dict[str, Any]:
    """Who is unsafe, in the order in which keepers reach them; offers of the first `limit`."""
    rules = board.rules
    delay = rules.delay_blocks * rules.block_seconds * NANOSECONDS
    waiting = sorted(reading.waiting.items(), key=lambda item: (item[1], item[0]))
    return {
        "as_of": when(reading.at_ns),
        "version": reading.version,
        "quote": reading.draft.rules.quote,
        "total": len(waiting),
        "mechanism": str(rules.mechanism),
        "accounts": [
            _queued(reading, board, key=key, since=since, due=since + delay)
            for key, since in waiting[:limit]
        ],
    }


def _queued(reading: Reading, board: Board, *, key: str, since: int, due: int) -> dict[str, Any]:
    found = explained(reading, key)
    keeper = Keeper(board.rules)
    offer = None
    if reading.draft.account(key).debt:
        offer = best_offer(reading.draft, key, capital_wad=board.rules.capital_wad)
    assets = reading.draft.rules.assets
    shown = None
    if offer is not None:
        pair = offer.quote.pair
        shown = {
            "debt": pair.debt.asset,
            "collateral": pair.collateral.asset,
            "repay": format_decimal(offer.repay, assets[pair.debt.asset].decimals),
            "cost": wad_text(offer.cost_wad),
            "gain": wad_text(offer.gain_wad),
            "wanted": keeper.wants(offer.gain_wad, board.gas_wad),
        }
    return {
        "key": key,
        "since": when(since),
        "due": when(due),
        "is_due": reading.at_ns >= due,
        "health_factor": wad_text(found.health_wad),
        "debt": wad_text(found.debt_wad),
        "collateral": wad_text(found.collateral_wad),
        "equity": wad_text(found.equity_wad),
        "in_liquidation": reading.draft.account(key).in_liquidation,
        "best_offer": shown,
    }


def auctions(reading: Reading) -> dict[str, Any]:
    """Running auctions with their price now."""
    draft = reading.draft
    found = []
    for key in sorted(reading.store.keys(Table.AUCTION), key=int):
        record = reading.store.get(Table.AUCTION, key)
        if isinstance(record, Auction):
            found.append(_auction(reading, record))
    return {"as_of": when(reading.at_ns), "quote": draft.rules.quote, "auctions": found}


def _auction(reading: Reading, auction: Auction) -> dict[str, Any]:
    draft, rules = reading.draft, reading.draft.rules
    held = draft.account(holder(auction.key))
    mark = draft.mark_if_priced(auction.collateral)
    lot = supply_amount(draft.pool(auction.collateral), held.supply.get(auction.collateral, 0))
    owed = debt_amount(draft.pool(auction.debt), held.debt.get(auction.debt, 0))
    decimals = {name: asset.decimals for name, asset in rules.assets.items()}
    price = auction_price_wad(auction, rules.auction, now_s=draft.now_s)
    return {
        "auction": auction.key,
        "account": auction.account,
        "collateral": auction.collateral,
        "debt": auction.debt,
        "lot": format_decimal(lot, decimals[auction.collateral]),
        "owed": format_decimal(owed, decimals[auction.debt]),
        "penalty": format_decimal(auction.penalty, decimals[auction.debt]),
        "price": wad_text(price),
        "oracle_price": None if mark is None else wad_text(mark.price_wad),
        "start_price": wad_text(auction.top_wad),
        "floor_price": wad_text(auction.floor_wad),
        "started": when(auction.started_ns),
        "expired": needs_reset(auction, rules.auction, now_s=draft.now_s),
    }


@dataclass(frozen=True, slots=True)
class ClusterQuestion:
    """Price ratios from `low` to `high` of now, in so many buckets, of one asset or all together.

    `asset` None moves everything but the quote together; only falls are counted then.
    """

    asset: str | None
    low: float = 0.3
    high: float = 1.0
    buckets: int = 70


def clusters(reading: Reading, question: ClusterQuestion) -> dict[str, Any]:
    """How much debt and collateral becomes liquidatable in each bucket of falling price."""
    grid = np.linspace(question.low, question.high, question.buckets + 1)
    figures = book(reading)
    price = None
    if question.asset is None:
        falls = [
            value_at_risk_jointly(figures.distance, column, grid=grid)
            for column in (figures.debt, figures.collateral)
        ]
    else:
        names = sorted(reading.draft.rules.assets)
        edges = reading.edges.of(names.index(question.asset))
        falls = [
            value_at_risk_by_price(edges, column, grid=grid)
            for column in (figures.debt, figures.collateral)
        ]
        mark = reading.draft.mark_if_priced(question.asset)
        price = None if mark is None else mark.price_wad
    rows = zip(
        grid[:-1].tolist(), grid[1:].tolist(), *(fall.tolist() for fall in falls), strict=True
    )
    return {
        "as_of": when(reading.at_ns),
        "version": reading.version,
        "quote": reading.draft.rules.quote,
        "asset": question.asset,
        "price": wad_text(price),
        "buckets": [
            {
                "ratio_from": text(low),
                "ratio_to": text(high),
                "price_from": None if price is None else text(low * price / 1e18),
                "price_to": None if price is None else text(high * price / 1e18),
                "debt": text(debt),
                "collateral": text(collateral),
            }
            for low, high, debt, collateral in rows
        ],
    }
