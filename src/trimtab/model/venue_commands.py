"""Commands of those who run a venue: capital of its funds, its rules, its circuit breaker."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FundDeposit:
    """Add capital to the insurance fund or the backstop."""

    at_ns: int
    fund: str
    asset: str
    amount: int


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One new value: section ("assets", "liquidation", ...), name, field and stored integer."""

    section: str
    name: str
    field: str
    target: int


@dataclass(frozen=True, slots=True)
class SetRules:
    """Change rules within their bounds; weights ramp at the bounded speed."""

    at_ns: int
    changes: tuple[RuleChange, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Raise the breaker to `level` (1 to 3)."""

    at_ns: int
    level: int
    reason: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Lower the breaker to `level` (0 to 2)."""

    at_ns: int
    level: int
    reason: str
