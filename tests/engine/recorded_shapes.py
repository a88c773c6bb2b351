"""Random inputs in the shapes of recorded cases, by rule."""

from __future__ import annotations

from random import Random

Inputs = dict[str, object]


def usd(random: Random, low: int, high: int) -> str:
    return f"{random.randint(low, high)}.{random.randint(0, 99):02}"


def made(rule: str, random: Random) -> Inputs:
    """Inputs of a rule, in the shape of its recorded cases."""
    for cases in (of_dydx, of_drift, of_others, of_venues):
        found = cases(random)
        if rule in found:
            return found[rule]
    raise KeyError(rule)


def of_dydx(random: Random) -> dict[str, Inputs]:
    ppm, size = random.randint(1, 10**6), random.randint(1, 10**9)
    side = random.choice((1, -1))
    lower = random.randint(0, 10**13)
    interest = {
        "oi_lower_cap": lower,
        "oi_upper_cap": lower + random.randint(1, 10**13),
        "oi_notional": random.randint(0, 3 * 10**13),
    }
    btc = {
        "usdc_balance": -side * random.randint(40_000, 55_000),
        "position_btc_base_quantums": side * 10**8,
    }
    return {
        "dydx_oi_scaled_imf_ppm": {"initial_margin_ppm": ppm, **interest},
        "dydx_initial_margin_quote_quantums": {
            "initial_margin_ppm": max(ppm, 10_000),
            "position_notional": size,
            **(interest if random.random() < 0.5 else {}),
        },
        "dydx_bankruptcy_price": {
            "usdc_balance": random.randint(-60_000, 60_000),
            "positions_base_quantums": {"BTC": side * 10**8, "ETH": 10**9},
            "close_market": "BTC",
            "delta_base_quantums": -side * random.randint(1, 10**8),
        },
        "dydx_fillable_price": {
            **btc,
            "bankruptcy_adjustment_ppm": random.randint(10**6, 3 * 10**6),
            "spread_to_mmr_ppm": random.randint(0, 2 * 10**6),
        },
        "dydx_insurance_fund_delta": {
            **btc,
            "fill_price_usd": random.randint(40_000, 60_000),
            "max_liquidation_fee_ppm": random.randint(0, 50_000),
        },
        "dydx_partial_liquidation_limits": {
            "position_btc_base_quantums": side * size,
            "min_position_notional_liquidated": random.randint(0, 10**10),
            "max_position_portion_ppm": ppm,
        },
        "dydx_deleveraging_at_bankruptcy_price": {
            "liq_usdc": random.randint(40_000, 60_000),
            "liq_btc": -1,
            "off_usdc": random.randint(40_000, 90_000),
            "off_btc": 1,
        },
    }


def of_drift(random: Random) -> dict[str, Inputs]:
    return {
        "drift_base_to_cover_margin_shortage": {
            "margin_shortage": random.randint(0, 10**12),
            "margin_ratio": random.randint(1, 5000),
            "liquidator_fee": random.randint(0, 30_000),
            "if_fee": random.randint(0, 20_000),
            "oracle_price": random.randint(1, 10**5) * 10**6,
            "quote_oracle_price": 10**6,
        },
        "drift_perp_if_fee": {
            "base_amount": random.randint(10**8, 10**13),
            "margin_ratio": random.randint(100, 2000),
            "liquidator_fee": random.randint(0, 30_000),
            "oracle_price": random.randint(10**5, 10**10),
            "quote_oracle_price": 10**6,
            "max_if_fee": random.randint(0, 50_000),
            "margin_shortage": random.randint(0, 10**8),
        },
        "drift_liquidation_fee_ramp": {
            "base_fee": random.randint(0, 20_000),
            "max_fee": random.randint(20_000, 60_000),
            "last_active_slot": 0,
            "slot": random.randint(0, 50_000),
        },
        "drift_socialised_loss_funding_delta": {
            "loss_quote": -random.randint(0, 10**12),
            "base_long": random.randint(1, 10**13),
            "base_short": -random.randint(0, 10**13),
        },
        "drift_size_adjusted_weights": {
            "kind": random.choice(("asset", "liability")),
            "token_amount_1e9": random.randint(1, 10**15),
            "imf_factor": random.randint(0, 20_000),
            "weight": random.randint(5_000, 10_000),
        },
    }


def of_others(random: Random) -> dict[str, Inputs]:
    side = random.choice((1, -1))
    position = {
        "size": side * random.randint(1, 50),
        "price": random.randint(1, 40_000),
        "skew_scale": random.randint(100, 10**6),
        "min_position_margin": random.randint(0, 1000),
        "reward_ratio": "0.05",
    }
    return {
        "mango_stable_price": {
            "start_price": "1.0",
            "segments": [
                [random.randint(5, 900), random.randint(1, 300), usd(random, 0, 12) or "1.0"]
                for _ in range(3)
            ],
        },
        "synthetix_v3_margins": {
            "positions": [position],
            "initial_margin_fraction": random.randint(1, 3),
            "min_initial_ratio": "0.01",
            "maint_scalar": "0.5",
        },
        "synthetix_v3_cross_margin_pnl": {
            "collateral": random.randint(1000, 10**6),
            "positions": [
                {
                    "m": "BTC",
                    "size": position["size"],
                    "entry_oracle": position["price"],
                    "skew_scale": position["skew_scale"],
                    "mark": random.randint(1, 40_000),
                }
            ],
        },
        "synthetix_v3_max_liquidatable_amount": {
            "maker_fee": "0.007",
            "taker_fee": "0.003",
            "skew_scale": 1000,
            "multiplier": 1,
            "window_s": random.randint(5, 20),
            "events": [[3 * place, random.randint(1, 150)] for place in range(8)],
        },
    }


def of_venues(random: Random) -> dict[str, Inputs]:
    side = random.choice((1, -1))
    tiers = [[0, random.randint(20, 50)], [random.randint(10**6, 10**8), random.randint(2, 19)]]
    return {
        "gmx_adl_trigger": {
            "pool_long_tokens": random.randint(1, 5000),
            "size_usd": random.randint(1000, 10**7),
            "entry": random.randint(100, 9000),
            "price": random.randint(100, 9000),
            "max_pnl_factor_for_adl": "0.45",
        },
        "hyperliquid_margin_tiers": {"notional": random.randint(1, 10**9), "tiers": tiers},
        "binance_usdm_liquidation_price": {
            "side": side,
            "wallet_balance": usd(random, 1000, 50_000),
            "amount": random.randint(1, 100),
            "entry": usd(random, 500, 2000),
            "mm_rate": "0.05",
            "mm_amount": random.randint(0, 50),
            "upnl_other": random.randint(-900, 900),
            "tmm_other": random.randint(0, 500),
        },
        "bybit_liquidation_price": {
            "side": side,
            "entry": usd(random, 1, 90_000),
            "leverage": random.randint(2, 50),
            "mmr": "0.005",
        },
    }
