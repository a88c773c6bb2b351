"""The closed choices that a venue's rules make."""

from enum import StrEnum


class Accrual(StrEnum):
    """How a rate per second becomes interest over a longer interval."""

    LINEAR = "linear"
    COMPOUNDED = "compounded"


class Sizing(StrEnum):
    """How much debt one liquidation may close."""

    TARGET_HEALTH = "target_health"
    CLOSE_FACTOR = "close_factor"
    WHOLE = "whole"


class BonusCurve(StrEnum):
    """How the liquidation bonus depends on the shortfall."""

    FIXED = "fixed"
    SHORTFALL = "shortfall"


class SpiralRule(StrEnum):
    """What happens when bonus and fee would lower the health of the account."""

    CUT = "cut"
    ALLOW = "allow"


class AuctionCurve(StrEnum):
    """How an auction's price falls with time."""

    LINEAR = "linear"
    STAIR = "stair"
    EXPONENTIAL = "exponential"


class CallExpiry(StrEnum):
    """What an unanswered margin call does; it never liquidates."""

    RESTRICT = "restrict"
    REDUCE = "reduce"
