"""Portfolios on one underlying as columns: accounts, their collaterals and their expiries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.kernels.option_book import OptionBook, account_column
from trimtab.kernels.option_columns import (
    MOST,
    Flags,
    Floats,
    Integers,
    bounded_column,
    equally_long,
    flag_column,
    float_column,
    offset_column,
)
from trimtab.units import DataError, UsageError


@dataclass(frozen=True, slots=True, eq=False)
class CollateralRows:
    """Collaterals with their feeds and rules, grouped by account; see the twin's `Collateral`.

    Raises:
        DataError, UsageError: as for `OptionBook`.
    """

    amount: Floats
    price: Floats
    confidence: Floats
    cancels_risk: Flags
    initial_haircut: Floats
    maintenance_haircut: Floats
    offsets: Integers

    def __init__(
        self,
        *,
        amount: ArrayLike,
        price: ArrayLike,
        offsets: ArrayLike,
        confidence: ArrayLike = 1.0,
        cancels_risk: ArrayLike = False,
        initial_haircut: ArrayLike = 0.0,
        maintenance_haircut: ArrayLike = 0.0,
    ) -> None:
        given = {
            "amount": bounded_column(amount, "amount", most=MOST),
            "price": bounded_column(price, "price", most=MOST),
            "confidence": bounded_column(confidence, "confidence", most=MOST),
            "cancels_risk": flag_column(cancels_risk, "cancels_risk"),
            "initial_haircut": bounded_column(initial_haircut, "initial_haircut", most=MOST),
            "maintenance_haircut": bounded_column(
                maintenance_haircut, "maintenance_haircut", most=MOST
            ),
        }
        for name, column in equally_long(given).items():
            object.__setattr__(self, name, column)
        found = offset_column(offsets, "collateral offsets", rows=len(self.amount))
        object.__setattr__(self, "offsets", found)


@dataclass(frozen=True, slots=True, eq=False)
class DeriveBook:
    """Accounts of one portfolio manager.

    Args:
        options: grouped by expiry of an account: one group per pair, with time and forward on the
            rows of its options.
        expiry_offsets: where each account's expiries (the groups of `options`) begin.
        expiry_seconds: to expiry, of each expiry; rate, expiry_confidence: of each.
        cash, spot, stable_price, perp_*: of each account, or one number for all; confidences from
            0, 1 being full.
        collaterals: grouped by account; None for none.

    Raises:
        DataError: NaN, infinite, negative where that means nothing, or a wrong length.
        UsageError: the collaterals are of another number of accounts.
    """

    options: OptionBook
    expiry_offsets: Integers
    expiry_seconds: Floats
    rate: Floats
    expiry_confidence: Floats
    cash: Floats
    spot: Floats
    spot_confidence: Floats
    stable_price: Floats
    perp_size: Floats
    perp_price: Floats
    perp_confidence: Floats
    perp_cash: Floats
    collaterals: CollateralRows

    def __init__(
        self,
        *,
        options: OptionBook,
        expiry_offsets: ArrayLike,
        expiry_seconds: ArrayLike,
        spot: ArrayLike,
        rate: ArrayLike = 0.0,
        expiry_confidence: ArrayLike = 1.0,
        cash: ArrayLike = 0.0,
        spot_confidence: ArrayLike = 1.0,
        stable_price: ArrayLike = 1.0,
        perp_size: ArrayLike = 0.0,
        perp_price: ArrayLike = 0.0,
        perp_confidence: ArrayLike = 1.0,
        perp_cash: ArrayLike = 0.0,
        collaterals: CollateralRows | None = None,
    ) -> None:
        offsets = offset_column(expiry_offsets, "expiry_offsets", rows=options.groups)
        accounts = len(offsets) - 1
        none = np.zeros(accounts + 1, dtype=np.int64)
        held = collaterals or CollateralRows(amount=[], price=[], offsets=none)
        if len(held.offsets) != accounts + 1:
            raise UsageError(f"collaterals of {len(held.offsets) - 1} accounts for {accounts}")
        by_expiry = {"expiry_seconds": expiry_seconds, "expiry_confidence": expiry_confidence}
        columns: dict[str, NDArray[np.float64]] = {
            name: account_column(value, name, accounts=options.groups, least=0.0)
            for name, value in by_expiry.items()
        }
        _check_times(options, columns["expiry_seconds"])
        columns["rate"] = account_column(rate, "rate", accounts=options.groups)
        signed = {"cash": cash, "perp_size": perp_size, "perp_cash": perp_cash}
        plain = {
            "spot": spot,
            "spot_confidence": spot_confidence,
            "stable_price": stable_price,
            "perp_price": perp_price,
            "perp_confidence": perp_confidence,
        }
        for name, value in signed.items():
            columns[name] = account_column(value, name, accounts=accounts)
        for name, value in plain.items():
            columns[name] = account_column(value, name, accounts=accounts, least=0.0)
        if accounts and not float_column(columns["stable_price"], "stable_price").min() > 0.0:
            raise UsageError("stable_price: expected a number above 0")
        given = {"options": options, "expiry_offsets": offsets, "collaterals": held, **columns}
        for name, column in given.items():
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return len(self.cash)


def _check_times(options: OptionBook, expiry_seconds: Floats) -> None:
    """Raise DataError where an option does not expire with its group."""
    own = np.repeat(expiry_seconds, np.diff(options.offsets))
    if bool((options.seconds != own).any()):
        row = int(np.argmax(options.seconds != own))
        raise DataError(
            "the option does not expire with its group",
            where="seconds",
            row=row,
            found=f"{options.seconds[row]:g}",
            expected=f"{own[row]:g}, the expiry_seconds of its group",
        )
