"""Impossible combinations of rules, refused by key: the model's own, and those of a file."""

from trimtab.adapters.files.naming import check_own_name
from trimtab.model import AssetRules, MarketRules, Rules
from trimtab.model.consistency import first_conflict
from trimtab.units import WAD, DataError, RulesError, format_decimal

WAD_DECIMALS = 18


def check_rules(rules: Rules) -> None:
    """Raise RulesError for the first impossible combination; the message names the key.

    What a running venue could be brought into is the model's to find; here stands what only the
    reading of a file can get wrong.
    """
    conflict = first_conflict(rules)
    if conflict is not None:
        raise RulesError(
            "the rules contradict each other",
            column=conflict.key,
            found=conflict.found,
            expected=conflict.expected,
        )
    for asset in rules.assets.values():
        _check_price(rules, asset)
        _check_rate(asset)
    for market in rules.markets.values():
        _check_ring(market)


def _check_price(rules: Rules, asset: AssetRules) -> None:
    price_wad = asset.price_wad
    if asset.name == rules.quote and asset.underlying:
        raise RulesError(
            "the quote is worth 1 of itself",
            column=f"assets.{asset.name}.underlying",
            found=asset.underlying,
            expected="no underlying",
        )
    if asset.name == rules.quote and price_wad is not None and price_wad != WAD:
        raise RulesError(
            "the quote is worth 1 of itself",
            column=f"assets.{asset.name}.price",
            found=_decimal(price_wad),
            expected="1, or no price",
        )
    if asset.underlying and price_wad is not None:
        raise RulesError(
            "an asset priced through its underlying has no price of its own",
            column=f"assets.{asset.name}.price",
            found=_decimal(price_wad),
            expected="an underlying or a price",
        )


def _check_rate(asset: AssetRules) -> None:
    if not asset.underlying and asset.exchange_rate_wad != WAD:
        raise RulesError(
            "only an asset with an underlying has an exchange rate",
            column=f"assets.{asset.name}.exchange_rate",
            found=_decimal(asset.exchange_rate_wad),
            expected="an underlying beside it",
        )


def _check_ring(market: MarketRules) -> None:
    if not market.insurance_ring:
        return
    try:
        check_own_name(market.insurance_ring, "insurance ring")
    except DataError as error:
        key = f"markets.{market.name}.insurance_ring"
        raise RulesError(
            error.what, column=key, found=error.found, expected=error.expected
        ) from None


def _decimal(stored_wad: int) -> str:
    return format_decimal(stored_wad, WAD_DECIMALS)
