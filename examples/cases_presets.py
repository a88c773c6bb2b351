"""A case for each family of presets: a pool, an isolated market, a vault; on real prices.

The pool and the isolated market hold real users under rules that they did not have; the vaults
are made up, one at each of many collateral ratios.
"""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from case_files import EXACT, BuiltCase, lines, plain, product, quotient, table, total
from cases_steth import steth_2021_05
from price_history import prices_in_eth, stamp
from steth_book import STABLE_DEBT, read_book
from steth_rules import DECIMALS, WEIGHTS

CRISIS = "ohlcv/eth_usd_10min_crisis_days.csv.gz"
BLACK_THURSDAY = "2020-03-12"
CENT = Decimal("0.01")
# What the preset has of the book's assets; the rest is Aave v2's, as in the other cases.
OF_PRESET = ("WETH", "WBTC", "DAI", "USDC", "USDT")

POOL_HEAD = """\
# Aave v3.7's rules on the users that Aave v2 had: what would the newer protocol have done?

[preset]
name = "aave-v3.7"
assets = ["WETH", "WBTC", "DAI", "USDC", "USDT"]

[venue]
name = "aave-v3.7-2021-05"
quote = "ETH"

# 1000 USD, at about 2000 USD for one ETH.
[liquidation]
dust_debt = 0.5
dust_collateral = 0.5

[replay]
rebase = true
"""

# One ETH of the book in USDC, about its price of June 2023; it scales the book, not who is safe.
ETHER_USDC = 1700

MARKET_RULES = f"""\
# One Morpho Blue market: the preset as it is, with a book and a history.

preset = "morpho-blue"

[venue]
name = "morpho-blue-2021-05"

[assets.WETH]
price = {ETHER_USDC}

[replay]
rebase = true
gas_cost = 30
"""

VAULT_RULES = """\
# ETH vaults at 150 % under Maker's Dutch auctions, on the day for which they were invented.

[preset]
name = "maker"
assets = ["DAI"]

[venue]
name = "maker-2020-03-12"

# 1 / 1.5
[assets.ETH]
decimals = 18
max_ltv = 0.666666666666666666
liquidation_threshold = 0.666666666666666666
borrowable = false

[liquidation]
dust_debt = 20

[insurance]
balance = 500000

[replay]
gas_cost = 5
delay_blocks = 5
block = 13
"""

VAULTS = 60
VAULT_ETH = 50


def aave_pool_2021_05(data: Path) -> BuiltCase:
    """The 1,034 users with per-asset tables through the crash of May 2021, under Aave v3.7."""
    base = steth_2021_05(data)
    assets = "\n".join(_asset(asset, price) for asset, price in read_book(data).prices.items())
    files = {**base.files, "rules.toml": f"{POOL_HEAD}\n{assets}"}
    notes = [
        "Book, prices and gas are those of steth-2021-05; rules are the preset aave-v3.7, laid "
        f"under Aave v2's weights for what the preset has not. From the preset: {OF_PRESET}.",
        "The users never stood under these rules: who is unsafe at the start is so by the rules.",
        *base.notes,
    ]
    return BuiltCase("aave-v3.7-2021-05", files, notes)


def _asset(asset: str, price: str) -> str:
    text = f"[assets.{asset}]\nprice = {price}\n"
    if asset in OF_PRESET:
        return text
    text += f"decimals = {DECIMALS.get(asset, 18)}\n"
    if asset in WEIGHTS:
        max_ltv, threshold, bonus = WEIGHTS[asset]
        text += f"max_ltv = {max_ltv}\nliquidation_threshold = {threshold}\n"
        text += f"liquidation_bonus = {bonus}\n"
    return text


def morpho_market_2021_05(data: Path) -> BuiltCase:
    """The users that owe stablecoins, by their totals, as borrowers of one isolated market."""
    users = table(data / STABLE_DEBT)
    rows = []
    for user in users:
        debt = product(Decimal(user["debt"]), Decimal(ETHER_USDC))
        rows.append(f"{user['user']},WETH,{user['collateral']}")
        rows.append(f"{user['user']},USDC,-{plain(debt.quantize(CENT, context=EXACT))}")
    start, end = datetime(2021, 5, 17, tzinfo=UTC), datetime(2021, 5, 24, tzinfo=UTC)
    series, _ = prices_in_eth(data, ["USDC"], start=start, end=end)
    prices = [
        f"{stamp(hour)},WETH,{plain(quotient(Decimal(1), price))}"
        for hour, price in series["USDC"].items()
    ]
    held = total(Decimal(user["collateral"]) for user in users)
    owed = total(Decimal(user["debt"]) for user in users)
    files = {
        "rules.toml": MARKET_RULES,
        "book.csv": lines("account,instrument,quantity", rows),
        "prices.csv": lines("timestamp,asset,price", prices),
    }
    notes = [
        f"{len(users)} users by their totals: {held:.6f} ETH of collateral as WETH, debts worth "
        f"{owed:.6f} ETH as USDC at {ETHER_USDC}, to the cent.",
        "WETH in USDC as both traded in May 2021, rebased to that price.",
    ]
    return BuiltCase("morpho-blue-2021-05", files, notes)


def maker_vaults_2020_03(data: Path) -> BuiltCase:
    """Sixty vaults from 151 % to 269 % of collateral, through the day of 2020-03-12."""
    day = [row for row in table(data / CRISIS) if row["case"] == BLACK_THURSDAY]
    seen = sorted((row["timestamp"], Decimal(row["close"])) for row in day)
    first = seen[0][1]
    rows = []
    for number in range(VAULTS):
        ratio = Decimal(151 + 2 * number) / 100
        debt = (VAULT_ETH * first / ratio).quantize(Decimal("1e-6"))
        rows.append(f"vault-{number:02},ETH,{VAULT_ETH}")
        rows.append(f"vault-{number:02},DAI,-{plain(debt)}")
    prices = [f"{at[:10]}T{at[11:19]}Z,ETH,{plain(price)}" for at, price in seen]
    files = {
        "rules.toml": VAULT_RULES,
        "book.csv": lines("account,instrument,quantity", rows),
        "prices.csv": lines("timestamp,asset,price", prices),
    }
    low = min(price for _, price in seen)
    notes = [
        f"{VAULTS} vaults of {VAULT_ETH} ETH, ratios 1.51 to {ratio}, made up.",
        f"ETH in USD, closes of ten minutes, {plain(first)} to {plain(low)}; a DAI is one USD.",
    ]
    return BuiltCase("maker-2020-03-12", files, notes)
