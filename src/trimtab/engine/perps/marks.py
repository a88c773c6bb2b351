"""A market at a moment: rules with ramps, state with funding booked, mark price, exact scales."""

from dataclasses import dataclass, replace

from trimtab.engine.draft import Draft
from trimtab.engine.perps.funding import Moment, funded
from trimtab.engine.ramps import market_rules_at
from trimtab.engine.refusal import require
from trimtab.engine.scales import EXACT_DECIMALS
from trimtab.model import (
    INSURANCE,
    MARKET_HOLDER,
    MARKET_POOL,
    EventKind,
    MarketRules,
    MarketState,
    Reason,
    Table,
    contract_decimals,
)
from trimtab.units import WAD, div_down, pow10


@dataclass(frozen=True, slots=True)
class MarketMark:
    """What is needed to value positions of a market now.

    `low_wad` and `high_wad` are the worse of mark and stable price for either side. `lift` brings
    native contract units to the exact scale: size x price_wad x lift is in 1e-54 of the quote.
    `settle_asset` is what pnl is paid in, and `settle_unit` one native unit of it in the scale of
    costs. `index_wad` is the index price, at which what is settled in the asset is worth.
    """

    rules: MarketRules
    state: MarketState
    price_wad: int
    low_wad: int
    high_wad: int
    lift: int
    settle_asset: str
    settle_unit: int
    index_wad: int

    @property
    def name(self) -> str:
        """Name of the market."""
        return self.rules.name


def root_of(draft: Draft, asset: str) -> str:
    """The asset whose price an asset follows: itself, or what it is at last redeemed for."""
    while draft.rules.assets[asset].underlying:
        asset = draft.rules.assets[asset].underlying
    return asset


def pool_key(market: str) -> str:
    """The account that takes the side which the book leaves open."""
    return MARKET_POOL + market


def holder_key(market: str) -> str:
    """The account that holds what a market owes to gains not yet paid."""
    return MARKET_HOLDER + market


def fund_key(rules: MarketRules) -> str:
    """The insurance fund of a market: its own ring's, or the venue's."""
    return f"{INSURANCE}/{rules.insurance_ring}" if rules.insurance_ring else INSURANCE


def market_state(draft: Draft, market: str) -> MarketState:
    """A market's record with its funding booked up to now; refuses an unknown market."""
    require(market in draft.rules.markets, Reason.UNKNOWN_MARKET, market=market)
    found = draft.get(Table.MARKET, market)
    assert isinstance(found, MarketState), "every market has a record"
    if found.funded_s == draft.now_s:
        return found
    rules = market_rules_at(draft.rules_state, market, now_s=draft.now_s)
    index = draft.mark_if_priced(rules.asset)
    if index is None:
        # No price, no funding: the time without one is not made up for later.
        put_market(draft, replace(found, funded_s=draft.now_s))
        return replace(found, funded_s=draft.now_s)
    lift = pow10(EXACT_DECIMALS - contract_decimals(draft.rules, rules))
    mark = mark_price_wad(found, rules, index_wad=index.price_wad)
    moment = Moment(mark, index.price_wad, lift, draft.now_s)
    changed, paid = funded(found, rules, moment=moment)
    put_market(draft, changed)
    if paid:
        draft.tell(
            EventKind.FUNDING,
            asset=market,
            price=changed.rate_wad,
            value=_funding_value(draft, changed, rules=rules, paid=paid),
        )
    return changed


def _funding_value(draft: Draft, state: MarketState, *, rules: MarketRules, paid: int) -> int:
    """What the larger side paid (+: longs) in wad of the quote, for the record."""
    size = max(state.long, state.short)
    price = draft.mark(rules.asset).price_wad if rules.is_inverse else 1
    value = div_down(size * abs(paid) * price, pow10(EXACT_DECIMALS))
    return value if paid > 0 else -value


def mark_price_wad(state: MarketState, rules: MarketRules, *, index_wad: int) -> int:
    """The market's own mark price while it lies within the band of the index, else the index."""
    band = rules.mark_band_wad
    if state.mark_wad == 0:
        return index_wad
    if band is not None and abs(state.mark_wad - index_wad) * WAD > index_wad * band:
        return index_wad
    return state.mark_wad


def put_market(draft: Draft, state: MarketState) -> None:
    """Replace a market's record."""
    draft.put(Table.MARKET, state.market, record=state)


def market_mark(draft: Draft, market: str) -> MarketMark:
    """The market's mark; refuses where its price is missing."""
    found = draft.kept.get(market)
    if isinstance(found, MarketMark):
        return found
    state = market_state(draft, market)
    rules = market_rules_at(draft.rules_state, market, now_s=draft.now_s)
    index = draft.mark(rules.asset)
    price = mark_price_wad(state, rules, index_wad=index.price_wad)
    settle = rules.asset if rules.is_inverse else draft.rules.quote
    lifted = pow10(EXACT_DECIMALS - draft.rules.assets[settle].decimals)
    built = MarketMark(
        rules=rules,
        state=state,
        price_wad=price,
        low_wad=min(price, index.low_wad),
        high_wad=max(price, index.high_wad),
        lift=pow10(EXACT_DECIMALS - contract_decimals(draft.rules, rules)),
        settle_asset=settle,
        settle_unit=lifted if rules.is_inverse else lifted * WAD,
        index_wad=index.price_wad,
    )
    draft.kept[market] = built
    return built
