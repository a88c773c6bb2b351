"""The margin rules over columns: the engine's decisions for millions of accounts.

float64 and float32 decide only what their error bound lets them; the rest is asked of a function
that the caller gives, the exact engine's as a rule.
"""
