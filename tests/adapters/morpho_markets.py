"""Markets of Morpho Blue by hand: two that lend one asset, and one that lends another."""

from __future__ import annotations

from typing import Any

from tests.adapters.chain_fakes import TIME_S, FakeChain, address, block_hash
from trimtab.adapters.chains import morpho
from trimtab.adapters.chains.tokens import DECIMALS, SYMBOL
from trimtab.units import WAD, YEAR_SECONDS

MORPHO, LOAN, ETH, BTC, ORACLE, MODEL = (address(0x900 + number) for number in range(6))
ZERO = address(0)
ONE, TWO, THREE = (block_hash(number) for number in (1, 2, 3))
ANN, BEN, FEES = (address(0xE0 + number) for number in range(3))
RATE_WAD = WAD // 10 // YEAR_SECONDS
PARAMS: dict[str, tuple[Any, ...]] = {
    ONE: (LOAN, ETH, ORACLE, MODEL, 86 * WAD // 100),
    TWO: (LOAN, BTC, ORACLE, ZERO, 945 * WAD // 1000),
    THREE: (BTC, ETH, ORACLE, MODEL, WAD // 2),
}
STORED = (2_000 * 10**6, 2_000 * 10**12, 1_500 * 10**6, 1_500 * 10**12, TIME_S - 86_400, WAD // 10)
POSITIONS = {
    (ONE, ANN): (0, 1_499 * 10**12, 10**18),
    (ONE, BEN): (1_999 * 10**12, 0, 0),
    (ONE, FEES): (10**12, 0, 0),
    (TWO, ANN): (0, 10**12, 5),
}


def market_of(data: Any) -> str:
    return "0x" + bytes(data).hex()


def chain_of_markets() -> FakeChain:
    chain = FakeChain()
    nothing = (ZERO,) * 4 + (0,)
    chain.answers(MORPHO, morpho.MARKET_PARAMS, lambda key: PARAMS.get(market_of(key), nothing))
    chain.answers(MORPHO, morpho.MARKET, lambda _: STORED)
    chain.answers(
        MORPHO, morpho.POSITION, lambda key, who: POSITIONS.get((market_of(key), who), (0, 0, 0))
    )
    chain.answers(MORPHO, morpho.FEE_RECIPIENT, FEES)
    chain.answers(ORACLE, morpho.PRICE, 2_000 * 10**24 + 1)
    chain.answers(MODEL, morpho.RATE, RATE_WAD)
    for token, symbol, decimals in ((LOAN, "USDC", 6), (ETH, "WETH", 18), (BTC, "WBTC", 8)):
        chain.answers(token, SYMBOL, symbol)
        chain.answers(token, DECIMALS, decimals)
    for key in (ONE, TWO):
        chain.log(MORPHO, morpho.SUPPLY_COLLATERAL, key, BEN, ANN, block=10)
        chain.log(MORPHO, morpho.BORROW, key, ANN, BEN, block=11)
    chain.log(MORPHO, morpho.SUPPLY, ONE, ANN, BEN, block=900)
    chain.log(MORPHO, morpho.SET_FEE_RECIPIENT, FEES, block=1)
    return chain
