"""Prices: what is accepted, what may be done with an old one, and what follows a new one."""

from dataclasses import replace

from trimtab.engine import breaker, stable_price
from trimtab.engine.aggregation import aggregated, median_wad
from trimtab.engine.draft import Draft
from trimtab.engine.perps.marks import market_state, put_market, root_of
from trimtab.engine.refusal import require
from trimtab.model import (
    EventKind,
    Funding,
    Observation,
    PriceState,
    PriceUse,
    Reason,
    Table,
)
from trimtab.model.commands import SetExchangeRate, SetFunding, SetPrices, SubmitMark, SubmitPrice
from trimtab.units import NANOSECONDS, UINT256_MAX, WAD, YEAR_SECONDS, div_down, mul_div_down


def set_prices(draft: Draft, command: SetPrices) -> None:
    """Accept a tick: all its prices or none. The quote is always worth 1 of itself.

    A name of a market sets its mark price.
    """
    markets = [(name, price) for name, price in command.prices if name in draft.rules.markets]
    for asset, price_wad in command.prices:
        if asset in draft.rules.markets:
            continue
        rules = draft.asset_rules(asset)
        valid = 0 < price_wad <= UINT256_MAX and not rules.underlying
        valid = valid and (asset != draft.rules.quote or price_wad == WAD)
        require(valid, Reason.PRICE_INVALID, asset=asset, price=price_wad)
        if _jumps(draft, asset, price_wad=price_wad):
            _refuse(draft, asset, price_wad=price_wad, reason="jump")
            continue
        accept_price(draft, asset, price_wad=price_wad, at_ns=draft.now_ns)
    for market, price_wad in markets:
        _set_mark(draft, market, price_wad=price_wad)


def submit_price(draft: Draft, command: SubmitPrice) -> None:
    """Note what a source says, and accept the price that all sources give, if they give one."""
    asset, price = command.asset, command.price_wad
    rules = draft.asset_rules(asset)
    valid = 0 < price <= UINT256_MAX and not rules.underlying and asset != draft.rules.quote
    valid = valid and 0 <= command.confidence_wad <= UINT256_MAX
    valid = valid and 0 <= command.published_ns <= draft.now_ns
    require(valid, Reason.PRICE_INVALID, asset=asset, price=price)
    state = draft.oracle_state(asset)
    said = Observation(price, command.confidence_wad, command.published_ns)
    before = state.observations.get(command.source)
    late = before is not None and before.published_ns > said.published_ns
    require(not late, Reason.PRICE_INVALID, asset=asset, source=command.source)
    observations = {**state.observations, command.source: said}
    draft.put_oracle(replace(state, observations=observations))
    verdict = aggregated(observations, draft.rules.oracle, now_ns=draft.now_ns)
    if verdict.refused:
        _refuse(draft, asset, price_wad=price, reason=verdict.refused)
    elif _jumps(draft, asset, price_wad=verdict.price_wad):
        _refuse(draft, asset, price_wad=verdict.price_wad, reason="jump")
    else:
        accept_price(draft, asset, price_wad=verdict.price_wad, at_ns=verdict.at_ns)


def _jumps(draft: Draft, asset: str, *, price_wad: int) -> bool:
    """Whether a price is further from the stable price (else the last) than the rules allow."""
    most = draft.rules.oracle.max_jump_wad
    last = None if most is None else draft.price_state(asset)
    if most is None or last is None:
        return False
    near, far = sorted((price_wad, draft.stable_wad(asset) or last.price_wad))
    return far * WAD > near * most


def _refuse(draft: Draft, asset: str, *, price_wad: int, reason: str) -> None:
    """A refused price is an event; the last accepted one stays, and grows old."""
    state = draft.oracle_state(asset)
    draft.put_oracle(replace(state, refused=state.refused + 1))
    draft.tell(EventKind.PRICE_REFUSED, asset=asset, price=price_wad, reason=reason)
    rules = draft.rules.breakers
    if rules.oracle_failures is not None and state.refused + 1 >= rules.oracle_failures:
        breaker.trip(draft, "oracle", level=rules.oracle_level)


def accept_price(draft: Draft, asset: str, *, price_wad: int, at_ns: int) -> None:
    """Put a price in force: funding runs up to now at the old one, then all that follows it."""
    _book_funding(draft, asset)
    last = draft.price_state(asset)
    if last is not None and last.price_wad:
        breaker.watch_return(draft, asset, last_wad=last.price_wad, price_wad=price_wad)
    follows = draft.rules.oracle.stable_price and asset != draft.rules.quote
    if follows or draft.get(Table.ORACLE, asset) is not None:
        _oracle_followed(draft, asset, last=last, price_wad=price_wad, follows=follows)
    draft.put(Table.PRICE, asset, record=PriceState(asset, price_wad, at_ns))
    draft.tell(EventKind.PRICE, asset=asset, price=price_wad)


