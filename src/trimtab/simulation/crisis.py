"""The bundled demo case: a synthetic day modelled on 2020-03-12, "Black Thursday".

The facts behind it, from the public record and the venues' post-mortems:

- ETH fell from 195 to 101 USD between the midnights of 2020-03-12 UTC, in a crash at European
  noon and, after half of a rebound, in a second leg before midnight.
- Gas prices rose tenfold and more (a mean of 10 gwei at midnight, of over 200 in the afternoon),
  so that keepers could not get their bids in; the stablecoin rose above 1.05 USD for want of it.
- Maker's English auctions let bids of zero win: collateral worth 8.3 million USD went for
  nothing, and the system was short of 4.5 to 6.65 million DAI (figures differ between sources).

Everything else is invented: accounts, sizes, ratios and each step between the anchors come from
the seed. The staked ether did not exist yet; its fall to four fifths of an ether, as later
staking tokens fell, is what takes the loss past the insurance fund and the backstop. Sizes are
log-normal with a few whales; most vaults hold 180 to 300 % of their debt, a risky tail 152 to
160 %.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from trimtab.simulation.crisis_paths import Shocks, gas_text, paths, prices_text
from trimtab.simulation.crisis_rules import THEN, TODAY
from trimtab.units import WAD, exp_wad_down, format_decimal

# Kinds of account by their share in thousandths, in the order of the book.
KINDS = (
    ("vault-eth", 560),
    ("vault-wbtc", 100),
    ("borrower", 120),
    ("lender", 50),
    ("cross", 60),
    ("isolated", 20),
    ("staker", 40),
    ("dust", 50),
)
WHALE_PER_MILLE = 15

# Cumulative share in thousandths, then the range of collateral over debt in thousandths.
RATIO_BANDS = ((110, 1525, 1600), (230, 1600, 1800), (780, 1800, 3000), (1000, 3000, 6000))
SAFE_BANDS = ((1000, 1750, 3000),)
STAKER_BANDS = ((1000, 1105, 1180),)
STAKER_SCALE = 12  # staking on borrowed ether was a game of the large

# Decimals kept in the book, at most those of the asset; and the prices at which it is drawn up,
# in cents (the first row of the path).
PLACES = {"ETH": 6, "STETH": 6, "WBTC": 8, "DAI": 2, "USDC": 2}
OPENING_CENTS = {"ETH": 19_500, "STETH": 19_402, "WBTC": 791_000, "DAI": 101, "USDC": 100}

LOG_MEDIAN_WAD = 9 * WAD  # exp(9) is 8,103 USD of debt
LOG_SPREAD_WAD = 14 * WAD // 10
HEADER = "account,instrument,quantity,group,category"


@dataclass(frozen=True, slots=True)
class Holder:
    """One account to be drawn: its place in the book, its kind, and its own source of chance."""

    index: int
    kind: str
    whale: bool
    shocks: Shocks

    def between(self, stream: str, low: int, *, high: int) -> int:
        """A uniform integer in [low, high)."""
        return low + (high - low) * self.shocks.uniform_wad(stream, self.index) // WAD

    def debt_cents(self) -> int:
        """The size of the account: its debt in cents."""
        if self.kind == "dust":
            return self.between("size", 2_200, high=6_000)
        if self.whale:
            return self.between("size", 30_000_000, high=120_000_000)
        exponent_wad = LOG_SPREAD_WAD * self.shocks.normal_wad("log-size", self.index) // WAD
        return max(exp_wad_down(LOG_MEDIAN_WAD + exponent_wad) * 100 // WAD, 10_000)

    def backed_cents(self, cents: int, bands: tuple[tuple[int, int, int], ...]) -> int:
        """The collateral in cents behind a debt in cents, by the bands of ratios."""
        place = self.between("band", 0, high=1000)
        low, high = next((low, high) for share, low, high in bands if place < share)
        return cents * self.between("ratio", low, high=high) // 1000 + 1


def crisis_case(seed: int, *, accounts: int = 400) -> dict[str, str]:
    """Return the files of the case under rules as they would be written today.

    Args:
        seed: decides every invented number; any integer.
        accounts: number of accounts, at least 50, so that each kind occurs.

    Returns:
        Text by file name: rules.toml, book.csv, prices.csv, gas.csv; 217 steps of ten minutes.
        The same arguments give the same bytes on any machine. No account starts unsafe.
    """
    assert accounts >= 50, f"too few accounts for every kind to occur: {accounts}"
    levels = paths(seed)
    return {
        "rules.toml": TODAY,
        "book.csv": "\n".join([HEADER, *_book_rows(seed, accounts), ""]),
        "prices.csv": prices_text(levels),
        "gas.csv": gas_text(levels),
    }


def crisis_rules_2020() -> str:
    """Return rules.toml of the same venue with liquidations as they were.

    Whole vaults go to auctions without a floor that decay within minutes. A rule set knows one
    discount for all lots, so every lot goes for under a third of its price, where in 2020 about
    a third went for nothing and others found bidders: the loss is an upper estimate of the
    mechanism's.
    """
    return THEN


def _book_rows(seed: int, accounts: int) -> Iterator[str]:
    shocks = Shocks(seed)
    number: dict[str, int] = {}
    for index in range(accounts):
        kind = _kind_at(1000 * index // accounts)
        number[kind] = number.get(kind, 0) + 1
        whale = kind == "vault-eth" and 1000 * number[kind] <= WHALE_PER_MILLE * accounts
        holder = Holder(index, kind, whale, shocks)
        name = f"{'whale' if whale else kind}-{number[kind]:04}"
        for instrument, cents, group, category in _positions(holder):
            yield f"{name},{instrument},{_quantity(instrument, cents)},{group},{category}"


def _kind_at(place: int) -> str:
    for kind, share in KINDS:
        if place < share:
            return kind
        place -= share
    raise AssertionError("the shares of KINDS sum to 1000")


def _positions(holder: Holder) -> Iterator[tuple[str, int, str, str]]:
    """Instrument, value in cents (+ owned, - borrowed), group and category."""
    debt = holder.debt_cents()
    backed = holder.backed_cents(debt, SAFE_BANDS if holder.whale else RATIO_BANDS)
    match holder.kind:
        case "vault-eth" | "dust":
            yield from [("ETH", backed, "", ""), ("DAI", -debt, "", "")]
        case "vault-wbtc":
            yield from [("WBTC", backed * 21 // 20, "", ""), ("DAI", -debt, "", "")]
        case "borrower":
            yield from [("ETH", backed, "", ""), ("USDC", -debt, "", "")]
        case "lender":
            yield ("USDC", 6 * debt, "", "")
        case "cross":
            yield from _cross(debt, backed * 11 // 10)
        case "isolated":
            yield from [("ETH", 2 * backed, "", ""), ("DAI", -debt, "", "")]
            yield from [("WBTC", backed * 21 // 20, "wbtc", ""), ("USDC", -debt, "wbtc", "")]
        case "staker":
            loan = STAKER_SCALE * debt
            stake = holder.backed_cents(loan, STAKER_BANDS)
            yield ("STETH", stake, "", "staked-ether")
            yield ("ETH", -loan, "", "staked-ether")


def _cross(debt: int, backed: int) -> Iterator[tuple[str, int, str, str]]:
    yield from [("ETH", backed // 2, "", ""), ("WBTC", backed // 4, "", "")]
    yield from [("STETH", backed // 8, "", ""), ("USDC", backed // 8, "", "")]
    yield ("DAI", -debt, "", "")


def _quantity(instrument: str, cents: int) -> str:
    """The quantity of a value in cents, in whole units; a debt toward zero, so does a claim."""
    places = PLACES[instrument]
    raw = abs(cents) * 10**places // OPENING_CENTS[instrument]
    return format_decimal(-raw if cents < 0 else raw, places)
