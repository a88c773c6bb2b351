"""A market of Compound III by hand, and the transcript of reading it.

`python -m tests.adapters.compound_market` writes compound_transcript.json anew: the requests of
one read, each with the answer of this market in the ABI encoding of a Comet. No live node was
asked. The parameters are those of the market of native USDC on Ethereum in 2022; accounts,
balances and prices are made up, and with them the addresses.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.adapters.chain_fakes import HEIGHT, FakeChain, address
from trimtab.adapters.chains import CompoundV3, Plan, Span, read_case
from trimtab.adapters.chains import compound as abi
from trimtab.adapters.chains.tokens import BALANCE, DECIMALS, SYMBOL, SYMBOL_WORD, TOTAL_SUPPLY
from trimtab.adapters.chains.wire import Reply, Request

TRANSCRIPT = Path(__file__).with_name("compound_transcript.json")
WHAT = (
    "Crafted, not recorded from a live node: requests of one read and answers of a made-up market "
    "in the ABI encoding of compound-finance/comet d5a30b0a."
)
COMET, BASE, FEED = address(0xC0), address(0xC1), address(0xF1)
WETH, WETH_FEED = address(0xC2), address(0xF2)
WBTC, WBTC_FEED = address(0xC3), address(0xF3)
WAD = 10**18
YEAR = 31_536_000
ALICE, BOB, CAROL, DAVE = (address(0xA0 + number) for number in range(4))
PLAN = Plan(span=Span(900, 60))

# Rates a second, as the contract floors them from rates a year.
NUMBERS = {
    "borrowKink": 8 * WAD // 10,
    "borrowPerSecondInterestRateBase": 15 * WAD // 1000 // YEAR,
    "borrowPerSecondInterestRateSlopeLow": 35 * WAD // 1000 // YEAR,
    "borrowPerSecondInterestRateSlopeHigh": 25 * WAD // 100 // YEAR,
    "storeFrontPriceFactor": 5 * WAD // 10,
    "baseBorrowMin": 100 * 10**6,
}
# offset, asset, feed, scale, borrow, liquidate and liquidation factors, cap
ASSETS = (
    (0, WETH, WETH_FEED, WAD, 825, 895, 950, 350_000 * WAD),
    (1, WBTC, WBTC_FEED, 10**8, 700, 770, 930, 12_000 * 10**8),
)
PRICES = {FEED: 99_990_000, WETH_FEED: 160_012_345_678, WBTC_FEED: 2_345_600_000_000}
# principal, base balance, base debt, bitmap of collaterals
PEOPLE = {
    ALICE: (-1_000, 0, 1_500_000_001, 0b01),
    BOB: (2_000, 2_500_123_456, 0, 0),
    CAROL: (-9_000, 0, 40_000_000_000, 0b11),
    DAVE: (0, 0, 0, 0),
}
PLEDGED = {
    (ALICE, WETH): 1_230_000_000_000_000_001,
    (CAROL, WETH): 5 * WAD,
    (CAROL, WBTC): 160_000_000,
}
TOTALS = {WETH: 10 * WAD, WBTC: 200_000_000}


def market() -> FakeChain:
    """The chain with the market and its events."""
    chain = FakeChain(multicall=False)
    for name, number in NUMBERS.items():
        chain.answers(
            COMET, next(one for one in abi.NUMBERS if one.signature == f"{name}()"), number
        )
    token, feed = abi.ADDRESSES
    chain.answers(COMET, token, BASE)
    chain.answers(COMET, feed, FEED)
    chain.answers(COMET, TOTAL_SUPPLY, 3_000_000_000)
    chain.answers(COMET, abi.COUNT, len(ASSETS))
    chain.answers(COMET, abi.ASSET, lambda place: _info(ASSETS[place]))
    chain.answers(COMET, abi.PRICE, lambda one: PRICES[one])
    chain.answers(COMET, abi.TOTAL_COLLATERAL, lambda asset: (TOTALS[asset], 0))
    chain.answers(COMET, abi.USER, lambda who: (PEOPLE[who][0], 0, 0, PEOPLE[who][3], 0))
    chain.answers(COMET, BALANCE, lambda who: PEOPLE[who][1])
    chain.answers(COMET, abi.BORROWED, lambda who: PEOPLE[who][2])
    chain.answers(COMET, abi.USER_COLLATERAL, lambda who, asset: (PLEDGED[who, asset], 0))
    for asset, symbol, decimals in ((BASE, "USDC", 6), (WETH, "WETH", 18)):
        chain.answers(asset, SYMBOL, symbol)
        chain.answers(asset, DECIMALS, decimals)
    # A token of the old kind, whose symbol is a word.
    chain.answers(WBTC, SYMBOL_WORD, b"WBTC".ljust(32, b"\0"))
    chain.answers(WBTC, DECIMALS, 8)
    _happen(chain)
    return chain


def _info(asset: Sequence[Any]) -> tuple[Any, ...]:
    factors = tuple(one * WAD // 1000 for one in asset[4:7])
    return (*asset[:4], *factors, asset[7])


def _happen(chain: FakeChain) -> None:
    pledge = "SupplyCollateral(address,address,address,uint256)"
    chain.log(COMET, pledge, ALICE, ALICE, WETH, block=905)
    chain.log(COMET, "Withdraw(address,address,uint256)", ALICE, DAVE, block=906)
    chain.log(COMET, "Supply(address,address,uint256)", DAVE, BOB, block=930)
    # Carol never spoke to the market: somebody gave her the collateral, and she borrowed.
    given = "TransferCollateral(address,address,address,uint256)"
    chain.log(COMET, given, ALICE, CAROL, WETH, block=980)
    chain.log(COMET, "Transfer(address,address,uint256)", BOB, DAVE, block=HEIGHT)


class Recorder:
    """A wire that writes down what passes over another."""

    where = "node.example"

    def __init__(self, inner: FakeChain) -> None:
        self.inner = inner
        self.lines: list[dict[str, Any]] = []

    def send(self, requests: Sequence[Request]) -> list[Reply]:
        replies = self.inner.send(requests)
        for asked, told in zip(requests, replies, strict=True):
            line: dict[str, Any] = {"method": asked.method, "params": list(asked.params)}
            if told.error is None:
                line["result"] = told.result
            else:
                line["error"] = {"code": told.error.code, "message": told.error.message}
            self.lines.append(line)
        return replies


def write_transcript(path: Path = TRANSCRIPT) -> None:
    """Read the market, and write down what was asked and answered."""
    recorder = Recorder(market())
    with TemporaryDirectory() as folder:
        read_case(recorder, CompoundV3(COMET), out=Path(folder) / "case", plan=PLAN)
    rows = ",\n".join(json.dumps(line) for line in recorder.lines)
    path.write_text(f'{{"what": {json.dumps(WHAT)},\n"exchange": [\n{rows}\n]}}\n')


if __name__ == "__main__":
    write_transcript()
