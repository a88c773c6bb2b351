"""The record in which every margin answer explains itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The three margin levels, strictest first."""

    INITIAL = "initial"
    LIQUIDATION_END = "liquidation_end"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where an account stands, and why. Values are wad of the quote, prices wad.

    Decisions (`liquidatable`, `binding`) come from exact integers; the values beside them are
    rounded against the account: collateral down, debt up, excess down. `health_wad` is None
    without debt, `leverage_wad` None without equity. `distance_wad` is the fraction by which all
    collateral but the quote must fall together for the maintenance excess to reach zero (1: never).
    `liquidation_price_wad` is per asset the last safe price with all others held; its side is
    "below" where the account is unsafe under that price and "above" where it is over it.
    """

    account: str
    group: str
    collateral_wad: int
    weighted_collateral_wad: int
    debt_wad: int
    weighted_debt_wad: int
    equity_wad: int
    health_wad: int | None
    leverage_wad: int | None
    excess_wad: Mapping[Level, int]
    liquidatable: bool
    binding: str
    liquidation_price_wad: Mapping[str, int]
    liquidation_side: Mapping[str, str]
    distance_wad: int
    withdrawable: Mapping[str, int]
    borrowable: Mapping[str, int]
