"""Samples of markets made by formulas of the tests' own, with known parameters."""

from __future__ import annotations

import numpy as np


def flows_and_returns(steps, *, peak, share, recovery, seed=1, root=False, noise=1e-4):
    """Sales at random, and the returns that an impact with recovery makes of them."""
    rng = np.random.default_rng(seed)
    sold = rng.standard_normal(steps) * 100.0 * (rng.random(steps) < 0.5)
    size = np.sign(sold) * np.sqrt(np.abs(sold)) if root else sold
    temporary, log_price = 0.0, 0.0
    out = np.empty(steps)
    for at, one in enumerate(size):
        before = log_price - temporary
        temporary = temporary * np.exp(-1.0 / recovery) + peak * (1.0 - share) * one
        log_price -= peak * share * one
        out[at] = log_price - temporary - before
    return out + noise * rng.standard_normal(steps), sold


def rounds(count, *, heartbeat, deviation, spread=0.0004, tick=12.0, seed=1):
    """Rounds of a feed that watches a random walk every tick and obeys its two rules."""
    rng = np.random.default_rng(seed)
    times, prices = [0.0], [100.0]
    now, price = 0.0, 100.0
    while len(times) < count:
        now += tick
        price *= np.exp(spread * rng.standard_normal())
        if abs(price / prices[-1] - 1) >= deviation or now - times[-1] >= heartbeat:
            times.append(now)
            prices.append(price)
    return np.array(times), np.array(prices)


def rounds_on_a_clock(count, *, heartbeat, seed=1):
    """Rounds of a feed that beats on a clock, with early ones between that do not restart it."""
    rng = np.random.default_rng(seed)
    beats = heartbeat * np.arange(count)
    early = beats[rng.random(count) < 0.3] + heartbeat * rng.uniform(0.1, 0.8)
    times = np.sort(np.concatenate([beats, early]))
    moves = np.where(np.isin(times, early), 0.006, 0.0001)
    return times, 100.0 * np.exp(np.cumsum(moves * rng.choice([-1.0, 1.0], times.size)))


def reverting_depths(samples, *, keep, level=3.0, spread=0.1, seed=1):
    """Depths whose logarithm returns to its level."""
    rng = np.random.default_rng(seed)
    logs = np.empty(samples)
    now = level
    for at, noise in enumerate(spread * rng.standard_normal(samples)):
        now = level + keep * (now - level) + noise
        logs[at] = now
    return np.exp(logs)
