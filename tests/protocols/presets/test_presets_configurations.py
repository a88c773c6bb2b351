"""Real configuration files into rules: each number where it belongs, on every market there is."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction

import pytest

from tests.conftest import DATA
from trimtab.adapters.files import PresetRequest, decimal_tables, read_configuration
from trimtab.adapters.files.rules_file import rules_of_tables
from trimtab.apps.presets import preset_tables
from trimtab.engine.accrual import borrow_rate_wad
from trimtab.model import Accrual, Pool, Rules, Sizing
from trimtab.protocols.aave_position import is_sound
from trimtab.protocols.compound_market import RateCurve, stored_factor_wad
from trimtab.protocols.presets.aave_configuration import STRATEGIES, aave_tables
from trimtab.protocols.presets.compound_configuration import compound_tables
from trimtab.units import WAD, YEAR_SECONDS, DataError, RulesError

COMET = DATA / "configs/compound_v3_comet_market_configurations.json"
AAVE = DATA / "configs/aave_v3_reserve_configs_initial.json"
AAVE_VERSIONS = ("aave-v3.0", "aave-v3.3", "aave-v3.7")


def rules_from(name: str, configuration: dict, market: str | None = None) -> Rules:
    request = PresetRequest(name, configuration, market)
    return rules_of_tables(decimal_tables(preset_tables(request)))


def exact(text: str) -> Fraction:
    return Fraction(Decimal(text.replace("_", "")))


def markets(path) -> list[str]:
    return list(json.loads(path.read_text())) if path.is_file() else ["no data"]


# Compound III


@pytest.mark.shared
@pytest.mark.parametrize("market", markets(COMET))
def test_every_compound_market_becomes_rules(market: str) -> None:
    found = read_configuration(COMET)[market]
    rules = rules_from("compound-v3", read_configuration(COMET), market)
    base = found["baseToken"]
    assert rules.venue == f"compound-v3 {market}"
    assert set(rules.assets) == {base, "USD", *found["assets"]}
    assert rules.liquidation.sizing is Sizing.WHOLE
    for name, entry in found["assets"].items():
        _check_collateral(rules.assets[name], entry, store_front=found["storeFrontPriceFactor"])
    asset = rules.assets[base]
    assert (asset.liquidation_threshold_wad, asset.borrowable) == (0, True)
    assert asset.decimals == int(found["targetReserves"].partition("e")[2])
    assert asset.accrual is Accrual.LINEAR


def _check_collateral(asset, entry: dict, *, store_front) -> None:
    assert asset.decimals == int(entry["decimals"])
    assert asset.max_ltv_wad == int(entry["borrowCF"] * WAD)
    assert asset.liquidation_threshold_wad == int(entry["liquidateCF"] * WAD)
    assert not asset.borrowable
    assert asset.supply_cap == exact(entry["supplyCap"])
    factor = Fraction(stored_factor_wad(int(entry["liquidationFactor"] * WAD)), WAD)
    taken = 1 + Fraction(asset.liquidation_bonus_wad + asset.liquidation_fee_wad, WAD)
    assert 0 <= 1 / factor - taken < Fraction(1, WAD)
    discount = Fraction(store_front) * (1 - factor)
    buyer = 1 + Fraction(asset.liquidation_bonus_wad, WAD)
    assert 0 <= 1 / (1 - discount) - buyer < Fraction(2, WAD)


@pytest.mark.shared
@pytest.mark.parametrize("market", markets(COMET))
def test_the_borrow_curve_is_comets_at_any_utilization(market: str) -> None:
    found = read_configuration(COMET)[market]
    rates = {key: int(value * WAD) for key, value in found["rates"].items()}
    yearly = [rates[key] for key in ("borrowBase", "borrowSlopeLow", "borrowSlopeHigh")]
    curve = RateCurve.of_year(rates["borrowKink"], yearly)
    asset = rules_from("compound-v3", {market: found}, market).assets[found["baseToken"]]
    for used in (0, 1, 40, 80, 85, 90, 95, 99, 100):
        pool = Pool(asset.name, cash=10**20 - used * 10**18, borrowed=used * 10**18)
        ours = borrow_rate_wad(pool, asset)
        theirs = curve.rate_wad(used * 10**16) * YEAR_SECONDS
        # Comet floors base and slopes per second, and each product: at most 4 wad a second.
        assert 0 <= ours - theirs <= 4 * YEAR_SECONDS


@pytest.mark.shared
def test_the_reserve_factor_lets_suppliers_earn_comets_rate_at_the_kink() -> None:
    for market, found in read_configuration(COMET).items():
        rates = {key: Fraction(value) for key, value in found["rates"].items()}
        asset = rules_from("compound-v3", {market: found}).assets[found["baseToken"]]
        kink = rates["borrowKink"]
        assert kink == rates["supplyKink"], market
        paid = kink * (rates["borrowBase"] + rates["borrowSlopeLow"] * kink)
        earned = paid * (1 - Fraction(asset.reserve_factor_wad, WAD))
        assert abs(earned - rates["supplySlopeLow"] * kink) < Fraction(3, WAD), market


SMALL = {
    "baseToken": "USDC",
    "storeFrontPriceFactor": Decimal("0.6"),
    "targetReserves": "5000000e6",
    "rates": {
        "supplyKink": Decimal("0.7"),
        "supplySlopeLow": Decimal("0.03"),
        "supplySlopeHigh": Decimal("0.4"),
        "supplyBase": 0,
        "borrowKink": Decimal("0.8"),
        "borrowSlopeLow": Decimal("0.05"),
        "borrowSlopeHigh": Decimal("0.25"),
        "borrowBase": Decimal("0.01"),
    },
    "assets": {
        "WETH": {
            "decimals": "18",
            "borrowCF": Decimal("0.8"),
            "liquidateCF": Decimal("0.85"),
            "liquidationFactor": Decimal("0.93005"),
            "supplyCap": "1_000.5e18",
        }
    },
}


def spoilt(path: str, value: object) -> dict:
    """The small configuration with one value replaced, or left out where it is None."""
    copy = json.loads(json.dumps(SMALL, default=str))
    *way, last = path.split(".")
    table = copy
    for key in way:
        table = table[key]
    if value is None:
        del table[last]
    else:
        table[last] = value
    return copy


def test_one_market_by_hand() -> None:
    tables = compound_tables(SMALL, None)
    weth, usdc = tables["assets"]["WETH"], tables["assets"]["USDC"]
    # 0.93005 is stored as 0.9300: 1 / 0.93 = 1.075268..., 1 / (1 - 0.6 * 0.07) = 1.043841...
    assert weth["liquidation_bonus"] == Decimal("0.043841336116910229")
    assert weth["liquidation_bonus"] + weth["liquidation_fee"] == Decimal("0.075268817204301075")
    assert weth["supply_cap"] == Decimal("1000.5")
    assert (usdc["slope1"], usdc["slope2"]) == (Decimal("0.04"), Decimal("0.05"))
    # At the kink borrowers pay 0.8 * 5 % = 4 %, suppliers earn 0.021 + 0.4 * 0.1 = 6.1 %: no less.
    assert usdc["reserve_factor"] == 0


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("rates", None, "column rates: the key is missing"),
        ("rates", 5, "column rates: this is no object; found '5'"),
        ("assets.WETH.supplyCap", "-1e18", "column assets.WETH.supplyCap: the value is not what"),
        ("assets.WETH.decimals", "18.5", "found '18.5'; expected a whole number"),
        ("assets.WETH.decimals", "37", "found '37'; expected 0 to 36"),
        ("assets.WETH.borrowCF", True, "expected a number that is not negative"),
        ("assets.WETH.borrowCF", "0.1234567890123456789", "expected at most 18 decimals"),
        ("assets.WETH.liquidationFactor", "0", "column assets.WETH.liquidationFactor"),
        ("targetReserves", "5000000", 'expected native units such as "5000000e6"'),
        ("rates.borrowKink", "1", "column rates.borrowKink: the kink is out of range"),
        ("baseToken", 7, "column baseToken: the value is not what it should be; found '7'"),
        ("baseToken", "WETH", "the base is listed as its own collateral; found 'WETH'"),
    ],
)
def test_a_fault_is_told_by_its_path(path: str, value: object, line: str) -> None:
    with pytest.raises(DataError) as caught:
        compound_tables(spoilt(path, value), None)
    assert line in str(caught.value)


# Aave v3


@pytest.mark.shared
@pytest.mark.parametrize("name", AAVE_VERSIONS)
@pytest.mark.parametrize("market", markets(AAVE))
def test_every_aave_market_becomes_rules(market: str, name: str) -> None:
    found = read_configuration(AAVE)[market]
    rules = rules_from(name, read_configuration(AAVE), market)
    assert rules.venue == f"aave-v3 {market}"
    assert set(rules.assets) == {"USD", *found}
    for asset, entry in found.items():
        _check_reserve(rules.assets[asset], entry, isolates=name != "aave-v3.7")


def _check_reserve(asset, entry: dict, *, isolates: bool) -> None:
    ltv, threshold = int(entry["baseLTVAsCollateral"]), int(entry["liquidationThreshold"])
    gross, fee = int(entry["liquidationBonus"]), int(entry["liquidationProtocolFee"])
    assert is_sound(ltv, threshold, bonus_bps=gross)
    assert asset.max_ltv_wad == ltv * 10**14
    assert asset.liquidation_threshold_wad == threshold * 10**14
    bonus = max(0, gross - 10_000) * 10**14
    assert asset.liquidation_bonus_wad + asset.liquidation_fee_wad == bonus
    assert asset.liquidation_fee_wad == bonus * fee // 10_000
    assert asset.borrowable is entry["borrowingEnabled"]
    assert asset.reserve_factor_wad == int(entry["reserveFactor"]) * 10**14
    for cap, key in ((asset.supply_cap, "supplyCap"), (asset.borrow_cap, "borrowCap")):
        whole = int(entry[key])
        assert cap == (whole * 10**asset.decimals if whole else None)
    ceiling = int(entry["debtCeiling"]) if isolates else 0
    assert asset.isolated is (ceiling > 0)
    assert asset.debt_ceiling_wad == (ceiling * 10**16 if ceiling else None)
    assert asset.borrowable_in_isolation is (isolates and entry["borrowableIsolation"])
    assert asset.kink_wad == int(STRATEGIES[entry["strategy"]]["kink"] * WAD)


RESERVE = {
    "strategy": "rateStrategyVolatileOne",
    "baseLTVAsCollateral": "8000",
    "liquidationThreshold": "8250",
    "liquidationBonus": "10500",
    "liquidationProtocolFee": "1000",
    "borrowingEnabled": True,
    "reserveDecimals": "18",
    "reserveFactor": "1000",
    "supplyCap": "0",
    "borrowCap": "1000",
    "debtCeiling": "500000000",
    "borrowableIsolation": False,
}


def test_one_reserve_by_hand() -> None:
    weth = aave_tables({"WETH": RESERVE}, None)["assets"]["WETH"]
    assert (weth["liquidation_bonus"], weth["liquidation_fee"]) == (
        Decimal("0.045"),
        Decimal("0.005"),
    )
    assert weth["debt_ceiling"] == 5_000_000
    assert weth["borrow_cap"] == 1000
    assert "supply_cap" not in weth
    assert (weth["kink"], weth["slope2"]) == (Decimal("0.45"), 3)
    assert rules_from("aave-v3.0", {"WETH": RESERVE}).assets["WETH"].isolated
    assert not rules_from("aave-v3.7", {"WETH": RESERVE}).assets["WETH"].isolated


def test_a_strategy_may_be_its_numbers() -> None:
    strategy = {
        "optimalUsageRatio": "900000000000000000000000000",
        "baseVariableBorrowRate": 0,
        "variableRateSlope1": "27000000000000000000000000",
        "variableRateSlope2": "800000000000000000000000000",
    }
    weth = aave_tables({"WETH": {**RESERVE, "strategy": strategy}}, None)["assets"]["WETH"]
    assert (weth["kink"], weth["slope1"]) == (Decimal("0.9"), Decimal("0.027"))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"strategy": "rateStrategyOther"}, "column WETH.strategy: the rate strategy is not known"),
        ({"liquidationBonus": "500"}, "column WETH: bonus or fee is out of range; found '500 and"),
        ({"borrowingEnabled": "yes"}, "column WETH.borrowingEnabled: the value is not what"),
        ({"liquidationThreshold": "82.5"}, "found '82.5'; expected a whole number"),
    ],
)
def test_a_reserve_that_is_none_is_refused(change: dict, line: str) -> None:
    with pytest.raises(DataError) as caught:
        aave_tables({"WETH": {**RESERVE, **change}}, None)
    assert line in str(caught.value)


def test_markets_are_chosen_by_name() -> None:
    both = {"one": {"WETH": RESERVE}, "two": {"WBTC": RESERVE}}
    assert list(aave_tables(both, "two")["assets"]) == ["WBTC"]
    with pytest.raises(DataError, match="several markets; expected one of one, two"):
        aave_tables(both, None)
    with pytest.raises(DataError, match="the file is one market; found 'one'"):
        aave_tables({"WETH": RESERVE}, "one")
    with pytest.raises(RulesError, match="the rules contradict each other"):
        rules_from("aave-v3.7", {"WETH": {**RESERVE, "liquidationThreshold": "7900"}})
