"""Derive's standard manager (SRM): rule-based margin of options, perpetuals and base collateral.

Source: derivexyz/v2-core at 7736900d, src/risk-managers/StandardManager.sol and
SRMPortfolioViewer.sol. Every number is in wad unless its name says seconds. A margin is net: cash
and values less the requirement, negative when short of funds. Products and quotients lose their
fraction, as Solidity's do.
"""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.protocols.derive_portfolio_rules import OptionPosition
from trimtab.protocols.derive_portfolio_shocks import times_wad
from trimtab.units import WAD, black76_value_wad, mul_div_down


@dataclass(frozen=True, slots=True)
class OptionRules:
    """Shares of spot for short options, and the scales of unpaired calls and of put margins."""

    spot_max_wad: int
    spot_min_wad: int
    maintenance_call_wad: int
    maintenance_put_wad: int
    maintenance_put_mark_wad: int
    unpaired_initial_wad: int
    unpaired_maintenance_wad: int
    maintenance_offset_wad: int


@dataclass(frozen=True, slots=True)
class OracleRules:
    """The confidences below which initial margin is charged (0 is never), and how much."""

    perp_threshold_wad: int
    option_threshold_wad: int
    base_threshold_wad: int
    factor_wad: int


@dataclass(frozen=True, slots=True)
class MarketRules:
    """The parameters of one market."""

    perp_maintenance_wad: int
    perp_initial_wad: int
    options: OptionRules
    oracle: OracleRules
    base_factor_wad: int
    base_initial_scale_wad: int


@dataclass(frozen=True, slots=True)
class DepegRules:
    """Below which price of the stablecoin initial margin is charged, and how much."""

    threshold_wad: int
    factor_wad: int


@dataclass(frozen=True, slots=True)
class StandardExpiry:
    """The options of one expiry; confidence_wad is the least of forward and volatilities."""

    seconds: int
    forward_wad: int
    confidence_wad: int
    options: tuple[OptionPosition, ...]


