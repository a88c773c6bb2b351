"""Hyperliquid in March 2025: two positions left to the backstop vault, of ETH and of JELLY."""

from reconstruction import Reconstruction, between, priced, stamp
from scripted import Hand

from trimtab.units import WAD

UNIT = 10**6
VAULT_ETH, VAULT_JELLY = "451_000_000", "230_000_000"

# ETH, 2025-03-12. Minute rows: 1,884.4 to 1,930 in 40 minutes, 1,915 ten minutes later, 1,896.7
# after ten more, then in 30 minutes to 3 % under the price at which the vault took over.
ETH_DAY = "2025-03-12"
ETH_SERIES = [1884.4, *between(1884.4, 1930.0, steps=40), *between(1930.0, 1915.0, steps=10)]
ETH_SERIES += [*between(1915.0, 1896.7, steps=10), *between(1896.7, 1857.6, steps=30)]
ETH_TOP = 40


def enter(hand: Hand) -> None:
    """175,179 ETH long from the market at 1,884.4."""
    price = 18_844 * WAD // 10
    hand.trade("ETH-PERP", taker="whale", maker="@pool/ETH-PERP", size=1_751_790, price_wad=price)


def leave(hand: Hand) -> None:
    """Sell 14,945 ETH at the top, and take out all that the rules allow."""
    hand.trade("ETH-PERP", taker="whale", maker="@pool/ETH-PERP", size=-149_450, price_wad=WAD)
    hand.take_out("whale", ("USDC",), most=40_000_000 * UNIT)


def usdc(name: str) -> dict[str, dict[str, str]]:
    """A venue that holds USDC alone as collateral."""
    return {
        "venue": {"name": f'"{name}"', "quote": '"USDC"'},
        "assets.USDC": {"decimals": "6", "max_ltv": "1.0", "liquidation_threshold": "1.0"},
    }


ETH_VENUE = {
    **usdc("hyperliquid-2025-03-12"),
    "assets.ETH": {"decimals": "18", "borrowable": "false"},
    "markets.ETH-PERP": {
        "asset": '"ETH"',
        "decimals": "1",
        "initial_margin": "0.02",
        "maintenance_margin": "0.01",
        "pool_balance": "100_000_000",
    },
    "replay": {"position_depth": "1_000_000", "backstop_after": "0"},
}
ETH_FORMER = {
    "markets.ETH-PERP": {"initial_gain_weight": "1.0", "withdrawal_margin": "0.0"},
    "position_liquidation": {"sizing": '"ladder"', "backstop_below": "0.666666"},
    "deleveraging": {"policy": '"queue"', "price": '"mark"'},
    "backstop": {"balance": VAULT_ETH},
}
ETH_REMEDIES = {
    "former, at 25x instead of 50x": {
        "markets.ETH-PERP": {"initial_margin": "0.04", "maintenance_margin": "0.02"}
    },
    "former, with takers for 10 M USDC a minute": {"replay": {"position_depth": "10_000_000"}},
}


def eth() -> Reconstruction:
    """The ETH long that took its gain out and left the rest to the vault."""
    times = [stamp(12, minute, day=ETH_DAY) for minute in range(len(ETH_SERIES))]
    rows = priced("ETH", list(zip(times, ETH_SERIES, strict=True)), digits=6)
    return Reconstruction(
        name="hyperliquid-2025-03-12",
        title="Hyperliquid, 2025-03-12: 160,234 ETH left to the vault",
        recorded="vault 4 M USD, the trader's gain 1.86 M USD",
        victims=("backstop", "insurance", "lenders"),
        attackers=frozenset({"whale"}),
        venue=ETH_VENUE,
        former=ETH_FORMER,
        remedies=ETH_REMEDIES,
        book="account,instrument,quantity\nwhale,USDC,15230000\n",
        prices="\n".join(["timestamp,asset,price", *rows, ""]),
        script={0: enter, ETH_TOP: leave},
        notes=ETH_NOTES,
    )


