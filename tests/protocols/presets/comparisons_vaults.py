"""Vaults under their presets against their twins: Maker, Euler, Liquity, Gearbox, Fluid."""

from __future__ import annotations

import random
from fractions import Fraction

from tests.engine.venues import START_NS, START_S, accepted
from tests.protocols.presets.engine_side import (
    ACCOUNT,
    Position,
    Taken,
    Tally,
    liquidate,
    magnitude,
    near,
    priced,
    rules_under,
)
from trimtab.engine import Draft, auction_price_wad
from trimtab.model.commands import StartAuction
from trimtab.protocols import euler, fluid, gearbox, liquity, maker
from trimtab.protocols.euler_vault import LoanToValue
from trimtab.protocols.fluid_vault import ExchangePrices, FluidRules, FluidVault
from trimtab.protocols.gearbox_credit import CreditDebt, LiquidationFees
from trimtab.protocols.liquity_branch import Redistribution
from trimtab.protocols.maker_auction import StairFall, feed_price_ray, price_ray
from trimtab.units import RAY, WAD, mul_div_up, ray_mul_down

WAD_UNIT = Fraction(1, WAD)


def maker_auctions(*, seed: int, count: int) -> Tally:
    """Maker: who is liquidatable; lot, target and price of the auction that follows."""
    draw, tally = random.Random(seed), Tally()
    for _ in range(count):
        price_wad = magnitude(draw, 18, 23)
        rules = priced(rules_under("maker"), {"YFI": price_wad})
        collateral = magnitude(draw, 16, 22)
        spot = maker.safety_price_ray(price_wad, RAY, ratio_ray=175 * 10**25)
        owed = near(draw, collateral * spot // RAY)
        position = Position(rules, {"YFI": collateral, "DAI": -owed})
        terms = maker.VaultType(RAY, spot, 0, 113 * 10**16, hole_rad=10**80)
        vault = maker.Vault(collateral, owed)
        stood = maker.health(vault, terms)
        allowed = 2 * WAD_UNIT * max(1, position.value("YFI", collateral))
        if not tally.decided(position, stood.is_liquidatable, allowed=allowed):
            continue
        if not stood.is_liquidatable:
            continue
        bark = maker.liquidate(vault, terms, limits=maker.AuctionRoom(10**80, 0))
        assert isinstance(bark, maker.Bark), bark
        store = position.store()
        accepted(store, StartAuction(START_NS, ACCOUNT, "DAI", "YFI", "bob"))
        auction = Draft(store, START_NS).auction("1")
        tally.liquidations += 1
        whole = 10**27
        tally.measured(owed + auction.penalty, Fraction(bark.target_rad, whole), unit=Fraction(1))
        assert bark.lot == collateral
        top = ray_mul_down(feed_price_ray(price_wad, RAY), 13 * 10**26)
        seconds = draw.randint(0, 8400)
        theirs = price_ray(StairFall(90, 99 * 10**25), top, seconds=seconds)
        ours = auction_price_wad(auction, rules.auction, now_s=START_S + seconds)
        tally.measured(ours, Fraction(theirs, 10**9), unit=Fraction(1))
    return tally


def euler_pair(*, seed: int, count: int) -> Tally:
    """Euler: who is liquidatable; amounts where the discount is the largest."""
    draw, tally = random.Random(seed), Tally()
    rules_there = euler.EulerRules(discount_max_bps=1500)
    for _ in range(count):
        price_wad = magnitude(draw, 18, 22)
        rules = priced(rules_under("euler-v2"), {"WETH": price_wad, "USDC": WAD})
        balance = magnitude(draw, 14, 22)
        limit = balance * price_wad // 10**30 * 85 // 100
        owed = near(draw, limit)
        position = Position(rules, {"WETH": balance, "USDC": -owed})
        quote = euler.Quote.flat(10**30)
        pledge = euler.Pledge(balance, LoanToValue(8300, 8500), euler.Quote.flat(price_wad))
        theirs = euler.EulerPosition({"WETH": pledge}, owed)
        stood = euler.health(theirs, quote, now_s=1)
        if not tally.decided(position, stood.is_violated, allowed=2 * WAD_UNIT):
            continue
        if not stood.is_violated:
            continue
        offer = euler.largest_liquidation(
            theirs, quote, collateral="WETH", rules=rules_there, now_s=1
        )
        taken = liquidate(position, debt="USDC", collateral="WETH")
        if offer.factor_wad > 85 * 10**16:
            tally.left_out += 1
            _check_gap(taken, offer)
            continue
        tally.liquidations += 1
        worth = position.amount("WETH", position.value("USDC", 1) + WAD_UNIT)
        tally.measured(taken.repaid, offer.repay, unit=Fraction(1))
        tally.measured(taken.to_liquidator, offer.seized, unit=1 + worth)
    return tally


def _check_gap(taken: Taken, offer: euler.EulerOffer) -> None:
    """Off the end of the curve the straight line gives more, by 0.72 % of the repaid at most."""
    if taken.repaid < 10**4 or offer.repay < taken.repaid:
        return
    ratio = Fraction(taken.to_liquidator, taken.repaid) / Fraction(offer.seized, offer.repay)
    assert Fraction(9999, 10_000) < ratio < Fraction(10_073, 10_000), ratio


def liquity_offsets(*, seed: int, count: int) -> Tally:
    """Liquity: who is liquidatable; what a stability pool that has enough takes for a trove."""
    draw, tally = random.Random(seed), Tally()
    branch = liquity.WETH_BRANCH
    for _ in range(count):
        price_wad = magnitude(draw, 20, 22)
        rules = priced(rules_under("liquity-v2"), {"WETH": price_wad})
        collateral = magnitude(draw, 17, 22)
        owed = near(draw, collateral * price_wad * 10 // 11 // WAD)
        position = Position(rules, {"WETH": collateral, "BOLD": -owed})
        trove = liquity.Trove(collateral, owed)
        stood = liquity.health(
            trove, price_wad, rules=branch, sums=Redistribution(total_stakes=WAD), now_s=0
        )
        allowed = 2 * WAD_UNIT * max(1, position.value("WETH", collateral))
        if not tally.decided(position, stood.is_liquidatable, allowed=allowed):
            continue
        if not stood.is_liquidatable:
            continue
        found = liquity.liquidate(trove, price_wad, rules=branch, pool=10**60, troves=2)
        assert isinstance(found, liquity.TroveLiquidation), found
        if found.surplus == 0 or position.equity < 0:
            tally.left_out += 1
            continue
        taken = liquidate(position, debt="BOLD", collateral="WETH")
        tally.liquidations += 1
        tally.measured(taken.repaid, found.offset_debt, unit=Fraction(1))
        tally.measured(taken.to_liquidator, found.to_pool, unit=Fraction(1))
    return tally


def gearbox_partial(*, seed: int, count: int) -> Tally:
    """Gearbox: who is liquidatable; the least partial liquidation that ends healthy."""
    draw, tally = random.Random(seed), Tally()
    fees = LiquidationFees(fee=100, discount=9700, fee_expired=100, discount_expired=9800)
    eth = 2000 * 10**8
    for _ in range(count):
        price = magnitude(draw, 10, 12)
        rules = priced(rules_under("gearbox-v3"), {"weETH": price * WAD // eth})
        balance = magnitude(draw, 20, 22)
        owed = near(draw, balance * price // eth * 915 // 1000)
        position = Position(rules, {"weETH": balance, "WETH": -owed})
        account = gearbox.CreditAccount(
            {"weETH": gearbox.Holding(balance, 9150, quota=10**40)}, "WETH", CreditDebt(owed)
        )
        prices = {"weETH": gearbox.TokenPrice(18, price), "WETH": gearbox.TokenPrice(18, eth)}
        stood = gearbox.health(account, prices, fees=fees)
        # Three cuts at 1e-8 of a dollar, in WETH at 2000.
        allowed = 3 * Fraction(1, 10**8) / 2000
        if not tally.decided(position, stood.is_liquidatable, allowed=allowed):
            continue
        if not stood.is_liquidatable:
            continue
        taken = liquidate(position, debt="WETH", collateral="weETH")
        margin = position.equity > position.value("weETH", taken.seized) * Fraction(5, 100)
        if not margin or taken.repaid >= owed:
            tally.left_out += 1
            continue
        found, added = _partial(account, prices, fees=fees, repaid=taken.repaid)
        tally.liquidations += 1
        unit = 2 + (1 + added) * position.amount("weETH", position.value("WETH", 1)) * 2
        # The factors of the preset are cut at 1e-18 of what is repaid.
        unit += Fraction(2 * found.seized, WAD)
        tally.measured(taken.seized, found.seized, unit=unit)
    return tally


def _partial(
    account: gearbox.CreditAccount, prices, *, fees: LiquidationFees, repaid: int
) -> tuple[gearbox.PartialLiquidation, int]:
    """The twin's partial liquidation for a fall of the debt, and what had to be added to end
    healthy by its own coarser values: at most 1e-8 of a dollar a few times over."""
    amount = mul_div_up(repaid, 10_000, 9_900)
    for added in (0, 2 * 10**7, 10**8, 4 * 10**8):
        found = gearbox.liquidate_partially(
            account, prices, token="weETH", amount=amount + added, fees=fees
        )
        if isinstance(found, gearbox.PartialLiquidation):
            return found, added
    raise AssertionError(found)


def fluid_walk(*, seed: int, count: int) -> Tally:
    """Fluid: who is liquidatable, within a tick; what brings a position back, within three."""
    draw, tally = random.Random(seed), Tally()
    terms = FluidRules(factor=800, threshold=850, limit=900, penalty=500)
    for _ in range(count):
        price = magnitude(draw, 9, 12)
        rules = priced(rules_under("fluid"), {"WETH": price * 10**10})
        collateral = magnitude(draw, 19, 22)
        oracle = price * 10**7
        worth = collateral * oracle // 10**27
        owed = worth * draw.randint(8_400, 8_980) // 10_000
        position = Position(rules, {"WETH": collateral, "USDC": -owed})
        stood = fluid.health(collateral, owed, oracle=oracle, rules=terms, prices=ExchangePrices())
        # Two ticks of 0.15 %: where the position is rounded to, and where the threshold lies.
        allowed = Fraction(owed, 10**6) * Fraction(3, 1000)
        if not tally.decided(position, stood.is_liquidatable, allowed=allowed):
            continue
        if not stood.is_liquidatable or stood.is_absorbable:
            tally.left_out += stood.is_absorbable
            continue
        vault = fluid.opened(FluidVault(), collateral, debt=owed)
        assert isinstance(vault, FluidVault)
        found = fluid.liquidate(vault, owed, oracle=oracle, rules=terms)
        assert isinstance(found, fluid.FluidLiquidation), found
        taken = liquidate(position, debt="USDC", collateral="WETH")
        tally.liquidations += 1
        # A tick of the ratio moves the repayment by 0.15 % of the debt over 1 - 0.85 * 1.05.
        tick = Fraction(owed) * Fraction(15, 10_000) / (1 - Fraction(85 * 105, 10_000))
        tally.measured(taken.repaid, found.debt, unit=tick)
        per_debt = Fraction(found.collateral, found.debt)
        ours = Fraction(taken.to_liquidator, taken.repaid)
        tally.fee = max(tally.fee, abs(ours / per_debt - 1) * 10**15)
    return tally