@dataclass(frozen=True, slots=True)
class StandardMarket:
    """What an account holds of one underlying, with its feeds.

    perp_cash_wad: unrealized profit and unsettled funding of the perpetual.
    """

    rules: MarketRules
    spot_wad: int
    spot_confidence_wad: int = WAD
    perp_size_wad: int = 0
    perp_price_wad: int = 0
    perp_confidence_wad: int = WAD
    perp_cash_wad: int = 0
    base_wad: int = 0
    expiries: tuple[StandardExpiry, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpiryMargin:
    """One expiry: the better of the sum of its parts and of its greatest loss at expiry.

    isolated_wad: the sum; bounded_wad: the loss, with unpaired calls; confidence_wad: the charge.
    """

    isolated_wad: int
    bounded_wad: int
    confidence_wad: int
    mark_to_market_wad: int

    @property
    def margin_wad(self) -> int:
        """Return what the expiry adds to the account's margin, at most 0 while options are kept."""
        return max(self.isolated_wad, self.bounded_wad) - self.confidence_wad


@dataclass(frozen=True, slots=True)
class MarketMargin:
    """One market's parts, signed, in wad."""

    perp_wad: int
    perp_cash_wad: int
    base_wad: int
    base_value_wad: int
    depeg_wad: int
    expiries: tuple[ExpiryMargin, ...]

    @property
    def margin_wad(self) -> int:
        """Return the sum that the account's margin is made of."""
        options = sum(expiry.margin_wad for expiry in self.expiries)
        return self.perp_wad + self.perp_cash_wad + self.base_wad + self.depeg_wad + options

    @property
    def mark_to_market_wad(self) -> int:
        """Return what the market's holdings are worth."""
        options = sum(expiry.mark_to_market_wad for expiry in self.expiries)
        return self.perp_cash_wad + self.base_value_wad + options


@dataclass(frozen=True, slots=True)
class StandardMargin:
    """The net margin of an account and its mark-to-market, by market, in wad."""

    net_wad: int
    mark_to_market_wad: int
    markets: tuple[MarketMargin, ...]


def margin(
    markets: tuple[StandardMarket, ...],
    cash_wad: int,
    *,
    stable_price_wad: int,
    depeg: DepegRules,
    is_initial: bool,
) -> StandardMargin:
    """Return the initial or the maintenance margin of an account.

    Args:
        markets: one for each underlying; cash_wad: signed.
        stable_price_wad: of the cash, in quote, above zero; depeg: charged for initial margin only.

    Returns:
        net = cash + the parts of every market; negative is short of funds.

    Rounding: toward zero after each product, as the contract.
    """
    short_of_peg = max(0, depeg.threshold_wad - stable_price_wad) if is_initial else 0
    rate = times_wad(short_of_peg, depeg.factor_wad)
    found = tuple(
        _market(market, rate, stable_price_wad=stable_price_wad, is_initial=is_initial)
        for market in markets
    )
    return StandardMargin(
        net_wad=cash_wad + sum(market.margin_wad for market in found),
        mark_to_market_wad=cash_wad + sum(market.mark_to_market_wad for market in found),
        markets=found,
    )


def isolated_wad(
    option: OptionPosition, value_wad: int, *, spot_wad: int, rules: OptionRules, is_initial: bool
) -> int:
    """Return the margin of one option alone; 0 for a long one.

    Short call: max(least, most - OTM / S) * S * q + value, for maintenance mm * S * q + value.
    Short put likewise, and at least `offset` times maintenance, which is
    min(mm * S * q, mark share * value) + value. q and value are negative.
    """
    if option.amount_wad > 0:
        return 0
    maintenance = _maintenance_wad(option, value_wad, spot_wad=spot_wad, rules=rules)
    if not is_initial:
        return maintenance
    otm = option.strike_wad - spot_wad if option.is_call else spot_wad - option.strike_wad
    ratio = mul_div_down(max(otm, 0), WAD, spot_wad)
    share = times_wad(max(rules.spot_min_wad, rules.spot_max_wad - ratio), spot_wad)
    initial = times_wad(share, option.amount_wad) + value_wad
    if option.is_call:
        return initial
    return min(initial, times_wad(maintenance, rules.maintenance_offset_wad))


def payoff_wad(options: tuple[OptionPosition, ...], price_wad: int) -> int:
    """Return what the options of one expiry pay at a settlement price, signed."""
    total = 0
    for option in options:
        paid = price_wad - option.strike_wad if option.is_call else option.strike_wad - price_wad
        total += times_wad(max(paid, 0), option.amount_wad)
    return total


def _maintenance_wad(
    option: OptionPosition, value_wad: int, *, spot_wad: int, rules: OptionRules
) -> int:
    if option.is_call:
        share = times_wad(rules.maintenance_call_wad, spot_wad)
        return times_wad(share, option.amount_wad) + value_wad
    share = times_wad(times_wad(rules.maintenance_put_wad, spot_wad), option.amount_wad)
    return min(share, times_wad(rules.maintenance_put_mark_wad, value_wad)) + value_wad


def _market(
    market: StandardMarket, depeg_rate_wad: int, *, stable_price_wad: int, is_initial: bool
) -> MarketMargin:
    exposed = abs(market.perp_size_wad) + sum(map(_shorts_wad, market.expiries))
    base_value = times_wad(market.base_wad, market.spot_wad)
    return MarketMargin(
        perp_wad=_perp_wad(market, is_initial=is_initial),
        perp_cash_wad=market.perp_cash_wad if market.perp_size_wad else 0,
        base_wad=_base_wad(market, base_value, is_initial=is_initial),
        base_value_wad=mul_div_down(base_value, WAD, stable_price_wad),
        depeg_wad=-times_wad(times_wad(exposed, depeg_rate_wad), market.spot_wad),
        expiries=tuple(
            _expiry(expiry, market, is_initial=is_initial) for expiry in market.expiries
        ),
    )


def _perp_wad(market: StandardMarket, *, is_initial: bool) -> int:
    rules = market.rules
    rate = rules.perp_initial_wad if is_initial else rules.perp_maintenance_wad
    size = abs(market.perp_size_wad)
    required = times_wad(times_wad(size, market.perp_price_wad), rate)
    confidence = min(market.perp_confidence_wad, market.spot_confidence_wad)
    if not is_initial or confidence >= rules.oracle.perp_threshold_wad:
        return -required
    return -required - times_wad(_doubt_wad(confidence, market), size)


def _base_wad(market: StandardMarket, value_wad: int, *, is_initial: bool) -> int:
    rules = market.rules
    weighted = times_wad(value_wad, rules.base_factor_wad)
    if not is_initial:
        return weighted
    weighted = times_wad(weighted, rules.base_initial_scale_wad)
    confidence = market.spot_confidence_wad
    if weighted == 0 or confidence >= rules.oracle.base_threshold_wad:
        return weighted
    doubt = times_wad(WAD - confidence, rules.oracle.factor_wad)
    return weighted - times_wad(doubt, value_wad)


def _expiry(expiry: StandardExpiry, market: StandardMarket, *, is_initial: bool) -> ExpiryMargin:
    rules = market.rules.options
    values = [_value_wad(option, expiry) for option in expiry.options]
    isolated = sum(
        isolated_wad(option, value, spot_wad=market.spot_wad, rules=rules, is_initial=is_initial)
        for option, value in zip(expiry.options, values, strict=True)
    )
    prices = (0, *(option.strike_wad for option in expiry.options))
    bounded = min(0, *(payoff_wad(expiry.options, price) for price in prices))
    net_calls = sum(option.amount_wad for option in expiry.options if option.is_call)
    scale = rules.unpaired_initial_wad if is_initial else rules.unpaired_maintenance_wad
    bounded += times_wad(times_wad(scale, expiry.forward_wad), min(net_calls, 0))
    confidence = min(market.spot_confidence_wad, expiry.confidence_wad)
    charge = 0
    if is_initial and confidence < market.rules.oracle.option_threshold_wad:
        charge = times_wad(_doubt_wad(confidence, market), _shorts_wad(expiry))
    return ExpiryMargin(isolated, bounded, charge, sum(values))


def _doubt_wad(confidence_wad: int, market: StandardMarket) -> int:
    doubt = times_wad(WAD - confidence_wad, market.rules.oracle.factor_wad)
    return times_wad(doubt, market.spot_wad)


def _shorts_wad(expiry: StandardExpiry) -> int:
    return sum(max(-option.amount_wad, 0) for option in expiry.options)


def _value_wad(option: OptionPosition, expiry: StandardExpiry) -> int:
    price = black76_value_wad(
        expiry.forward_wad,
        option.strike_wad,
        vol_wad=option.vol_wad,
        seconds=expiry.seconds,
        is_call=option.is_call,
    )
    return times_wad(price, option.amount_wad)
