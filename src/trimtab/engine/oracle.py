"""Prices: what is accepted, and the cap on the redemption rate of yield-bearing assets."""

from trimtab.engine.draft import Draft, require
from trimtab.model import EventKind, PriceState, Reason, Table
from trimtab.model.commands import SetExchangeRate, SetPrices
from trimtab.units import NANOSECONDS, UINT256_MAX, WAD, YEAR_SECONDS, div_down, mul_div_down


def set_prices(draft: Draft, command: SetPrices) -> None:
    """Accept a tick: all its prices or none. The quote is always worth 1 of itself."""
    for asset, price_wad in command.prices:
        rules = draft.asset_rules(asset)
        valid = 0 < price_wad <= UINT256_MAX and not rules.underlying
        valid = valid and (asset != draft.rules.quote or price_wad == WAD)
        require(valid, Reason.PRICE_INVALID, asset=asset, price=price_wad)
        draft.put(Table.PRICE, asset, record=PriceState(asset, price_wad, draft.now_ns))
        draft.tell(EventKind.PRICE, asset=asset, price=price_wad)


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
    state = PriceState(command.asset, 0, draft.now_ns, rate, draft.now_ns)
    draft.put(Table.PRICE, command.asset, record=state)
    draft.tell(EventKind.EXCHANGE_RATE, asset=command.asset, price=rate)
