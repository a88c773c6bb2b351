"""Perpetual positions: what they are worth, require, pay, and how they are closed.

A position is one more term of an account's sums (`engine.margin`), not an engine of its own.
"""
