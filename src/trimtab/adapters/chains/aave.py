"""Aave v3: a pool's accounts and configuration at one block.

Accounts are those that supply and debt tokens were ever minted for or sent to. Quantities are what
the tokens themselves answer (`balanceOf`); beside each, scaled balance x index is worked out with
the roundings of the protocol's versions (half-up until 3.4, then down for supply and up for debt),
and what agrees with none is counted in a note.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.adapters.chains.aave_reserves import (
    Category,
    Pool,
    Reserve,
    read_categories,
    read_pool,
)
from trimtab.adapters.chains.aave_rules import (
    asset_sections,
    category_names,
    category_sections,
    venue_sections,
)
from trimtab.adapters.chains.abi import ZERO_ADDRESS, function, topic, topic_address
from trimtab.adapters.chains.case_texts import Row, Venue, outside_supply, price_text, sums
from trimtab.adapters.chains.events import Filter, Span, scan
from trimtab.adapters.chains.reader import Call, Reader
from trimtab.adapters.chains.tokens import BALANCE, token_names
from trimtab.units import DataError, ray_mul_down, ray_mul_half_up, ray_mul_up

QUOTE = "USD"
TRANSFER = "Transfer(address,address,uint256)"
SCALED = function("scaledBalanceOf(address)", "uint256")
USER = function("getUserConfiguration(address)", "uint256")
USER_CATEGORY = function("getUserEMode(address)", "uint256")


@dataclass(frozen=True, slots=True)
class AaveV3:
    """What to read: a pool, by its address."""

    pool: str

    @property
    def target(self) -> str:
        """The contract that must be there."""
        return self.pool

    def read(
        self, reader: Reader, *, span: Span, accounts: Sequence[str] | None, quote: str
    ) -> Venue:
        """Return the pool's venue at the reader's block.

        Args:
            span: where to look for events.
            accounts: read these instead of those that events name.
            quote: name of the base currency; "" is USD.
        """
        return read_aave(reader, self.pool, span=span, accounts=accounts, quote=quote or QUOTE)


@dataclass(frozen=True, slots=True)
class Held:
    """What one account has in one reserve, native units."""

    supplied: int = 0
    owed: int = 0


@dataclass(frozen=True, slots=True)
class User:
    """An account's bitmap of collateral and debt, and its category; 0 is none."""

    bits: int
    category: int

    def pledges(self, reserve: Reserve) -> bool:
        """Whether the account uses its supply of a reserve as collateral."""
        return bool(self.bits >> 2 * reserve.place + 1 & 1)

    def uses(self, reserve: Reserve) -> bool:
        """Whether the account borrows a reserve or uses it as collateral."""
        return bool(self.bits >> 2 * reserve.place & 3)


Balances = Mapping[tuple[str, str], int]


def read_aave(
    reader: Reader, address: str, *, span: Span, accounts: Sequence[str] | None, quote: str
) -> Venue:
    """Return the venue of a pool; the arguments are those of `AaveV3.read`."""
    pool = read_pool(reader, address)
    held_tokens = _holders(reader, pool, span=span, accounts=accounts)
    people = sorted({account for account, _ in held_tokens})
    if not people:
        raise DataError("no account was found", where=address, hint="look from an earlier block")
    users = _users(reader, pool, people=people)
    held_tokens |= {
        (account, token)
        for account, user in users.items()
        for reserve in pool.reserves
        if user.uses(reserve)
        for token in _tokens(reserve)
    }
    balances, odd = _balances(reader, pool, pairs=held_tokens)
    numbers = {user.category for user in users.values()}
    numbers |= {reserve.category for reserve in pool.reserves}
    categories = read_categories(reader, pool, numbers=numbers)
    return _venue(
        pool, users, balances=balances, categories=categories, quote=quote, notes=_odd_note(odd)
    )


def _holders(
    reader: Reader, pool: Pool, *, span: Span, accounts: Sequence[str] | None
) -> set[tuple[str, str]]:
    """Pairs of account and token that may have a balance."""
    tokens = [token for reserve in pool.reserves for token in _tokens(reserve)]
    if accounts is not None:
        return {(account, token) for account in accounts for token in tokens}
    wanted = Filter(tuple(tokens), ((topic(TRANSFER),),), _receiver)
    names = scan(reader, wanted, span=span, what="events")
    pairs = {(name[:42], name[43:]) for name in names}
    return {(account, token) for account, token in pairs if account != ZERO_ADDRESS}


def _receiver(log: Mapping[str, Any]) -> Iterable[str]:
    yield f"{topic_address(log['topics'][2])} {log['address'].lower()}"


def _tokens(reserve: Reserve) -> list[str]:
    return [token for token in (reserve.supply, reserve.debt, reserve.stable_debt) if token]


def _users(reader: Reader, pool: Pool, *, people: Sequence[str]) -> dict[str, User]:
    calls = []
    for account in people:
        calls += [
            Call(pool.address, USER, (account,)),
            Call(pool.address, USER_CATEGORY, (account,)),
        ]
    found = reader.ask(calls, "accounts")
    return {
        account: User(found[2 * place], found[2 * place + 1])
        for place, account in enumerate(people)
    }


