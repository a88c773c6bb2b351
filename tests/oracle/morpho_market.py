"""Morpho from its own bytecode: tokens, oracle, a rate that is what it is set to, and a market."""

from __future__ import annotations

import re
from dataclasses import dataclass

from eth_abi import encode

from tests.oracle.chain import ADMIN, Chain, account, returning
from tests.oracle.packages import MORPHO

LENDER = account(2)
DEBTOR = account(3)
BORROWER = account(4)
LIQUIDATOR = account(5)
FEE_RECIPIENT = account(6)

MORPHO_CODE = "lib/morpho-blue/src/Morpho"
CURVE_CODE = "lib/morpho-blue-irm/src/adaptive-curve-irm/AdaptiveCurveIrm"
TOKEN_CODE = "src/mocks/ERC20Mock"
ORACLE_CODE = "src/mocks/OracleMock"
PARAMS = "(address,address,address,address,uint256)"
WEALTH = 2**140

# calldatasize push1 32 eq push1 15 jumpi: one word is a new rate, anything else asks for it;
# push0 sload push0 mstore push1 32 push0 return; jumpdest push0 calldataload push0 sstore stop.
RATE = bytes.fromhex("36602014600f575f545f5260205ff35b5f355f5500")


def creation_code(name: str) -> bytes:
    """The creation code that an ethers factory of the package carries."""
    source = (MORPHO.folder / "types" / "factories" / f"{name}__factory.js").read_text()
    found = re.search(r'_bytecode = "0x([0-9a-f]+)"', source)
    assert found, f"no bytecode in the factory of {name}"
    return bytes.fromhex(found[1])


@dataclass
class Venue:
    """The deployed contracts, and the parameters and key of the market in use."""

    chain: Chain
    morpho: str
    loan: str
    collateral: str
    oracle: str
    rate: str
    params: tuple[str, str, str, str, int] = ("", "", "", "", 0)
    key: bytes = b""

    def create(self, lltv_wad: int, *, fee_wad: int) -> None:
        """Create the market of a loan-to-value, and use it from now on."""
        self.params = (self.loan, self.collateral, self.oracle, self.rate, lltv_wad)
        packed = encode([PARAMS], [self.params])
        self.key = self.chain.evm.message_call(ADMIN, self.chain.hasher, calldata=packed)
        self.act("enableLltv(uint256)", lltv_wad)
        self.act(f"createMarket({PARAMS})", self.params)
        if fee_wad:
            self.act(f"setFee({PARAMS},uint256)", self.params, fee_wad)

    def act(self, what: str, *arguments: object, sender: str = ADMIN) -> list[int]:
        answer = self.chain.send(sender, self.morpho, what, *arguments)
        return [int.from_bytes(answer[at : at + 32], "big") for at in range(0, len(answer), 32)]

    def set_rate(self, rate_wad: int) -> None:
        word = rate_wad.to_bytes(32, "big")
        self.chain.evm.message_call(ADMIN, self.rate, calldata=word)

    def set_price(self, price: int) -> None:
        self.chain.send(ADMIN, self.oracle, "setPrice(uint256)", price)

    def supply(self, assets: int) -> list[int]:
        what = f"supply({PARAMS},uint256,uint256,address,bytes)"
        return self.act(what, self.params, assets, 0, LENDER, b"", sender=LENDER)

    def pledge(self, who: str, assets: int) -> None:
        what = f"supplyCollateral({PARAMS},uint256,address,bytes)"
        self.act(what, self.params, assets, who, b"", sender=who)

    def withdraw_collateral(self, who: str, assets: int) -> None:
        what = f"withdrawCollateral({PARAMS},uint256,address,address)"
        self.act(what, self.params, assets, who, who, sender=who)

    def borrow(self, who: str, assets: int) -> list[int]:
        what = f"borrow({PARAMS},uint256,uint256,address,address)"
        return self.act(what, self.params, assets, 0, who, who, sender=who)

    def liquidate(self, who: str, seized: int, *, repaid_shares: int) -> list[int]:
        what = f"liquidate({PARAMS},address,uint256,uint256,bytes)"
        order = (self.params, who, seized, repaid_shares, b"")
        return self.act(what, *order, sender=LIQUIDATOR)

    def accrue(self) -> None:
        self.act(f"accrueInterest({PARAMS})", self.params)

    def market_words(self) -> list[int]:
        return self.chain.read(self.morpho, "market(bytes32)", self.key)

    def position_words(self, who: str) -> list[int]:
        return self.chain.read(self.morpho, "position(bytes32,address)", self.key, who)


def deploy(chain: Chain) -> Venue:
    morpho = chain.deploy(creation_code(MORPHO_CODE), "(address)", ADMIN)
    token = creation_code(TOKEN_CODE)
    venue = Venue(
        chain,
        morpho,
        loan=chain.deploy(token, "(string,string)", "loan", "L"),
        collateral=chain.deploy(token, "(string,string)", "collateral", "C"),
        oracle=chain.deploy(creation_code(ORACLE_CODE)),
        rate=chain.deploy(returning(RATE)),
    )
    venue.act("enableIrm(address)", venue.rate)
    venue.act("setFeeRecipient(address)", FEE_RECIPIENT)
    for who in (LENDER, DEBTOR, BORROWER, LIQUIDATOR):
        for asset in (venue.loan, venue.collateral):
            chain.send(ADMIN, asset, "setBalance(address,uint256)", who, WEALTH)
            chain.send(who, asset, "approve(address,uint256)", morpho, 2**256 - 1)
    return venue
