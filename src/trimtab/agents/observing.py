"""What a policy sees and what it may answer: the same in a simulation and live.

A policy is a frozen object with parameters and no state. What it remembers is what it can see
again: its funds, the lots it still holds, and the venue. It has no clock and no chance of its own;
both are part of the observation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Protocol

from trimtab.engine import Draft
from trimtab.model import Command


@unique
class Beat(StrEnum):
    """When in a step a policy is asked.

    OPENING: prices have moved, the oracle has not heard of it. REPORTED: reported prices are in
    force, nobody has been liquidated. OFFERED: one account is due, `focus`, and may be taken. LOTS:
    auctions run, `focus`, and may be bid in. LEFT: keepers are done, `focus` is who is still unsafe
    and due. CLOSING: the venue is done; time to sell or to buy back.
    """

    OPENING = "opening"
    REPORTED = "reported"
    OFFERED = "offered"
    LOTS = "lots"
    LEFT = "left"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class Lot:
    """Units of an asset that an agent holds since a step; below 0: sold short, to be bought."""

    asset: str
    units: int
    since_step: int


@dataclass(frozen=True, slots=True)
class Funds:
    """What an agent has: money (wad of the quote, None: as much as it wants) and lots."""

    cash_wad: int | None = None
    lots: tuple[Lot, ...] = ()

    def held(self, asset: str) -> int:
        """Native units of an asset over all lots."""
        return sum(lot.units for lot in self.lots if lot.asset == asset)


class MarketView(Protocol):
    """What can be seen of the markets; prices in the quote for a whole unit, amounts in units."""

    def price(self, asset: str) -> float:
        """What the market shows now."""

    def fair(self, asset: str) -> float:
        """What it would show once all that was sold is absorbed."""

    def price_after(self, asset: str, sold: float) -> float:
        """What it would show after a sale."""

    def proceeds(self, asset: str, sold: float) -> float:
        """What a sale would bring, fee and impact paid."""

    def fee(self, asset: str) -> float:
        """The factor on what a sale brings, 0 to 1."""

    def slope(self, asset: str, sold: float) -> float:
        """By how much a sale moves the logarithm of the price, for each of its units."""

    def permanent_share(self, asset: str) -> float:
        """The share of a sale's move that stays, 0 to 1."""

    def volatility(self, asset: str) -> float:
        """The annual volatility that the market goes by now."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An account with debt as everyone sees it: health, debt and collateral, floats, quote."""

    key: str
    health: float
    debt: float
    collateral: float


@dataclass(frozen=True, slots=True)
class Observation:
    """One moment.

    Args:
        beat: when in the step.
        step, step_seconds: number of the step, 0 at the start, and its length.
        draft: the venue now, to be read; what it reports is what accounts are marked at.
        market: prices and depth outside.
        funds: the agent's own.
        gas_wad: what one transaction costs now, wad of the quote.
        focus: the accounts (auctions, at LOTS) in question, by key.
        seen: accounts with debt, in order of their keys.
        uniforms: one number from 0 to below 1 for each account of the book, drawn for this step.
        spent_wad: what borrowers have paid in so far, by account.
    """

    beat: Beat
    step: int
    step_seconds: float
    draft: Draft
    market: MarketView
    funds: Funds
    gas_wad: int = 0
    focus: tuple[str, ...] = ()
    seen: tuple[Seen, ...] = ()
    uniforms: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    spent_wad: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Sale:
    """Native units of an asset to be sold in its market; below 0: to be bought."""

    asset: str
    units: int


@dataclass(frozen=True, slots=True)
class Intent:
    """What an agent wants done, all of it or nothing.

    Args:
        commands: to the venue, in order.
        sales: to the markets, after them.
        sell_seized: also sell at once what the commands bring of assets.
        least_wad: do nothing unless it gains at least this after gas, at the market's prices and
            what the sales bring; None: whatever it costs.
    """

    commands: tuple[Command, ...] = ()
    sales: tuple[Sale, ...] = ()
    sell_seized: bool = False
    least_wad: int | None = None


class Policy(Protocol):
    """Who acts. `name` is its account at the venue; `beats` is when it wants to be asked."""

    @property
    def name(self) -> str:
        """The account that it acts as; the venue's own and agents' begin with an @."""

    @property
    def beats(self) -> frozenset[Beat]:
        """When it is asked."""

    def observe(self, observation: Observation) -> Sequence[Intent]:
        """What to do now, in order; empty for nothing."""
