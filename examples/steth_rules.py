"""Rules of the Aave v2 cases.

Thresholds come from the tables. The initial weights and the bonuses are not in them: they are
Aave v2's published parameters of early 2023, and change what a liquidation seizes, not who is
liquidated. No interest accrues: the windows are short, and the tables hold no rates.
"""

from collections.abc import Mapping

# Initial weight, threshold, bonus; assets that are not listed here are no collateral.
WEIGHTS = {
    "stETH": ("0.72", "0.83", "0.075"),
    "WETH": ("0.825", "0.86", "0.045"),
    "USDC": ("0.80", "0.875", "0.045"),
    "DAI": ("0.75", "0.87", "0.045"),
    "FEI": ("0", "0.075", "0.065"),
    "TUSD": ("0.75", "0.825", "0.05"),
    "WBTC": ("0.72", "0.82", "0.05"),
    "RESIDUAL_COLLATERAL": ("0.55", "0.72", "0.075"),
}
DECIMALS = {"USDC": 6, "USDT": 6, "GUSD": 2, "WBTC": 8}  # of the others 18
NOT_BORROWABLE = frozenset({"stETH", "RESIDUAL_COLLATERAL"})

# Half of a debt at most, whatever the health, and no rule against lowering it.
LIQUIDATION = """\
[liquidation]
sizing = "close_factor"
close_factor = 0.5
full_close_health = 0
spiral = "allow"
"""

HEALTH_RULES = f"""\
# Aave v2 of June 2023 in aggregates: all collateral of a user is one asset, all debt another,
# both in ETH at a price of 1. The book overrides the threshold by each user's own.

[venue]
name = "steth-2023-health"
quote = "ETH"

[assets.COLLATERAL]
decimals = 18
max_ltv = 0.72
liquidation_threshold = 0.83
liquidation_bonus = 0.075
borrowable = false

[assets.DEBT]
decimals = 18

{LIQUIDATION}"""


def crash_rules(name: str, prices: Mapping[str, str], *, gas_cost: str) -> str:
    """The text of rules.toml.

    Args:
        name: name of the venue.
        prices: the book's own prices in ETH, by asset.
        gas_cost: ETH per liquidation; empty where the case has a gas table.
    """
    head = (
        "# Aave v2 of June 2023, its own prices in ETH; the price history is rebased to them.\n\n"
        f'[venue]\nname = "{name}"\nquote = "ETH"\n\n'
    )
    assets = "\n".join(_asset(asset, price) for asset, price in prices.items())
    gas = f"gas_cost = {gas_cost}                       # 500,000 gas at 20 gwei\n"
    replay = f"[replay]\nrebase = true\n{gas if gas_cost else ''}"
    return f"{head}{assets}\n{LIQUIDATION}\n{replay}"


def _asset(asset: str, price: str) -> str:
    text = f"[assets.{asset}]\ndecimals = {DECIMALS.get(asset, 18)}\nprice = {price}\n"
    if asset in WEIGHTS:
        max_ltv, threshold, bonus = WEIGHTS[asset]
        text += f"max_ltv = {max_ltv}\nliquidation_threshold = {threshold}\n"
        text += f"liquidation_bonus = {bonus}\n"
    if asset in NOT_BORROWABLE:
        text += "borrowable = false\n"
    return text
