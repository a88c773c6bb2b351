"""Whether a transaction lands: the uniforms of a path, each found by its number alone.

Philox is counter-based: number k of the stream of (seed, path) is a word of the block at counter
1 + k / 4, so that a step asks for the uniforms of the accounts that are due and no others. They are
the numbers that `numpy.random.Generator(Philox(key=(seed, path), counter=(0, 0, 0, purpose)))`
draws one after another. Source: J. Salmon and others, "Parallel random numbers: as easy as 1, 2,
3", SC 2011.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from trimtab.kernels.backends import has_numba
from trimtab.kernels.compiling import compiled_if_possible

# `Purpose.LANDING` of simulation.paths.driving, which kernels cannot see.
LANDING: Final = 7
_UNIT: Final = 2.0**-53
_MULTIPLY: Final = (np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157))
_WEYL: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B))
_HALF: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)
_KEPT: Final = np.uint64(11)
_ROUNDS: Final = 10

# Stream of (seed, path, purpose).
Stream = tuple[int | np.uint64, int, int]


@compiled_if_possible
def _high(a: np.uint64, b: np.uint64) -> np.uint64:
    """Return the upper 64 bits of a product, out of four products of halves."""
    a_low, a_high, b_low, b_high = a & _LOW, a >> _HALF, b & _LOW, b >> _HALF
    cross = (a_low * b_low >> _HALF) + (a_high * b_low & _LOW) + a_low * b_high
    return a_high * b_high + (a_high * b_low >> _HALF) + (cross >> _HALF)


@compiled_if_possible
def _by_blocks(stream: Stream, number: int) -> float:
    seed, path, purpose = stream
    key_0, key_1 = np.uint64(seed), np.uint64(path)
    zero = np.uint64(0)
    x_0, x_1, x_2, x_3 = np.uint64(1 + number // 4), zero, zero, np.uint64(purpose)
    for _ in range(_ROUNDS):
        high_0, low_0 = _high(_MULTIPLY[0], x_0), _MULTIPLY[0] * x_0
        high_1, low_1 = _high(_MULTIPLY[1], x_2), _MULTIPLY[1] * x_2
        x_0, x_1, x_2, x_3 = high_1 ^ x_1 ^ key_0, low_1, high_0 ^ x_3 ^ key_1, low_0
        key_0, key_1 = key_0 + _WEYL[0], key_1 + _WEYL[1]
    place = number % 4
    word = x_0
    if place == 1:
        word = x_1
    elif place == 2:
        word = x_2
    elif place == 3:
        word = x_3
    return float(word >> _KEPT) * _UNIT


def _by_numpy(stream: Stream, number: int) -> float:
    seed, path, purpose = stream
    bits = np.random.Philox(
        key=np.array([seed, path], dtype=np.uint64),
        counter=np.array([number // 4, 0, 0, purpose], dtype=np.uint64),
    )
    return float(np.random.Generator(bits).random(number % 4 + 1)[-1])


# Words that overflow warn in the interpreter.
uniform = _by_blocks if has_numba() else _by_numpy


def landing_uniform(seed: int, path: int, *, step: int, accounts: int, account: int) -> float:
    """Return the uniform that decides whether an account's transactions of a step land.

    Below the keepers' failure probability they do not. It is number step x accounts + account of
    the stream (seed, path) of purpose LANDING.

    Args:
        seed, path: of the run and the path, from 0 to below 2**63.
        step: from 1. accounts: of the book. account: its place in the book, by name.
    """
    # As the kernel has it: compiled for a small seed, a plain integer of 64 bits would not fit.
    return float(uniform((np.uint64(seed), path, LANDING), step * accounts + account))
