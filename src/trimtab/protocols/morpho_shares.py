"""Morpho Blue: assets to shares and back, with the virtual amounts that make an empty market safe.

Source: morpho-org/morpho-blue, commit 3085651a, src/libraries/SharesMathLib.sol. Every conversion
takes the market's total of assets and of shares on the same side, supply or borrow.
"""

from __future__ import annotations

from typing import Final

from trimtab.units import mul_div_down, mul_div_up

VIRTUAL_SHARES: Final = 10**6
VIRTUAL_ASSETS: Final = 1


def to_shares_down(assets: int, total_assets: int, *, total_shares: int) -> int:
    """Return the shares that assets are worth, rounded down."""
    return mul_div_down(assets, total_shares + VIRTUAL_SHARES, total_assets + VIRTUAL_ASSETS)


def to_shares_up(assets: int, total_assets: int, *, total_shares: int) -> int:
    """Return the shares that assets are worth, rounded up."""
    return mul_div_up(assets, total_shares + VIRTUAL_SHARES, total_assets + VIRTUAL_ASSETS)


def to_assets_down(shares: int, total_assets: int, *, total_shares: int) -> int:
    """Return the assets that shares are worth, rounded down."""
    return mul_div_down(shares, total_assets + VIRTUAL_ASSETS, total_shares + VIRTUAL_SHARES)


def to_assets_up(shares: int, total_assets: int, *, total_shares: int) -> int:
    """Return the assets that shares are worth, rounded up."""
    return mul_div_up(shares, total_assets + VIRTUAL_ASSETS, total_shares + VIRTUAL_SHARES)
