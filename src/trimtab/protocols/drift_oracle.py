"""Drift v2: whether an oracle price may be used, and for what.

Source: drift-labs/protocol-v2, commit 0ae3e3b1, programs/drift/src/math/oracle.rs. Prices 1e6,
confidence in the price's unit, delays in slots.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Final

from trimtab.protocols.drift_liquidation import Tier

_PERCENTAGE: Final = 10**6
CONFIDENCE_MULTIPLIER: Final = {
    Tier.A: 1,
    Tier.B: 1,
    Tier.C: 2,
    Tier.SPECULATIVE: 10,
    Tier.HIGHLY_SPECULATIVE: 50,
    Tier.ISOLATED: 50,
}


@unique
class Validity(IntEnum):
    """The first thing wrong with a price, in the order of the program; VALID last."""

    NOT_POSITIVE = 0
    TOO_VOLATILE = 1
    TOO_UNCERTAIN = 2
    STALE_FOR_MARGIN = 3
    TOO_FEW_PUBLISHERS = 4
    STALE_FOR_AMM = 5
    VALID = 6


@unique
class Use(IntEnum):
    """What the price is for; the value is the worst validity that is still good enough."""

    MARGIN = Validity.TOO_FEW_PUBLISHERS
    SETTLE_PROFIT = Validity.STALE_FOR_MARGIN
    TRIGGER = Validity.TOO_UNCERTAIN
    FILL_BY_AMM = Validity.VALID


@dataclass(frozen=True, slots=True)
class OraclePrice:
    """A price with its mean, confidence, age in slots and whether enough publishers agree."""

    price: int
    mean: int
    confidence: int
    delay: int
    has_publishers: bool = True


@dataclass(frozen=True, slots=True)
class OracleRules:
    """The guard rails: the defaults of the program; a stablecoin feed may be thrice as old."""

    volatile_ratio: int = 5
    confidence_max: int = 20_000
    margin_slots: int = 120
    amm_slots: int = 10
    stable_feed: bool = False


def validity(oracle: OraclePrice, rules: OracleRules, *, tier: Tier) -> Validity:
    """Return the first thing wrong with a price, or VALID; every limit itself is good."""
    if oracle.price <= 0:
        return Validity.NOT_POSITIVE
    high, low = max(oracle.price, oracle.mean), max(min(oracle.price, oracle.mean), 1)
    if high > rules.volatile_ratio * low:
        return Validity.TOO_VOLATILE
    confidence_max = rules.confidence_max * CONFIDENCE_MULTIPLIER[tier]
    if max(oracle.confidence, 1) * _PERCENTAGE > confidence_max * oracle.price:
        return Validity.TOO_UNCERTAIN
    margin_slots = rules.margin_slots * (3 if rules.stable_feed else 1)
    if oracle.delay > margin_slots:
        return Validity.STALE_FOR_MARGIN
    if not oracle.has_publishers:
        return Validity.TOO_FEW_PUBLISHERS
    return Validity.STALE_FOR_AMM if oracle.delay > rules.amm_slots else Validity.VALID


def allows(found: Validity, use: Use) -> bool:
    """Return whether a price of that validity may be used for that."""
    return found >= int(use)
