"""The rules of Derive: portfolio margin, standard margin and auctions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from trimtab.apps.conformance.files import whole
from trimtab.apps.conformance.scaled import from_wad, scaled, scaled_value, wad
from trimtab.protocols import derive_auction as auction
from trimtab.protocols import derive_portfolio as portfolio_margin
from trimtab.protocols import derive_portfolio_rules as pm
from trimtab.protocols import derive_standard as standard
from trimtab.protocols.derive_portfolio_shocks import split_forward
from trimtab.protocols.derive_standard_presets import TEST_DEPEG, TEST_RULES
from trimtab.protocols.signed import mul_div_toward_zero
from trimtab.units import WAD, mul_div_down

Inputs = Mapping[str, Any]

_DAY_SECONDS: Final = 86400
_STRIKE_STEP: Final = 10**10
# The last half hour of a portfolio's option settles against an average; a standard test's option
# takes its settlement price in the last hour.
_AVERAGE_SECONDS: Final = 1800
_SETTLING_SECONDS: Final = 3600
_SHOCKS: Final = {shock.value.upper(): shock for shock in pm.VolShock}


def _portfolio(inputs: Inputs) -> dict[str, Any]:
    found = portfolio_margin.margin(_account(inputs["portfolio"]), _rules(inputs))
    return {
        "IM": from_wad(found.initial_wad),
        "MM": from_wad(found.maintenance_wad),
        "MtM": from_wad(found.mark_to_market_wad),
    }


def _account(held: Inputs) -> pm.Portfolio:
    return pm.Portfolio(
        cash_wad=wad(held, "Cash"),
        spot_wad=wad(held, "SpotPrice"),
        spot_confidence_wad=wad(held, "SpotConfidence"),
        stable_price_wad=wad(held, "StablePrice"),
        perp_size_wad=wad(held, "NumPerps"),
        perp_price_wad=wad(held, "PerpPrice"),
        perp_confidence_wad=wad(held, "PerpConfidence"),
        perp_cash_wad=wad(held, "UnrealisedPerpPNL") + wad(held, "UnrealisedFunding"),
        collaterals=tuple(map(_collateral, held["Collaterals"])),
        expiries=tuple(
            _expiry(feed, held["Options"])
            for feed in held["OptionFeeds"]
            if any(option["Expiry"] == feed["FeedExpiry"] for option in held["Options"])
        ),
    )


def _collateral(held: Inputs) -> pm.Collateral:
    return pm.Collateral(
        amount_wad=wad(held, "Amount"),
        price_wad=wad(held, "Price"),
        confidence_wad=wad(held, "Confidence"),
        cancels_risk=bool(held["IsRiskCancelling"]),
        initial_haircut_wad=wad(held, "IMHaircut"),
        maintenance_haircut_wad=wad(held, "MMHaircut"),
    )


def _expiry(feed: Inputs, options: list[Inputs]) -> pm.Expiry:
    seconds = whole(feed, "FeedExpiry")
    fixed, variable = split_forward(wad(feed, "Forward"), seconds, average_seconds=_AVERAGE_SECONDS)
    names = ("ForwardConfidence", "RateConfidence", "OptionVolConfidences")
    return pm.Expiry(
        seconds=seconds,
        forward_variable_wad=variable,
        forward_fixed_wad=fixed,
        rate_wad=wad(feed, "Rate"),
        confidence_wad=min(wad(feed, name) for name in names),
        options=tuple(
            pm.OptionPosition(
                strike_wad=wad(option, "Strike"),
                is_call=bool(option["IsCall"]),
                amount_wad=wad(option, "Amount"),
                vol_wad=wad(option, "MarkVol"),
            )
            for option in options
            if option["Expiry"] == feed["FeedExpiry"]
        ),
    )


def _rules(inputs: Inputs) -> pm.PortfolioRules:
    given = inputs["parameters"]
    margin, basis, other = given["Margin"], given["BasisContingency"], given["OtherContingency"]
    return pm.PortfolioRules(
        vol=_vol_rules(given["VolShock"]),
        skew=_skew_rules(given["SkewShock"]),
        margin=pm.MarginRules(
            initial_factor_wad=wad(margin, "IM_LOSS_FACTOR"),
            maintenance_factor_wad=wad(margin, "MM_LOSS_FACTOR"),
            long_rate_scale_wad=wad(margin, "LONG_RATE_MULTSCALE"),
            long_rate_add_wad=wad(margin, "LONG_RATE_ADDSCALE"),
            long_discount_wad=wad(margin, "BASE_STATIC_DISCOUNT"),
            short_rate_scale_wad=wad(margin, "SHORT_RATE_MULTSCALE"),
            short_rate_add_wad=wad(margin, "SHORT_RATE_ADDSCALE"),
            short_discount_wad=wad(margin, "BASE_STATIC_DISCOUNT_NEG"),
        ),
        basis=pm.BasisRules(
            spot_up_wad=wad(basis, "SCENARIO_SPOT_UP"),
            spot_down_wad=wad(basis, "SCENARIO_SPOT_DOWN"),
            factor_add_wad=wad(basis, "BASIS_CONT_ADD_FACTOR"),
            factor_per_year_wad=wad(basis, "BASIS_CONT_MULT_FACTOR"),
        ),
        contingency=_contingency_rules(other),
        scenarios=tuple(
            pm.Scenario(scaled_value(spot, decimals=18), _SHOCKS[vol.upper()], _wad_of(damp))
            for spot, vol, damp in inputs["scenarios"]
        ),
    )


def _vol_rules(given: Inputs) -> pm.VolShockRules:
    return pm.VolShockRules(
        range_up_wad=wad(given, "VOLRANGEUP"),
        range_down_wad=wad(given, "VOLRANGEDOWN"),
        short_power_wad=wad(given, "SHORTTERMPOWER"),
        long_power_wad=wad(given, "LONGTERMPOWER"),
        floor_seconds=mul_div_down(wad(given, "DTE_FLOOR"), _DAY_SECONDS, WAD),
        vol_up_min_wad=wad(given, "MIN_VOL_EVAL_SHOCKED"),
    )


def _skew_rules(given: Inputs) -> pm.SkewRules:
    return pm.SkewRules(
        linear_cap_wad=wad(given, "LINEAR_SCALE_CAP"),
        linear_slope_wad=wad(given, "LINEAR_CBASE"),
        abs_cap_wad=wad(given, "ABS_SCALE_CAP"),
        abs_slope_wad=wad(given, "ABS_CBASE"),
        k_star_min_wad=wad(given, "MIN_K_STAR"),
        width_wad=wad(given, "MIN_WIDTH_SCALE"),
        vol_static_wad=wad(given, "VOL_PARAM_STATIC"),
        vol_slope_wad=wad(given, "VOL_PARAM_SCALE"),
    )


def _contingency_rules(given: Inputs) -> pm.ContingencyRules:
    return pm.ContingencyRules(
        peg_threshold_wad=wad(given, "PEG_LOSS_THRESHOLD"),
        peg_factor_wad=wad(given, "PEG_LOSS_FACTOR"),
        confidence_threshold_wad=wad(given, "CONF_THRESHOLD"),
        confidence_factor_wad=wad(given, "CONF_MARGIN"),
        maintenance_perp_wad=wad(given, "MM_PERP_PERCENT"),
        initial_perp_wad=wad(given, "IM_PERP_PERCENT"),
        maintenance_option_wad=wad(given, "MM_OPTION_PERCENT"),
        initial_option_wad=wad(given, "IM_OPTION_PERCENT"),
    )


def _standard(inputs: Inputs) -> dict[str, Any]:
    confidences = zip(("ETH", "BTC"), inputs["spot_perp_confidence"], strict=True)
    markets = tuple(_standard_market(inputs, name, confidences=pair) for name, pair in confidences)
    initial, maintenance = (
        standard.margin(
            markets,
            wad(inputs, "cash"),
            stable_price_wad=wad(inputs, "stable_price"),
            depeg=TEST_DEPEG,
            is_initial=is_initial,
        )
        for is_initial in (True, False)
    )
    return {
        "IM": from_wad(initial.net_wad),
        "MM": from_wad(maintenance.net_wad),
        "MtM": from_wad(initial.mark_to_market_wad),
    }


def _standard_market(
    inputs: Inputs, name: str, *, confidences: list[Any]
) -> standard.StandardMarket:
    size, price = wad(inputs["perp"], name), wad(inputs["perp_price"], name)
    profit = 0
    if size:
        moved = price - wad(inputs["last_entry"], name)
        profit = mul_div_toward_zero(moved, size, denominator=WAD)
    own = [
        (option, forward)
        for option, forward in zip(inputs["options"], inputs["forwards"], strict=True)
        if option["underlying"] == name
    ]
    return standard.StandardMarket(
        rules=TEST_RULES,
        spot_wad=wad(inputs["spot"], name),
        spot_confidence_wad=_wad_of(confidences[0]),
        perp_size_wad=size,
        perp_price_wad=price,
        perp_confidence_wad=_wad_of(confidences[1]),
        perp_cash_wad=profit,
        base_wad=wad(inputs["base"], name),
        expiries=tuple(
            _standard_expiry(seconds, own, settlement_wad=wad(inputs["settlement"], name))
            for seconds in sorted({whole(option, "expiry_s") for option, _ in own})
        ),
    )


def _standard_expiry(
    seconds: int, own: list[tuple[Inputs, Inputs]], *, settlement_wad: int
) -> standard.StandardExpiry:
    """A feed holds one forward and one confidence per expiry: the last one set."""
    options = [option for option, _ in own if whole(option, "expiry_s") == seconds]
    feed = [feed for _, feed in own if whole(feed, "expiry_s") == seconds][-1]
    forward = settlement_wad if seconds < _SETTLING_SECONDS else wad(feed, "forward")
    confidences = (wad(feed, "confidence"), wad(options[-1], "vol_confidence"))
    return standard.StandardExpiry(
        seconds=seconds,
        forward_wad=forward,
        confidence_wad=min(confidences),
        options=tuple(
            pm.OptionPosition(
                strike_wad=mul_div_down(wad(option, "strike"), 1, _STRIKE_STEP) * _STRIKE_STEP,
                is_call=bool(option["is_call"]),
                amount_wad=wad(option, "amount"),
                vol_wad=wad(option, "vol"),
            )
            for option in options
        ),
    )


def _discount(inputs: Inputs) -> Fraction | None:
    rules = auction.AuctionRules(
        start_wad=wad(inputs, "starting"),
        cutoff_wad=wad(inputs, "cutoff"),
        fast_seconds=whole(inputs, "fast_s"),
        slow_seconds=whole(inputs, "slow_s"),
        insolvent_seconds=1,
        buffer_wad=0,
    )
    return from_wad(auction.discount_wad(rules, whole(inputs, "elapsed_s")))


def _max_share(inputs: Inputs) -> Fraction | None:
    rules = auction.AuctionRules(
        start_wad=WAD,
        cutoff_wad=0,
        fast_seconds=1,
        slow_seconds=1,
        insolvent_seconds=1,
        buffer_wad=wad(inputs, "buffer_pct"),
        mark_min_wad=wad(inputs, "mtm_cutoff", default=0),
    )
    standing = auction.Standing(
        wad(inputs, "maintenance_net"), wad(inputs, "mark_to_market"), wad(inputs, "reserved_cash")
    )
    share = auction.max_share_wad(standing, rules, discount_wad=wad(inputs, "discount"))
    return from_wad(share)


def _payout(inputs: Inputs) -> Fraction | None:
    rules = auction.AuctionRules(
        start_wad=WAD,
        cutoff_wad=0,
        fast_seconds=1,
        slow_seconds=1,
        insolvent_seconds=whole(inputs, "length_s"),
        buffer_wad=0,
    )
    standing = auction.Standing(wad(inputs, "maintenance_net"), wad(inputs, "mark_to_market"))
    bid = auction.bid_insolvent(
        standing,
        rules,
        elapsed_s=whole(inputs, "elapsed_s"),
        share_wad=scaled(inputs, "fraction", decimals=18),
        module_cash_wad=0,
    )
    return from_wad(-bid.cash_wad)


def _wad_of(value: Any) -> int:
    return scaled_value(value, decimals=18)


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    "derive_dutch_auction_discount": _discount,
    "derive_insolvent_auction_payout": _payout,
    "derive_max_liquidatable_proportion": _max_share,
    "derive_portfolio_margin_pmrm2": _portfolio,
    "derive_standard_margin_srm": _standard,
}
