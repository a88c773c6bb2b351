"""The scales that integers are counted in, and the table of powers of ten."""

from __future__ import annotations

from typing import Final

WAD: Final[int] = 10**18
RAY: Final[int] = 10**27
YEAR_SECONDS: Final[int] = 365 * 86400
NANOSECONDS: Final[int] = 10**9
UINT256_MAX: Final[int] = 2**256 - 1

# 36 decimals of an asset, a wad price and a wad ratio in one product.
POW10_EXPONENT_MAX: Final[int] = 72

_POW10: Final[tuple[int, ...]] = tuple(10**n for n in range(POW10_EXPONENT_MAX + 1))


def pow10(n: int) -> int:
    """Return 10**n from a table; n is an integer from 0 to 72."""
    assert 0 <= n <= POW10_EXPONENT_MAX, f"power of ten out of the table: {n}"
    return _POW10[n]
