"""Rules of the bundled crisis case: one venue's assets, and two ways to liquidate on it."""

ASSETS = """\
# Synthetic: the assets and the two sets of rules are modelled on the venues of March 2020.

[assets.ETH]
decimals = 18
max_ltv = 0.64
liquidation_end = 0.65
liquidation_threshold = 0.6666        # a vault's 150 %
liquidation_bonus = 0.08
liquidation_fee = 0.002
base_rate = 0.002
slope1 = 0.03
slope2 = 1.0

[assets.WBTC]
decimals = 8
max_ltv = 0.62
liquidation_end = 0.63
liquidation_threshold = 0.65
liquidation_bonus = 0.08
liquidation_fee = 0.002
borrowable = false
supply_cap = 5000

[assets.STETH]                        # a staked ether, before its time
decimals = 18
max_ltv = 0.55
liquidation_threshold = 0.60
liquidation_bonus = 0.08
liquidation_fee = 0.002
borrowable = false
supply_cap = 100000

[assets.DAI]                          # the vaults' stablecoin
decimals = 18
mintable = true
base_rate = 0.04
borrow_cap = 100000000

[assets.USDC]
decimals = 6
max_ltv = 0.75
liquidation_threshold = 0.80
liquidation_bonus = 0.04
liquidation_fee = 0.002
slope1 = 0.04
slope2 = 0.60
reserve_factor = 0.10

[categories.staked-ether]
assets = ["ETH", "STETH"]
max_ltv = 0.90
liquidation_threshold = 0.92
liquidation_bonus = 0.02

[insurance]
balance = 10000
"""

TODAY = f"""\
[venue]
name = "black-thursday-today"
quote = "USD"

{ASSETS}
[liquidation]
sizing = "target_health"
target_health = 1.10
bonus_curve = "shortfall"
minimum_bonus = 0.02
full_bonus_health = 0.90
dust_debt = 20
dust_collateral = 20

[margin_call]
interval = 21600
grace = 21600

[backstop]
balance = 5000                        # a loss it pays; it takes over nobody

[replay]
mechanism = "bonus"
min_profit = 1
capital = 250000                      # keepers hold little of the stablecoin in the crunch
delay_blocks = 20
block = 13
"""

THEN = f"""\
[venue]
name = "black-thursday-2020"
quote = "USD"

{ASSETS}
[liquidation]
sizing = "whole"
spiral = "allow"
dust_debt = 20
dust_collateral = 20

# An auction without a floor falls to nothing within minutes, and whoever still gets a bid
# into a full block takes the lot: here most lots at under a third.
[auction]
curve = "exponential"
start_multiplier = 1.0
floor_multiplier = 0
cut = 0.998
reset_after = 21600
penalty = 0.13
lot_buffer = 1000

[replay]
mechanism = "auction"
auction_discount = 0.65
delay_blocks = 20
block = 13
"""