ETH_NOTES = [
    "Synthetic. Published: 15.23 M USDC paid in, 175,179 ETH long at 1,884.4, 14,945 ETH sold for "
    "28.7 M USDC, 17.09 M USDC taken out, 160,234 ETH taken over by the vault at 1,915, the vault "
    "under water from 1,896.7, a vault of 451 M USD, leverage up to 50.",
    "The top is where the published gain of 8 M USD puts it for 175,179 ETH: 1,930.",
    "Assumed: minutes of the path; takers for 1 M USDC a minute; and, for want of a published "
    "price of the vault's sale, an end 3 % under 1,915, at which the vault's position is valued.",
]

# JELLY, 2025-03-26. Minute rows: flat for five minutes, then to the reported high of 0.043 within
# the hour.
JELLY_DAY = "2025-03-26"
JELLY_SERIES = [0.0095] * 5 + between(0.0095, 0.043, steps=55) + [0.043] * 10
JELLY = 10**6


def wash(hand: Hand) -> None:
    """Two longs against one short of the same owner, at 0.0095."""
    price = 95 * WAD // 10_000
    for long, value in (("long-1", 2_150_000), ("long-2", 1_900_000)):
        size = value * 10_000 // 95 * JELLY
        hand.trade("JELLY-PERP", taker=long, maker="short", size=size, price_wad=price)


def undress(hand: Hand) -> None:
    """The short takes out whatever margin the rules let go."""
    hand.take_out("short", ("USDC",), most=3_000_000 * UNIT)


def cash_in(hand: Hand) -> None:
    """The longs take out their gains as far as the rules let them."""
    for long in ("long-1", "long-2"):
        hand.take_out(long, ("USDC",), most=30_000_000 * UNIT)


JELLY_VENUE = {
    **usdc("hyperliquid-2025-03-26"),
    "assets.JELLY": {"decimals": "6", "borrowable": "false"},
    "markets.JELLY-PERP": {
        "asset": '"JELLY"',
        "initial_margin": "0.333334",
        "maintenance_margin": "0.166667",
    },
    "replay": {"position_depth": "10_000", "backstop_after": "0"},
}
JELLY_FORMER = {
    "markets.JELLY-PERP": {"initial_gain_weight": "1.0"},
    "position_liquidation": {"sizing": '"ladder"', "backstop_below": "0.666666"},
    "deleveraging": {"policy": '"queue"', "price": '"mark"'},
    "backstop": {"balance": VAULT_JELLY},
}
JELLY_REMEDIES = {
    "former, with 1 % of the vault ring-fenced": {"backstop": {"balance": "2_300_000"}},
    "former, with deleveraging from a loss of 1 % on": {"deleveraging": {"backstop_loss": "0.01"}},
    "former, with open interest capped at a tenth of the market's 9.5 M USD": {
        "markets.JELLY-PERP": {"oi_cap": "950_000"}
    },
}


def jelly() -> Reconstruction:
    """The JELLY short that was made to fall to the vault, and then squeezed."""
    times = [stamp(13, minute, day=JELLY_DAY) for minute in range(len(JELLY_SERIES))]
    rows = priced("JELLY", list(zip(times, JELLY_SERIES, strict=True)), digits=10)
    book = [f"{name},USDC,2333333" for name in ("long-1", "long-2", "short")]
    return Reconstruction(
        name="hyperliquid-2025-03-26",
        title="Hyperliquid, 2025-03-26: a JELLY short left to the vault",
        recorded="vault 12 to 13.5 M USD of unrealized loss, undone by settling at 0.0095",
        victims=("backstop", "insurance", "lenders"),
        attackers=frozenset({"long-1", "long-2", "short"}),
        venue=JELLY_VENUE,
        former=JELLY_FORMER,
        remedies=JELLY_REMEDIES,
        book="\n".join(["account,instrument,quantity", *book, ""]),
        prices="\n".join(["timestamp,asset,price", *rows, ""]),
        script={1: wash, 2: undress, len(JELLY_SERIES) - 2: cash_in},
        notes=JELLY_NOTES,
    )


JELLY_NOTES = [
    "Synthetic. Published: 7 M USDC in three accounts, longs of 2.15 and 1.9 M USD against a short "
    "of theirs at 0.0095, 398 M JELLY taken over by the vault, a high of 0.043, a vault of 230 M "
    "USD whose parts share collateral, a market capitalization of 10 M USD.",
    "Assumed: equal shares of the 7 M; leverage up to 3; a path of equal ratios over 55 minutes; "
    "takers for 10,000 USDC a minute.",
]
