"""Venues drawn to be hard for floats: ties, dust, huge and tiny prices, no debt, no collateral."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from trimtab.engine import Draft, MemoryStore, account_sums, market_mark
from trimtab.model import (
    SINGLE,
    Account,
    AssetRules,
    CategoryRules,
    MarketKind,
    MarketRules,
    MarketState,
    Pool,
    Position,
    PriceState,
    Rules,
    RulesState,
    Table,
    Tier,
    VenueState,
)
from trimtab.units import WAD, div_down, div_floor

NOW_S = 1_700_000_000
NOW_NS = NOW_S * 10**9
SHARES = 10**6

PRICES = st.one_of(
    st.sampled_from([1, 2, WAD, 2 * WAD, WAD // 2, 3333 * 10**14, 10**30, 10**36, 7 * 10**9]),
    st.integers(1, 10**24),
)
WEIGHTS = st.one_of(
    st.sampled_from([0, WAD // 2, WAD // 4, 8 * WAD // 10, WAD]), st.integers(0, WAD)
)
AMOUNTS = st.one_of(st.sampled_from([1, 2, 3, 10, 10**6, 10**18, 10**24]), st.integers(1, 10**27))


@st.composite
def asset_rules(draw: st.DrawFn, name: str) -> AssetRules:
    """An asset of any weights in their order; half of them round, so that ties happen."""
    threshold = draw(WEIGHTS)
    end = min(threshold, draw(WEIGHTS))
    return AssetRules(
        name,
        decimals=draw(st.sampled_from([0, 2, 6, 8, 18, 36])),
        max_ltv_wad=min(end, draw(WEIGHTS)),
        liquidation_end_wad=end,
        liquidation_threshold_wad=threshold,
        liability_weight_wad=draw(st.sampled_from([WAD, WAD, 2 * WAD, 11 * WAD // 10, WAD + 1])),
        size_factor_wad=draw(st.sampled_from([0, 0, 0, 1, WAD // 1000, WAD])),
    )


@st.composite
def pools(draw: st.DrawFn, name: str) -> Pool:
    """A pool whose shares are worth a unit each million, or anything near it."""
    whole = draw(st.booleans())
    units = 10**30
    supplied = units if whole else draw(st.integers(units // 2, 2 * units))
    borrowed = units if whole else draw(st.integers(units, 2 * units))
    return Pool(
        name,
        supplied=supplied,
        supply_shares=units * SHARES,
        borrowed=borrowed,
        borrow_shares=units * SHARES,
        accrued_s=NOW_S,
    )


@st.composite
def markets(draw: st.DrawFn, name: str, *, assets: list[str]) -> MarketRules:
    """A market with a flat rate, tiers, a size factor or a skew margin."""
    maintenance = draw(st.sampled_from([WAD // 100, WAD // 32, 3 * WAD // 100 + 1]))
    kind = draw(st.sampled_from(["flat", "flat", "tiers", "size", "skew"]))
    tiers: tuple[Tier, ...] = ()
    if kind == "tiers":
        floors = (0, draw(st.sampled_from([WAD, 10**6 * WAD])), 10**9 * WAD)
        rates = (maintenance, 2 * maintenance, WAD // 2)
        tiers = tuple(Tier(a, 2 * b, b) for a, b in zip(floors, rates, strict=True))
    return MarketRules(
        name,
        initial_margin_wad=2 * maintenance,
        maintenance_margin_wad=maintenance,
        liquidation_end_margin_wad=draw(st.sampled_from([None, 3 * maintenance // 2])),
        kind=draw(st.sampled_from(MarketKind)),
        asset=draw(st.sampled_from(assets)),
        tiers=tiers,
        size_factor_wad=WAD // 1000 if kind == "size" else 0,
        skew_scale=10**20 if kind == "skew" else None,
        skew_margin_wad=WAD // 10 if kind == "skew" else 0,
        position_margin_wad=draw(st.sampled_from([0, 0, WAD])),
        gain_weight_wad=draw(st.sampled_from([WAD, WAD, WAD, WAD // 2])),
    )


@st.composite
def positions(draw: st.DrawFn, market: MarketRules, *, price_wad: int, lift: int) -> Position:
    """A position near its entry price, or a pnl that waits to be settled."""
    size = draw(st.sampled_from([1, -1])) * draw(AMOUNTS)
    if draw(st.integers(0, 9)) == 0:
        return Position(0, draw(st.integers(-(10**50), 10**50)))
    per_unit = WAD * lift if market.is_inverse else price_wad * lift
    worth = div_floor(size * per_unit, price_wad) if market.is_inverse else size * per_unit
    cost = worth * draw(st.sampled_from([1, 1, 0, 2])) + draw(st.integers(-(10**36), 10**36))
    return Position(
        size,
        -cost if market.is_inverse else cost,
        draw(st.sampled_from([0, 10**30, per_unit // 3])),
    )


@st.composite
def accounts(draw: st.DrawFn, key: str, *, names: list[str], categories: list[str]) -> Account:
    """An account of any holdings, perhaps in liquidation, perhaps with a threshold of its own."""
    supply, debt = (
        {
            name: draw(AMOUNTS) * SHARES
            for name in draw(st.lists(st.sampled_from(names), max_size=n))
        }
        for n in (len(names), len(names))
    )
    thresholds = {}
    if supply and draw(st.integers(0, 4)) == 0:
        thresholds = {min(supply): draw(WEIGHTS)}
    return Account(
        key,
        supply=supply,
        debt=debt,
        category=draw(st.sampled_from(["", *categories])),
        thresholds=thresholds,
        in_liquidation=draw(st.booleans()),
    )


@st.composite
def venues(draw: st.DrawFn, *, assets_max: int = 5, accounts_max: int = 8) -> MemoryStore:
    """A venue of up to some assets and accounts, a third of whom stand on or beside the edge."""
    names = [f"A{number:02}" for number in range(draw(st.integers(2, assets_max)))]
    rules = {name: draw(asset_rules(name)) for name in names}
    rules[names[0]] = replace(rules[names[0]], decimals=6)
    categories = {}
    if draw(st.booleans()):
        threshold = draw(WEIGHTS)
        categories["near"] = CategoryRules(
            "near", tuple(names[:2]), draw(st.integers(0, threshold)), threshold
        )
    listed = {f"M{n}": draw(markets(f"M{n}", assets=names)) for n in range(draw(st.integers(0, 2)))}
    everything = Rules("drawn", names[0], rules, categories, markets=listed)
    records = {
        (Table.VENUE, SINGLE): VenueState(now_ns=NOW_NS),
        (Table.RULES, SINGLE): RulesState(everything),
    }
    for name in listed:
        long, short = (draw(st.sampled_from([0, 10**30, 10**45, 10**54])) for _ in range(2))
        mark = draw(st.sampled_from([0, 0, WAD]))
        records[Table.MARKET, name] = MarketState(
            name, long_index=long, short_index=-short, mark_wad=mark, funded_s=NOW_S
        )
    for name in names:
        records[Table.POOL, name] = draw(pools(name))
        price = WAD if name == names[0] else draw(PRICES)
        records[Table.PRICE, name] = PriceState(name, price, NOW_NS)
    store = MemoryStore(records)
    for number in range(draw(st.integers(1, accounts_max))):
        account = draw(accounts(f"a{number}", names=names, categories=[*categories]))
        account = replace(account, positions=draw(held_positions(store, listed)))
        if draw(st.integers(0, 2)) == 0:
            account = on_the_edge(account, store, beside=draw(st.integers(-1, 1)))
        records[Table.ACCOUNT, account.key] = account
    return MemoryStore(records)


@st.composite
def held_positions(
    draw: st.DrawFn, store: MemoryStore, listed: dict[str, MarketRules]
) -> dict[str, Position]:
    """Positions in some of the markets."""
    draft, found = Draft(store, NOW_NS), {}
    for name, market in listed.items():
        if draw(st.booleans()):
            mark = market_mark(draft, name)
            drawn = positions(market, price_wad=mark.price_wad, lift=mark.lift)
            found[name] = draw(drawn)
    return found


def on_the_edge(account: Account, store: MemoryStore, *, beside: int) -> Account:
    """The account with as much debt in the quote as it may have, give or take a native unit."""
    draft = Draft(store, NOW_NS)
    alone = replace(account, debt={})
    sums = account_sums(alone, draft)
    most = sums.excess_liquidation_end if account.in_liquidation else sums.excess_maintenance
    mark = draft.mark(draft.rules.quote)
    owed = div_down(max(most, 0), mark.unit * mark.rules.liability_weight_wad) + beside
    shares = div_down(max(owed, 1) * mark.pool.borrow_shares, mark.pool.borrowed)
    return replace(account, debt={draft.rules.quote: max(shares, 1)})