def _oracle_followed(
    draft: Draft, asset: str, *, last: PriceState | None, price_wad: int, follows: bool
) -> None:
    """An accepted price ends a run of refusals, and moves the stable price where there is one."""
    state = draft.oracle_state(asset)
    if state.refused:
        state = replace(state, refused=0)
        draft.put_oracle(state)
    if follows:
        stable = state.stable
        if stable is None:
            start = price_wad if last is None else last.price_wad
            stable = stable_price.started(start, draft.now_s)
        stable = stable_price.followed(
            stable, price_wad, now_s=draft.now_s, rules=draft.rules.oracle
        )
        draft.put_oracle(replace(state, stable=stable))


def _book_funding(draft: Draft, asset: str) -> None:
    """Funding runs up to now at the prices in force, before one that a market follows changes."""
    for market, rules in draft.rules.markets.items():
        if asset in (rules.asset, root_of(draft, rules.asset)):
            market_state(draft, market)


def require_usable(draft: Draft, asset: str, *, use: PriceUse) -> None:
    """Refuse a use of a stale price that the rules' table does not allow."""
    rules = draft.rules.oracle
    if rules.max_age_seconds is None or str(use) in rules.stale_allows:
        return
    asset = root_of(draft, asset)
    state = draft.price_state(asset)
    if asset == draft.rules.quote or state is None:
        return
    age = draft.now_ns - state.at_ns
    fresh = age <= rules.max_age_seconds * NANOSECONDS
    require(fresh, Reason.PRICE_STALE, asset=asset, age_ns=age, use=str(use))


def require_account_usable(draft: Draft, key: str, *, use: PriceUse) -> None:
    """Refuse a use of an account whose prices are stale: `require_usable` for all of them."""
    if draft.rules.oracle.max_age_seconds is None:
        return
    account = draft.account(key)
    for asset in (*account.supply, *account.debt):
        require_usable(draft, asset, use=use)
    for market in account.positions:
        require_usable(draft, draft.rules.markets[market].asset, use=use)


def submit_mark(draft: Draft, command: SubmitMark) -> None:
    """Set a market's mark price to the median of named inputs, within the band of the index."""
    inputs = dict(command.inputs)
    known = command.market in draft.rules.markets
    require(known, Reason.UNKNOWN_MARKET, market=command.market)
    valid = bool(inputs) and len(inputs) == len(command.inputs)
    valid = valid and all(0 < price <= UINT256_MAX for price in inputs.values())
    require(valid, Reason.PRICE_INVALID, market=command.market)
    _set_mark(draft, command.market, price_wad=median_wad(inputs.values()))


def _set_mark(draft: Draft, market: str, *, price_wad: int) -> None:
    """A mark price beyond the band is refused, and the market follows its index until the next."""
    require(0 < price_wad <= UINT256_MAX, Reason.PRICE_INVALID, market=market, price=price_wad)
    rules, state = draft.rules.markets[market], market_state(draft, market)
    index, band = draft.mark(rules.asset).price_wad, rules.mark_band_wad
    if band is not None and abs(price_wad - index) * WAD > index * band:
        put_market(draft, replace(state, mark_wad=0, mark_at_ns=draft.now_ns))
        draft.tell(EventKind.PRICE_REFUSED, asset=market, price=price_wad, reason="band")
        return
    put_market(draft, replace(state, mark_wad=price_wad, mark_at_ns=draft.now_ns))
    draft.tell(EventKind.MARK, asset=market, price=price_wad)


def set_funding(draft: Draft, command: SetFunding) -> None:
    """Set the rate of a market whose funding is recorded; it runs from now on."""
    state = market_state(draft, command.market)
    rules = draft.rules.markets[command.market]
    valid = rules.funding is Funding.RECORDED and abs(command.rate_wad) <= WAD
    require(valid, Reason.RULE_OUT_OF_BOUNDS, market=command.market, rate=command.rate_wad)
    put_market(draft, replace(state, rate_wad=command.rate_wad))
    draft.tell(EventKind.FUNDING_RATE, asset=command.market, price=command.rate_wad)


def set_exchange_rate(draft: Draft, command: SetExchangeRate) -> None:
    """Accept a redemption rate, at most what the cap on its growth allows.

    The cap runs from the last accepted rate: last x (1 + growth x time / year), rounded down. A
    rate above it is cut to it and told so; a fall is accepted as it is.
    """
    rules = draft.asset_rules(command.asset)
    valid = bool(rules.underlying) and 0 < command.rate_wad <= UINT256_MAX
    require(valid, Reason.PRICE_INVALID, asset=command.asset, price=command.rate_wad)
    rate, last = command.rate_wad, draft.price_state(command.asset)
    if rules.max_rate_growth_wad is not None and last is not None:
        seconds = div_down(draft.now_ns - last.rate_at_ns, NANOSECONDS)
        growth = mul_div_down(rules.max_rate_growth_wad, seconds, YEAR_SECONDS)
        cap = mul_div_down(last.rate_wad, WAD + growth, WAD)
        if rate > cap:
            draft.tell(EventKind.RATE_CAPPED, asset=command.asset, price=rate)
            rate = cap
    _book_funding(draft, command.asset)
    state = PriceState(command.asset, 0, draft.now_ns, rate, draft.now_ns)
    draft.put(Table.PRICE, command.asset, record=state)
    draft.tell(EventKind.EXCHANGE_RATE, asset=command.asset, price=rate)
