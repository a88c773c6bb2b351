"""Curve LLAMMA v2: swaps and withdrawals as the market's own bytecode answered them.

Recorded from AMM.vy of curvefi/curve-stablecoin, commit cf1d05fb, compiled with vyper 0.4.3: one
deposit, four swaps at four prices of the oracle, two thousand seconds apart, then a withdrawal of
40 %. Prices of the oracle in whole units, everything else in the contract's fixed point.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.protocols.test_protocols_llamma_setting import FEE, opened
from trimtab.protocols.llamma_bands import Grid, OracleLimit, market_price
from trimtab.protocols.llamma_exchange import Market, Side, swap
from trimtab.protocols.llamma_shares import Range, value_down, value_up, withdraw
from trimtab.units import WAD


@dataclass(frozen=True, slots=True)
class Trade:
    """A swap at an oracle price, and what the market answered after it."""

    oracle: int
    side: Side
    amount: int
    paid: int
    got: int
    band: int
    price: int
    x_down: int
    y_up: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """A market (A, base price, precisions of x and y), its one deposit (amount, first and last
    band), its swaps, and what 40 % of the deposit came back as."""

    market: tuple[int, int, int, int]
    deposit: tuple[int, int, int]
    trades: tuple[Trade, ...]
    withdrawn: tuple[int, int]


CASES = (
    Recorded(
        market=(200, 60000, 1, 1),
        deposit=(34754828168011122233, 4, 13),
        trades=(
            Trade(
                oracle=52800,
                side=Side.BUY,
                amount=17780431404609530134780,
                paid=17780431404609530134780,
                got=398128306826231517,
                band=4,
                price=42612165215705026893964,
                x_down=1556719468878451394132656,
                y_up=27156331385598306336,
            ),
            Trade(
                oracle=48600,
                side=Side.SELL,
                amount=2457016252567888234,
                paid=580300472173890750,
                got=17780431404609530134780,
                band=0,
                price=32046693467336683417085,
                x_down=1219426700010398120613149,
                y_up=21270237961242753648,
            ),
            Trade(
                oracle=50400,
                side=Side.BUY,
                amount=8019978041833895562640,
                paid=8019978041833895562640,
                got=202617571232854111,
                band=4,
                price=37039122804227839141537,
                x_down=1360518586917945135906383,
                y_up=23731072229071328785,
            ),
            Trade(
                oracle=63000,
                side=Side.SELL,
                amount=2003264173812257159,
                paid=114595000226681041,
                got=8019978041833895562640,
                band=0,
                price=69806532663316582914572,
                x_down=1999036262449334448294218,
                y_up=34848977762352608385,
            ),
        ),
        withdrawn=(0, 13939591104941043356),
    ),
    Recorded(
        market=(30, 3000, 1000000000000, 1),
        deposit=(46604875212365617315, 4, 11),
        trades=(
            Trade(
                oracle=2430,
                side=Side.BUY,
                amount=459139002,
                paid=459139002,
                got=214966488617158528,
                band=4,
                price=2096293772817646712102,
                x_down=103480132853,
                y_up=45252882960745352886,
            ),
            Trade(
                oracle=3060,
                side=Side.SELL,
                amount=10712440474628441,
                paid=10712440474628441,
                got=41793384,
                band=4,
                price=4180358143958930583872,
                x_down=106655407964,
                y_up=46500514197216500712,
            ),
            Trade(
                oracle=3090,
                side=Side.BUY,
                amount=687749448,
                paid=687749448,
                got=148413503524166334,
                band=4,
                price=4312378158256478139906,
                x_down=106676882285,
                y_up=46508852023290674017,
            ),
            Trade(
                oracle=2430,
                side=Side.BUY,
                amount=19858514,
                paid=19858514,
                got=9254200479124284,
                band=4,
                price=2103558134793933174307,
                x_down=103848148749,
                y_up=45395772349979317563,
            ),
        ),
        withdrawn=(449981431, 18497181384087918639),
    ),
    Recorded(
        market=(10, 3000, 1, 1),
        deposit=(16412233974217327415, 3, 11),
        trades=(
            Trade(
                oracle=2640,
                side=Side.BUY,
                amount=198034214833768745296,
                paid=198034214833768745296,
                got=47317721252495414,
                band=3,
                price=3868631439644560721844,
                x_down=23185357993101467317805,
                y_up=16416250174812667342,
            ),
            Trade(
                oracle=3060,
                side=Side.SELL,
                amount=3335304705860683731,
                paid=37595344532170032,
                got=198034214833768745296,
                band=0,
                price=3537360000000000000000,
                x_down=23156853599922001664161,
                y_up=16402511597497002024,
            ),
            Trade(
                oracle=3210,
                side=Side.BUY,
                amount=534769668065248620481,
                paid=534769668065248620481,
                got=66725107960419276,
                band=3,
                price=6974160465150772944697,
                x_down=23178179479846338542748,
                y_up=16412790267466239005,
            ),
            Trade(
                oracle=3210,
                side=Side.SELL,
                amount=1679720257323606085,
                paid=88914262353923826,
                got=534769668065248620481,
                band=0,
                price=4083476666666666666666,
                x_down=23202891000055939177364,
                y_up=16424700751890506573,
            ),
        ),
        withdrawn=(0, 6569880300756202626),
    ),
    Recorded(
        market=(30, 60000, 1, 1),
        deposit=(26752729089367714765, 2, 7),
        trades=(
            Trade(
                oracle=47400,
                side=Side.BUY,
                amount=6999493501580499483640,
                paid=6999493501580499483640,
                got=194178611565159389,
                band=2,
                price=33983059102766966947189,
                x_down=1106790176012468461091908,
                y_up=22017582800498734606,
            ),
            Trade(
                oracle=46800,
                side=Side.SELL,
                amount=1662336422329867374,
                paid=228864977611673615,
                got=6999493501580499483640,
                band=0,
                price=29454951724137931034482,
                x_down=1072714999411846645589722,
                y_up=21348804261578762334,
            ),
            Trade(
                oracle=55200,
                side=Side.BUY,
                amount=5962132824549031755740,
                paid=5962132824549031755740,
                got=110668389134425417,
                band=2,
                price=53595129406206490962790,
                x_down=1356456473645792374958246,
                y_up=26739947146793878909,
            ),
            Trade(
                oracle=52800,
                side=Side.BUY,
                amount=15452147659747261575220,
                paid=15452147659747261575220,
                got=324393769861323860,
                band=2,
                price=47143350016520701244031,
                x_down=1322969174733707331940215,
                y_up=26128251664283249637,
            ),
        ),
        withdrawn=(8565712193718517330463, 10540941318567391882),
    ),
)


def replayed(market: Market, position: Range, trade: Trade) -> Market:
    done = swap(market, trade.amount, side=trade.side, oracle=OracleLimit(trade.oracle * WAD, 0))
    assert (done.paid, done.got) == (trade.paid, trade.got)
    after, oracle = done.market, trade.oracle * WAD
    assert after.active_band == trade.band
    x, y = after.held(trade.band)
    assert market_price(after.grid, trade.band, x=x, y=y, oracle_price=oracle) == trade.price
    assert value_down(after, position, oracle_price=oracle) == trade.x_down
    assert value_up(after, position, oracle_price=oracle) == trade.y_up
    return after


@pytest.mark.parametrize("case", CASES)
def test_the_twin_answers_what_the_bytecode_did(case: Recorded):
    amplification, base, x_precision, y_precision = case.market
    grid = Grid(amplification, base * WAD)
    market = Market(grid, FEE, x_precision=x_precision, y_precision=y_precision)
    amount, first, last = case.deposit
    position, market = opened(amount, first_band=first, last_band=last, market=market)
    for trade in case.trades:
        market = replayed(market, position, trade)
    out = withdraw(market, position, fraction_wad=4 * WAD // 10)
    assert (out.x, out.y) == case.withdrawn
