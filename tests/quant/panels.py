"""Panels of returns made by formulas of the tests' own, not by the package's simulation."""

from __future__ import annotations

import numpy as np

from trimtab.quant import return_panel

HOUR = 3600.0
HOUR_YEARS = HOUR / (365 * 86400)


def panel_of(returns, *, names=None, step_seconds=HOUR):
    """A panel from an array of log returns, rows by assets."""
    returns = np.asarray(returns, dtype=np.float64)
    returns = returns[:, None] if returns.ndim == 1 else returns
    names = names or tuple("ABCDEFGH"[: returns.shape[1]])
    logs = np.vstack([np.zeros(returns.shape[1]), np.cumsum(returns, axis=0)])
    times = (np.arange(len(logs)) * step_seconds * 1e9).astype(np.int64)
    return return_panel(times, {n: 100 * np.exp(c) for n, c in zip(names, logs.T, strict=True)})


def normal_panel(rows, *, seed=1, vols=(0.8, 0.5), rho=0.6):
    """Correlated normal returns of annual volatilities."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((rows, 2))
    z[:, 1] = rho * z[:, 0] + np.sqrt(1 - rho**2) * z[:, 1]
    return panel_of(z * np.array(vols) * np.sqrt(HOUR_YEARS))


def garch_returns(rows, *, omega, alpha, gamma, beta, seed=1):
    rng = np.random.default_rng(seed)
    out, h = np.empty(rows), omega / (1 - alpha - gamma / 2 - beta)
    for t, z in enumerate(rng.standard_normal(rows)):
        out[t] = np.sqrt(h) * z
        h = omega + (alpha + gamma * (out[t] < 0)) * out[t] ** 2 + beta * h
    return out


def jump_returns(rows, *, spread, rate, mean, size, seed=1):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rate, rows)
    jumps = counts * mean + np.sqrt(counts) * size * rng.standard_normal(rows)
    return spread * rng.standard_normal(rows) + jumps


def regime_returns(rows, *, stays, spreads, seed=1):
    rng = np.random.default_rng(seed)
    out, state = np.empty(rows), 0
    for t in range(rows):
        out[t] = spreads[state] * rng.standard_normal()
        state = state if rng.random() < stays[state] else 1 - state
    return out


def heston_returns(rows, *, level, speed, vol_of_vol, rho, seed=1):
    rng = np.random.default_rng(seed)
    out, v, dt = np.empty(rows), level, HOUR_YEARS
    for t, (a, b) in enumerate(rng.standard_normal((rows, 2))):
        now = max(v, 0.0)
        out[t] = np.sqrt(now * dt) * a
        turn = rho * a + np.sqrt(1 - rho**2) * b
        v += speed * (level - now) * dt + vol_of_vol * np.sqrt(now * dt) * turn
    return out
