"""Morpho on a local node, two markets of one loan asset, and a crowd of random accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from tests.oracle.aave_market import linked
from tests.oracle.chain import ADMIN, account, returning
from tests.oracle.drawing import log_uniform
from tests.oracle.imports.node_chain import NodeChain
from tests.oracle.morpho_market import (
    FEE_RECIPIENT,
    LENDER,
    MORPHO_CODE,
    ORACLE_CODE,
    PARAMS,
    RATE,
    WEALTH,
    Venue,
    creation_code,
)
from tests.oracle.packages import AAVE
from trimtab.units import WAD, pow10

DAY = 86_400
TOKEN = "mocks/tokens/MintableERC20.sol/MintableERC20"
LOAN_DECIMALS = 6
LENT = 10**9 * pow10(LOAN_DECIMALS)
# A yearly 5 percent, per second; and a market that lends against eight decimals.
RATE_WAD = WAD // 20 // (365 * DAY)


@dataclass(frozen=True, slots=True)
class Kind:
    """One market to make: symbol and decimals of its collateral, loan-to-value, fee, price."""

    symbol: str
    decimals: int
    lltv_percent: int
    fee_percent: int
    price: int


KINDS = (Kind("ETH", 18, 86, 0, 2_000), Kind("BTC", 8, 77, 10, 60_000))


@dataclass
class Hall:
    """The markets by their ids, and who is in them."""

    chain: NodeChain
    venues: dict[str, Venue] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    people: list[str] = field(default_factory=list)
    borrows: int = 0

    @property
    def morpho(self) -> str:
        return next(iter(self.venues.values())).morpho

    def move_price(self, key: str, percent: int) -> None:
        price = self.kinds[key].price * percent // 100
        self.venues[key].set_price(scaled(self.kinds[key], price) + 1)


def scaled(kind: Kind, price: int) -> int:
    """A price as Morpho's oracles give it."""
    return price * 10 ** (36 + LOAN_DECIMALS - kind.decimals)


def deploy_hall(chain: NodeChain) -> Hall:
    assert AAVE.folder.is_dir(), "tokens with decimals are those of Aave's mocks"
    hall = Hall(chain)
    morpho = chain.deploy(creation_code(MORPHO_CODE), "(address)", ADMIN)
    loan = token(chain, "USD", LOAN_DECIMALS)
    rate = chain.deploy(returning(RATE))
    for number, kind in enumerate(KINDS):
        venue = Venue(
            chain,  # type: ignore[arg-type]
            morpho,
            loan=loan,
            collateral=token(chain, kind.symbol, kind.decimals),
            oracle=chain.deploy(creation_code(ORACLE_CODE)),
            rate=rate,
        )
        if number == 0:
            venue.act("enableIrm(address)", rate)
            venue.act("setFeeRecipient(address)", FEE_RECIPIENT)
            venue.set_rate(RATE_WAD)
        venue.create(kind.lltv_percent * WAD // 100, fee_wad=kind.fee_percent * WAD // 100)
        venue.set_price(scaled(kind, kind.price))
        key = "0x" + venue.key.hex()
        hall.venues[key], hall.kinds[key] = venue, kind
    return hall


def token(chain: NodeChain, symbol: str, decimals: int) -> str:
    return chain.deploy(linked(TOKEN, {}), "(string,string,uint8)", symbol, symbol, decimals)


def equip(hall: Hall, who: str, asset: str, amount: int) -> list[tuple[str, str, bytes]]:
    data = hall.chain.data
    return [
        (ADMIN, asset, data("mint(address,uint256)", who, amount)),
        (who, asset, data("approve(address,uint256)", hall.morpho, WEALTH)),
    ]


def fill(hall: Hall, count: int) -> None:
    """Somebody lends to both markets; accounts lend, pledge and borrow; a quarter goes by."""
    for venue in hall.venues.values():
        assert all(hall.chain.transact(equip(hall, LENDER, venue.loan, LENT)))
        venue.supply(LENT)
    hall.people = [LENDER, FEE_RECIPIENT]
    for number in range(count):
        enter(hall, account(50_000 + number), Random(f"morpho {number}"), number=number)
    hall.chain.wait(90 * DAY)
    # One market is accrued before the block that is read, the other long ago.
    next(iter(hall.venues.values())).accrue()
    hall.chain.wait(3 * DAY)


def enter(hall: Hall, who: str, rng: Random, *, number: int) -> None:
    keys = list(hall.venues)
    for key in keys if number % 5 == 0 else [keys[number % 2]]:
        orders = borrow(hall, who, rng, key=key)
        if number % 3 == 0:
            amount = int(log_uniform(rng, 0, 5) * pow10(LOAN_DECIMALS))
            orders += equip(hall, who, hall.venues[key].loan, amount)
            what = f"supply({PARAMS},uint256,uint256,address,bytes)"
            given = (hall.venues[key].params, amount, 0, who, b"")
            orders.append((who, hall.morpho, hall.chain.data(what, *given)))
        assert all(hall.chain.transact(orders)), f"account {number} is refused"
    hall.people.append(who)


def borrow(hall: Hall, who: str, rng: Random, *, key: str) -> list[tuple[str, str, bytes]]:
    """Collateral, and but for some accounts a debt up to nearly all of the loan-to-value."""
    venue, kind = hall.venues[key], hall.kinds[key]
    pledged = int(log_uniform(rng, 2, 6) / kind.price * pow10(kind.decimals)) + 1
    orders = equip(hall, who, venue.collateral, pledged)
    what = f"supplyCollateral({PARAMS},uint256,address,bytes)"
    orders.append((who, hall.morpho, hall.chain.data(what, venue.params, pledged, who, b"")))
    share = rng.choice((0, 300, 900, 999))
    worth = pledged * scaled(kind, kind.price) // 10**36
    debt = worth * kind.lltv_percent * share // 100_000
    if debt:
        what = f"borrow({PARAMS},uint256,uint256,address,address)"
        given = (venue.params, debt, 0, who, who)
        orders.append((who, hall.morpho, hall.chain.data(what, *given)))
        hall.borrows += 1
    return orders
