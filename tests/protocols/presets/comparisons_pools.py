"""Pools under their presets against their twins: Aave v3 and v4, Compound III, Morpho Blue."""

from __future__ import annotations

import random
from fractions import Fraction

from tests.protocols.presets.engine_side import (
    Position,
    Tally,
    liquidate,
    magnitude,
    near,
    of_wad,
    priced,
    rules_under,
)
from trimtab.protocols import aave, aave_v4, compound, morpho
from trimtab.units import UINT256_MAX, WAD

UNIT_8 = Fraction(1, 10**8)
TO_WAD = 10**10
VOLATILE, STABLE = ("WETH", "WBTC", "LINK"), ("DAI", "USDC", "USDT")


def _reserve(name: str) -> aave.Reserve:
    """A reserve of the twin with the preset's numbers, put together again in basis points."""
    rules = rules_under("aave-v3.7").assets[name]
    bonus = rules.liquidation_bonus_wad + rules.liquidation_fee_wad
    return aave.Reserve(
        rules.decimals,
        ltv_bps=rules.max_ltv_wad // 10**14,
        threshold_bps=rules.liquidation_threshold_wad // 10**14,
        bonus_bps=10_000 + bonus // 10**14,
        fee_bps=rules.liquidation_fee_wad * 10_000 // bonus,
    )


