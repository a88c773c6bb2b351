"""The exact scales in which the engine adds and compares, and the day of its rates."""

from trimtab.units import WAD, pow10

# Exact values carry 18 decimals of the price and up to 36 of the amount.
EXACT_DECIMALS = 36

# 1e-54 to wad, and 1e-72 to wad.
EXACT_PER_WAD = pow10(EXACT_DECIMALS)
WEIGHTED_PER_WAD = EXACT_PER_WAD * WAD

DAY_SECONDS = 86_400
