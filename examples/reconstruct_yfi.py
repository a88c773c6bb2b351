"""dYdX v3, November 2023: open interest in YFI built out of its own unrealized pnl."""

from reconstruction import Reconstruction, at_steps, between, priced
from scripted import Hand

from trimtab.engine import Draft, account_sums
from trimtab.units import WAD, div_down

MARKET, POOL = "YFI-PERP", "@pool/YFI-PERP"
UNIT, CONTRACT = 10**6, 10**6
WALLETS = tuple(f"wallet-{number:03}" for number in range(100))
MARGIN = 1_600  # USDC each: 0.16 M in all, five times of which is the first open interest, 0.8 M

# The rise in rows of six hours: six of 20 % and one to the top; then 14,500 to 8,300 in five hours
# of five-minute rows.
LOW, TOP, BOTTOM = 4461.5, 14_500.0, 8_300.0
RISE = [LOW * 1.2**number for number in range(7)] + [TOP]
FALL = between(TOP, BOTTOM, steps=60)
PEAK = len(RISE) - 1


def load_up(hand: Hand, *, number: int) -> None:
    """Every wallet buys what its initial excess carries: five times its equity, gains included.

    At the top it takes out what the rules let go instead.
    """
    if number == PEAK:
        for wallet in WALLETS:
            hand.take_out(wallet, ("USDC",), most=1_000_000 * UNIT)
        return
    draft = Draft(hand.driver.store, hand.at_ns)
    price = draft.mark("YFI").price_wad
    for wallet in WALLETS:
        excess = account_sums(draft.account(wallet), draft).excess_initial
        # Excess (1e-72) over price (1e-18) and rate (1e-18) of contracts (1e-6), at 20 %.
        size = div_down(max(0, excess) * 5, price * 10**48)
        if size:
            hand.trade(MARKET, taker=wallet, maker=POOL, size=size, price_wad=10**6 * WAD)


VENUE = {
    "venue": {"name": '"dydx-2023-11"', "quote": '"USDC"'},
    "assets.USDC": {"decimals": "6", "max_ltv": "1.0", "liquidation_threshold": "1.0"},
    "assets.YFI": {"decimals": "18", "borrowable": "false"},
    f"markets.{MARKET}": {
        "asset": '"YFI"',
        "decimals": "6",
        "initial_margin": "0.20",
        "maintenance_margin": "0.05",
        "pool_balance": "200_000_000",
    },
    "insurance": {"balance": "22_500_000"},
    "replay": {"position_depth": "800_000", "max_gap": "21_600"},
}
FORMER = {
    f"markets.{MARKET}": {"initial_gain_weight": "1.0", "withdrawal_margin": "0.0"},
    "position_liquidation": {"sizing": '"whole"'},
    "deleveraging": {"policy": '"queue"'},
}
REMEDIES = {
    "former, with the open-interest scale of v4 (0.5 to 1 M)": {
        f"markets.{MARKET}": {"oi_lower": "500_000", "oi_upper": "1_000_000"}
    },
    "former, with the cap of 50 M enforced": {f"markets.{MARKET}": {"oi_cap": "50_000_000"}},
    "former, with takers for 0.4 M USDC in five minutes": {"replay": {"position_depth": "400_000"}},
    "former, with takers for all": {"replay": {"position_depth": "1_000_000_000"}},
}


def stamps() -> list[str]:
    """Times of the rows: six hours apart up to the top, then five minutes."""
    rise = [f"2023-11-{16 + number // 4}T{6 * (number % 4):02}:00:00Z" for number in range(8)]
    fall = [f"2023-11-17T{18 + m // 60}:{m % 60:02}:00Z" for m in range(5, 305, 5)]
    return rise + fall


def yfi() -> Reconstruction:
    """A hundred wallets that put every gain back into the position, five times."""
    rows = priced("YFI", list(zip(stamps(), [*RISE, *FALL], strict=True)), digits=6)
    book = [f"{wallet},USDC,{MARGIN}" for wallet in WALLETS]
    return Reconstruction(
        name="dydx-2023-11",
        title="dYdX v3, November 2023: YFI",
        recorded="open interest from 0.8 to 67 M USD, 38 M liquidated, insurance fund 9 M USD",
        victims=("insurance", "lenders", "backstop"),
        attackers=frozenset(WALLETS),
        venue=VENUE,
        former=FORMER,
        remedies=REMEDIES,
        book="\n".join(["account,instrument,quantity", *book, ""]),
        prices="\n".join(["timestamp,asset,price", *rows, ""]),
        script=at_steps(load_up, range(PEAK + 1)),
        notes=NOTES,
    )


NOTES = [
    "Synthetic. Published: open interest of 0.8 M USD at first, longs of five times over a hundred "
    "wallets, a rise of 225 % within the month, 14,500 to 8,300 within five hours, an insurance "
    "fund of 22.5 M USD (9 M paid, 13.5 M left).",
    "The wallets start with a fifth of 0.8 M USD and buy again when their margin has doubled, "
    "which at five times is every 20 %; at the top they take out what the rules let go.",
    "Assumed: equal wallets; a maintenance margin of 5 %; takers for 0.8 M USD in five minutes, "
    "the open interest that the market carried before; a steady fall; the rise in rows of six "
    "hours.",
]