def aave_pair(draw: random.Random, name: str, *, pledges: int = 1, debts: int = 1):
    """A position near its limit under a preset, and the twin's of the same, with its prices."""
    pledged, drawn = draw.sample(VOLATILE, pledges), draw.sample(STABLE, debts)
    prices = {asset: magnitude(draw, 7, 12) for asset in pledged}
    prices |= {asset: magnitude(draw, 7, 8) for asset in drawn}
    rules = priced(rules_under(name), {asset: p * TO_WAD for asset, p in prices.items()})
    holdings, limit = {}, 0
    for asset in pledged:
        entry = rules.assets[asset]
        holdings[asset] = magnitude(draw, entry.decimals - 3, entry.decimals + 3)
        value = holdings[asset] * prices[asset] // 10**entry.decimals
        limit += value * entry.liquidation_threshold_wad // WAD
    owed = near(draw, limit)
    for asset in drawn:
        part = owed // debts
        holdings[asset] = -max(1, part * 10 ** rules.assets[asset].decimals // prices[asset])
    held = {
        asset: aave.Holding(
            _reserve(asset), scaled_supply=max(amount, 0), scaled_debt=max(-amount, 0)
        )
        for asset, amount in holdings.items()
    }
    return Position(rules, holdings), aave.Position(held), prices


def aave_largest(version: aave.Version, *, seed: int, count: int) -> Tally:
    """One collateral and one debt: who is liquidatable, and the largest liquidation of it."""
    draw, tally, name = random.Random(seed), Tally(), f"aave-v{version.name}"
    for _ in range(count):
        position, theirs, prices = aave_pair(draw, name)
        stood = aave.health(theirs, prices, version=version)
        if not tally.decided(position, stood.liquidatable, allowed=2 * UNIT_8):
            continue
        if not stood.liquidatable:
            continue
        pledged, drawn = position.holdings
        call = aave.Call(pledged, drawn, UINT256_MAX)
        found = aave.liquidate(theirs, prices, version=version, call=call)
        assert isinstance(found, aave.Liquidation), found
        if position.equity < 0 or _takes_margin(position, found, pledged=pledged, drawn=drawn):
            tally.left_out += 1
            continue
        _compare(tally, position, found, pledged=pledged, drawn=drawn, repay=None)
    return tally


def aave_same_repayment(version: aave.Version, *, seed: int, count: int) -> Tally:
    """Several collaterals and debts: what the engine repays, repaid there as well."""
    draw, tally, name = random.Random(seed), Tally(), f"aave-v{version.name}"
    floors_average = not version.rounds_balances
    for _ in range(count):
        position, theirs, prices = aave_pair(
            draw, name, pledges=draw.randint(2, 3), debts=draw.randint(1, 2)
        )
        stood = aave.health(theirs, prices, version=version)
        allowed = 5 * UNIT_8
        if floors_average:
            allowed += Fraction(stood.collateral_value, 10**8) / 10_000
        if not tally.decided(position, stood.liquidatable, allowed=allowed):
            continue
        pledged, drawn = next(iter(position.holdings)), list(position.holdings)[-1]
        if not stood.liquidatable or position.equity < 0:
            tally.left_out += stood.liquidatable
            continue
        repaid = liquidate(position, debt=drawn, collateral=pledged).repaid
        call = aave.Call(pledged, drawn, repaid)
        found = aave.liquidate(theirs, prices, version=version, call=call)
        if (
            isinstance(found, aave.Refused)
            or found.seizure.debt_repaid != repaid
            or _takes_margin(position, found, pledged=pledged, drawn=drawn)
        ):
            tally.left_out += 1
            continue
        _compare(tally, position, found, pledged=pledged, drawn=drawn, repay=repaid)
    return tally


def _takes_margin(position: Position, found: aave.Liquidation, *, pledged: str, drawn: str) -> bool:
    """Whether the liquidation takes all of the collateral, or more than equity can pay."""
    paid = position.value(drawn, found.seizure.debt_repaid)
    left = position.equity + paid - position.value(pledged, found.seizure.seized)
    return found.seizure.binding is aave.Binding.WHOLE_COLLATERAL or left <= 0


def _compare(
    tally: Tally,
    position: Position,
    found: aave.Liquidation,
    *,
    pledged: str,
    drawn: str,
    repay: int | None,
) -> None:
    taken = liquidate(position, debt=drawn, collateral=pledged, repay=repay)
    tally.liquidations += 1
    # One unit of debt, and where the two size it themselves, what 1e-8 of the quote is of it.
    sized = UNIT_8 if repay is None else 0
    debt_unit = 1 + position.amount(drawn, Fraction(sized))
    tally.measured(taken.repaid, found.seizure.debt_repaid, unit=debt_unit)
    worth = position.value(drawn, 1) + sized
    unit = 1 + position.amount(pledged, worth)
    tally.measured(taken.seized, found.seizure.seized, unit=unit)
    tally.fee = max(tally.fee, abs(taken.fee - found.seizure.fee) / unit)


def aave_v4_to_target(*, seed: int, count: int) -> Tally:
    """Aave v4: who is liquidatable; amounts at the largest bonus, from a health of 0.9 down."""
    draw, tally = random.Random(seed), Tally()
    config = aave_v4.Config(105 * 10**16, 9 * 10**17, bonus_factor_bps=2000)
    for _ in range(count):
        price = magnitude(draw, 10, 12)
        rules = priced(rules_under("aave-v4"), {"WETH": price * TO_WAD, "USDC": WAD})
        supply = magnitude(draw, 15, 21)
        limit = supply * price * 8 // 10**21
        owed = near(draw, limit)
        position = Position(rules, {"WETH": supply, "USDC": -owed})
        weth = aave_v4.Reserve(10**18, price, factor_bps=8000, max_bonus_bps=11_000, fee_bps=1000)
        usdc = aave_v4.Reserve(10**6, 10**8)
        theirs = {
            "WETH": aave_v4.Holding(weth, supply=supply),
            "USDC": aave_v4.Holding(usdc, debt=owed),
        }
        stood = aave_v4.health(theirs)
        # A health cut at 1e-18 of the debt, and values at 1e-26.
        allowed = Fraction(2 * owed, 10**24) + Fraction(3, 10**26)
        if not tally.decided(position, stood.liquidatable, allowed=allowed):
            continue
        call = aave_v4.Call("WETH", "USDC", UINT256_MAX)
        found = aave_v4.liquidate(theirs, config, call=call)
        if isinstance(found, aave_v4.Refused) or stood.health_wad > 9 * 10**17:
            tally.left_out += stood.liquidatable
            continue
        if position.equity <= 0 or found.amounts.collateral == supply:
            tally.left_out += 1
            continue
        taken = liquidate(position, debt="USDC", collateral="WETH")
        tally.liquidations += 1
        # The debt to target follows from a health that is cut at 1e-18.
        cut = 1 + Fraction(owed, 10**17)
        tally.measured(taken.repaid, found.amounts.debt, unit=cut)
        unit = 1 + position.amount("WETH", position.value("USDC", 1)) * cut
        tally.measured(taken.seized, found.amounts.collateral, unit=unit)
        fee = found.amounts.collateral - found.amounts.to_liquidator
        tally.fee = max(tally.fee, abs(taken.fee - fee) / unit)
    return tally


def compound_absorption(*, seed: int, count: int) -> Tally:
    """Compound III: who is liquidatable; where the credit pays, what is left against Comet's."""
    draw, tally = random.Random(seed), Tally()
    preset = rules_under("compound-v3")
    names = [name for name, asset in preset.assets.items() if not asset.borrowable]
    names.remove("USD")
    for _ in range(count):
        chosen = draw.sample(names, draw.randint(1, 3))
        prices = {name: magnitude(draw, 8, 12) for name in chosen} | {"USDT": 10**8}
        rules = priced(preset, {name: p * TO_WAD for name, p in prices.items()})
        position, account, market = _comet(draw, rules, chosen=chosen, prices=prices)
        stood = compound.health(account, prices, market=market)
        allowed = UNIT_8 * (len(chosen) + 1)
        if not tally.decided(position, stood.liquidatable, allowed=allowed):
            continue
        if not stood.liquidatable:
            continue
        found = compound.liquidate(account, prices, market=market)
        assert isinstance(found, compound.Absorption)
        if found.surplus == 0:
            tally.left_out += 1
            continue
        for name in chosen:
            if not position.liquidatable:
                break
            left = liquidate(position, debt="USDT", collateral=name).left
            position = Position(rules, {asset: amount for asset, amount in left.items() if amount})
        tally.liquidations += 1
        kept = sum(
            position.value(name, amount) * of_wad(market.assets[name].liquidation_factor_wad)
            for name, amount in position.holdings.items()
            if name != "USDT"
        )
        # Where a first collateral makes the account safe, the engine stops; the rest still counts.
        owed = -position.holdings.get("USDT", 0)
        unit = Fraction(len(chosen) + 1) * (1 + position.amount("USDT", UNIT_8))
        unit += sum(position.amount("USDT", position.value(name, 1)) for name in chosen)
        tally.measured(position.amount("USDT", kept) - owed, found.surplus, unit=unit)
    return tally


def _comet(draw: random.Random, rules, *, chosen: list[str], prices: dict[str, int]):
    """A borrower near the limit: as a position, as Comet's account, and Comet's market."""
    assets, held, limit = {}, {}, 0
    for name in chosen:
        entry = rules.assets[name]
        taken = WAD + entry.liquidation_bonus_wad + entry.liquidation_fee_wad
        # Factors have at most four decimals: rounded to them, the inverse is exact again.
        factor = (WAD * WAD // taken + 5 * 10**13) // 10**14 * 10**14
        assets[name] = compound.CollateralAsset(
            10**entry.decimals,
            borrow_factor_wad=entry.max_ltv_wad,
            liquidate_factor_wad=entry.liquidation_threshold_wad,
            liquidation_factor_wad=factor,
        )
        held[name] = magnitude(draw, entry.decimals - 2, entry.decimals + 3)
        value = held[name] * prices[name] // 10**entry.decimals
        limit += value * entry.liquidation_threshold_wad // WAD
    owed = max(1, near(draw, limit) // 100)
    market = compound.Market(
        "USDT", base_unit=10**6, assets=assets, borrow_principal=owed, cash=10**30
    )
    position = Position(rules, {**held, "USDT": -owed})
    return position, compound.Account(-owed, held), market


def morpho_market(*, seed: int, count: int) -> Tally:
    """Morpho Blue: who is liquidatable, and the largest liquidation there is."""
    draw, tally = random.Random(seed), Tally()
    for _ in range(count):
        price_wad = magnitude(draw, 18, 23)
        rules = priced(rules_under("morpho-blue"), {"WETH": price_wad})
        collateral = magnitude(draw, 14, 22)
        price = price_wad * 10**6
        owed = near(draw, collateral * price // 10**36 * 86 // 100)
        position = Position(rules, {"WETH": collateral, "USDC": -owed})
        theirs = morpho.Position(collateral, owed * 10**6)
        market = morpho.Market(
            86 * 10**16,
            supply_assets=2 * owed,
            supply_shares=2 * owed * 10**6,
            borrow_assets=owed,
            borrow_shares=owed * 10**6,
        )
        stood = morpho.health(theirs, price, market=market)
        allowed = 2 * position.value("USDC", 1)
        if not tally.decided(position, not stood.healthy, allowed=allowed) or stood.healthy:
            continue
        found = morpho.liquidate(theirs, price, market=market, repaid_shares=owed * 10**6)
        if isinstance(found, morpho.Refused):
            found = morpho.liquidate(theirs, price, market=market, seized=collateral)
        assert isinstance(found, morpho.Liquidation), found
        taken = liquidate(position, debt="USDC", collateral="WETH")
        tally.liquidations += 1
        tally.measured(taken.repaid, found.repaid_assets, unit=Fraction(1))
        unit = 1 + position.amount("WETH", position.value("USDC", 1))
        tally.measured(taken.to_liquidator, found.seized, unit=unit)
        assert taken.fee == 0
    return tally
