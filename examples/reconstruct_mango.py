"""Mango Markets, 2022-10-11: a thin market pumped against unrealized pnl used as collateral."""

from reconstruction import Reconstruction, between, priced, stamp
from scripted import Hand

from trimtab.units import WAD

MARKET, DAY = "MNGO-PERP", "2022-10-11"
UNIT = 10**6
SIZE = 483_000_000 * UNIT
PRICE = 382 * WAD // 10_000
LENDABLE = 122_000_000  # of others, and the attacker's own

# Minute rows from 22:20 UTC: flat until 22:26, to 0.91 by 22:36, there until 22:50, back to 0.02
# by 23:10, flat until midnight.
SERIES = [0.0382] * 7 + between(0.0382, 0.91, steps=10) + [0.91] * 14
SERIES += between(0.91, 0.02, steps=20) + [0.02] * 49
TRADE, PEAK = 4, 17


def trade(hand: Hand) -> None:
    """A sells to B what B bets on: both are the same person's."""
    hand.trade(MARKET, taker="B", maker="A", size=SIZE, price_wad=PRICE)


def drain(hand: Hand) -> None:
    """The gainer takes out all that the venue can lend."""
    hand.take_out("B", ("USDC",), most=LENDABLE * UNIT)


VENUE = {
    "venue": {"name": '"mango-2022-10"', "quote": '"USDC"'},
    "assets.USDC": {
        "decimals": "6",
        "max_ltv": "1.0",
        "liquidation_threshold": "1.0",
        "external_supply": "117_000_000",
    },
    "assets.MNGO": {"decimals": "6", "borrowable": "false"},
    f"markets.{MARKET}": {
        "asset": '"MNGO"',
        "initial_margin": "0.20",
        "maintenance_margin": "0.10",
    },
    "replay": {"position_depth": "20_833", "delay_blocks": "1"},
}

FORMER = {
    f"markets.{MARKET}": {"initial_gain_weight": "1.0", "withdrawal_margin": "0.0"},
    "deleveraging": {"policy": '"none"'},
}

REMEDIES = {
    "former, with the stable price of Mango v4": {"oracle": {"stable_price": "true"}},
    "former, with open interest capped at 5 M USDC": {f"markets.{MARKET}": {"oi_cap": "5_000_000"}},
    "former, with takers for 1 M USDC a minute": {"replay": {"position_depth": "1_000_000"}},
}


def mango() -> Reconstruction:
    """Two accounts of 5 M USDC, 483 M MNGO between them, and 117 M USDC of other people's."""
    times = [stamp(22, 20 + minute, day=DAY) for minute in range(len(SERIES))]
    rows = priced("MNGO", list(zip(times, SERIES, strict=True)), digits=10)
    return Reconstruction(
        name="mango-2022-10",
        title="Mango, 2022-10-11: a thin market pumped against unrealized pnl",
        recorded="110 to 117 M USD left with the attacker",
        victims=("lenders", "insurance", "backstop", "others"),
        attackers=frozenset({"A", "B"}),
        venue=VENUE,
        former=FORMER,
        remedies=REMEDIES,
        book="account,instrument,quantity\nA,USDC,5000000\nB,USDC,5000000\n",
        prices="\n".join(["timestamp,asset,price", *rows, ""]),
        script={TRADE: trade, PEAK: drain},
        notes=NOTES,
    )


NOTES = [
    "Synthetic. Published: two accounts of 5 M USDC, 483 M MNGO-PERP between them at 0.0382, the "
    "start of the pump at 22:26 UTC, ten minutes to a spot price of 0.91, leverage up to 5, all "
    "lendable assets taken (reports of 2022-10-12, after J. Lim and CertiK).",
    "What the venue could lend is set to 117 M USD, since all of it is reported gone: the amount "
    "of the loss is an input, whether the rules let it go is the result. It stands for USDC, SOL, "
    "mSOL, BTC, USDT and SRM.",
    "Takers close 20,833 USDC a minute: the venue's whole reported trade of 30 M USD a day. "
    "Keepers come one block late.",
    "Assumed: 14 minutes at the top, 20 minutes back to 0.02, a maintenance margin of 10 %.",
]
