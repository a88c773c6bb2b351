"""Aave v3: what distinguishes one released version of the protocol from another, as data.

Sources: aave/aave-v3-core, commit 782f5191 (v3.0); aave-dao/aave-v3-origin, tags v3.3.0 (5431379f),
v3.4.0 (d7a64127), v3.5.0 (6138e1fd), v3.6.0 (5a230ec8) and commit fd1fbd91 (v3.7). Versions 3.1 and
3.2 liquidate as 3.0 does, and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Version:
    """The switches of one version; each is off in v3.0.

    Args:
        name: as released, "3.7".
        sizes_close_factor: the close factor depends on the size of the reserve's debt and
            collateral, and is half of the whole debt (3.3).
        refuses_dust: a liquidation must not leave less than 1000 of base currency (3.3).
        books_deficit: debt that nothing backs is burned and booked as a deficit (3.3).
        has_grace_period: a reserve that was unpaused may be in a grace period (3.3; 3.1 really).
        price_override: a category's own price replaces that of its assets (3.0 alone).
        compounds_by_exponential: the borrow index grows by a series of the exponential (3.4).
        refuses_self: nobody liquidates himself (3.4).
        rounds_balances: balances round for the pool, values and health keep all digits (3.5).
        counts_zero_threshold: collateral with a threshold of zero counts as collateral, and its
            category decides the loan-to-value and the right to borrow alone (3.6).
        rounds_seizure: seized collateral rounds down, the fee up (3.7).
        counts_scaled: collateral is gone when its scaled balance or its value is (3.7).
        has_sentinel: a sequencer sentinel may hold liquidations above health 0.95 (until 3.6).
        averages_rates: suppliers earn the mean of the rates of variable and stable debt, and the
            rounding of that mean shows though nothing is stable (until 3.1).
    """

    name: str
    sizes_close_factor: bool = False
    refuses_dust: bool = False
    books_deficit: bool = False
    has_grace_period: bool = False
    price_override: bool = True
    compounds_by_exponential: bool = False
    refuses_self: bool = False
    rounds_balances: bool = False
    counts_zero_threshold: bool = False
    rounds_seizure: bool = False
    counts_scaled: bool = False
    has_sentinel: bool = True
    averages_rates: bool = True


V3_0: Final = Version("3.0")
V3_3: Final = replace(
    V3_0,
    name="3.3",
    sizes_close_factor=True,
    refuses_dust=True,
    books_deficit=True,
    has_grace_period=True,
    price_override=False,
    averages_rates=False,
)
V3_4: Final = replace(V3_3, name="3.4", compounds_by_exponential=True, refuses_self=True)
V3_5: Final = replace(V3_4, name="3.5", rounds_balances=True)
V3_6: Final = replace(V3_5, name="3.6", counts_zero_threshold=True)
V3_7: Final = replace(V3_6, name="3.7", rounds_seizure=True, counts_scaled=True, has_sentinel=False)

VERSIONS: Final[Mapping[str, Version]] = {
    version.name: version for version in (V3_0, V3_3, V3_4, V3_5, V3_6, V3_7)
}