def _balances(
    reader: Reader, pool: Pool, *, pairs: Iterable[tuple[str, str]]
) -> tuple[Balances, int]:
    """Balances by account and token, and how many differ from scaled balance x index."""
    wanted = sorted(pairs)
    scaled_tokens = {reserve.supply for reserve in pool.reserves}
    scaled_tokens |= {reserve.debt for reserve in pool.reserves}
    whole = reader.ask([Call(token, BALANCE, (who,)) for who, token in wanted], "balances")
    scaled_pairs = [
        (who, token)
        for (who, token), units in zip(wanted, whole, strict=True)
        if token in scaled_tokens and units
    ]
    scaled = reader.ask([Call(token, SCALED, (who,)) for who, token in scaled_pairs], "balances")
    balances = dict(zip(wanted, whole, strict=True))
    indices = {reserve.supply: (reserve.supply_index_ray, False) for reserve in pool.reserves}
    indices |= {reserve.debt: (reserve.debt_index_ray, True) for reserve in pool.reserves}
    odd = sum(
        not _agrees(balances[pair], units, index=indices[pair[1]])
        for pair, units in zip(scaled_pairs, scaled, strict=True)
    )
    return balances, odd


def _agrees(units: int, scaled: int, *, index: tuple[int, bool]) -> bool:
    index_ray, is_debt = index
    directed = ray_mul_up if is_debt else ray_mul_down
    return units in (ray_mul_half_up(scaled, index_ray), directed(scaled, index_ray))


def _odd_note(odd: int) -> list[str]:
    if not odd:
        return []
    return [f"{odd} balances are not scaled balance x index; they stand as their token says"]


def _venue(
    pool: Pool,
    users: Mapping[str, User],
    *,
    balances: Balances,
    categories: Mapping[int, Category],
    quote: str,
    notes: list[str],
) -> Venue:
    names = token_names([reserve.token for reserve in pool.reserves], taken=[quote])
    titles = category_names(categories)
    rows = [
        row
        for account, user in users.items()
        for name, reserve in zip(names, pool.reserves, strict=True)
        for row in _rows(
            (account, name),
            user,
            reserve=reserve,
            balances=balances,
            category=titles.get(user.category, ""),
        )
    ]
    supplied, borrowed = sums(rows)
    outside = {
        name: outside_supply(
            reserve.supplied, listed=supplied.get(name, 0), borrowed=borrowed.get(name, 0)
        )
        for name, reserve in zip(names, pool.reserves, strict=True)
    }
    assets = asset_sections(pool, names, outside=outside)
    prices, told = _prices(pool, names, held=supplied.keys() | borrowed.keys())
    notes = [*notes, *told, *_price_notes(categories, titles)]
    return Venue(
        name="aave-v3",
        quote=quote,
        decimals={
            name: reserve.token.decimals for name, reserve in zip(names, pool.reserves, strict=True)
        },
        assets=assets,
        categories=category_sections(pool, categories, names=names),
        sections=venue_sections(pool, assets),
        rows=rows,
        prices=prices,
        notes=notes,
        facts={"pool": pool.address, "assets": _facts(pool, names)},
    )


def _rows(
    place: tuple[str, str], user: User, *, reserve: Reserve, balances: Balances, category: str
) -> Iterable[Row]:
    account, name = place
    supplied = balances.get((account, reserve.supply), 0)
    owed = balances.get((account, reserve.debt), 0)
    if reserve.stable_debt:
        owed += balances.get((account, reserve.stable_debt), 0)
    if supplied:
        threshold = "" if user.pledges(reserve) else "0"
        yield Row(account, name, supplied, category=category, threshold=threshold)
    if owed:
        yield Row(account, name, -owed, category=category)


def _prices(
    pool: Pool, names: Sequence[str], *, held: Iterable[str]
) -> tuple[dict[str, str], list[str]]:
    decimals = len(str(pool.price_unit)) - 1
    if pool.price_unit != 10**decimals:
        raise DataError(
            "the oracle counts in no power of ten",
            where=pool.address,
            found=str(pool.price_unit),
        )
    prices, notes, needed = {}, [], set(held)
    for name, reserve in zip(names, pool.reserves, strict=True):
        if reserve.price:
            prices[name] = price_text(reserve.price, decimals)
        elif name in needed:
            prices[name] = price_text(0, 18)
            notes.append(f"{name}: the oracle has no price of it; it stands at the least, 1e-18")
    return prices, notes


def _price_notes(categories: Mapping[int, Category], titles: Mapping[int, str]) -> list[str]:
    return [
        f"category {titles[number]} has a price of its own, which a case cannot hold"
        for number, category in categories.items()
        if category.has_price
    ]


def _facts(pool: Pool, names: Sequence[str]) -> dict[str, Any]:
    return {
        name: {
            "address": reserve.token.address,
            "supply_token": reserve.supply,
            "debt_token": reserve.debt,
            "price": str(reserve.price),
            "configuration": hex(reserve.bits),
            "supply_index": str(reserve.supply_index_ray),
            "debt_index": str(reserve.debt_index_ray),
        }
        for name, reserve in zip(names, pool.reserves, strict=True)
    }
