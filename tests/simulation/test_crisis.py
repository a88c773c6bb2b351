"""The bundled crisis case: determined by its seed, true to the facts, valid for the loader."""

import csv
import tomllib
from collections import defaultdict
from decimal import Decimal
from io import StringIO

import pytest

from trimtab.simulation.crisis import crisis_case, crisis_rules_2020
from trimtab.simulation.crisis_paths import STEPS, Shocks, paths, timestamp
from trimtab.units import WAD, Time, parse_decimal

SEEDS = (0, 1, 7, 20200312)
RULES = {"today": crisis_case(1)["rules.toml"], "2020": crisis_rules_2020()}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


def rules_of(name: str) -> dict:
    return tomllib.loads(RULES[name], parse_float=Decimal)


def series(text: str) -> dict[str, list[Decimal]]:
    found = defaultdict(list)
    for row in rows(text):
        found[row["asset"]].append(Decimal(row["price"]))
    return found


def holdings(text: str) -> dict[tuple[str, str], list[dict[str, str]]]:
    found = defaultdict(list)
    for row in rows(text):
        found[row["account"], row["group"]].append(row)
    return found


def gas_costs(seed: int) -> list[Decimal]:
    return [Decimal(row["gas_cost"]) for row in rows(crisis_case(seed)["gas.csv"])]


def test_same_seed_gives_the_same_bytes_and_another_seed_another_book() -> None:
    assert crisis_case(7) == crisis_case(7)
    assert crisis_case(7)["book.csv"] != crisis_case(8)["book.csv"]
    assert crisis_case(7)["prices.csv"] != crisis_case(8)["prices.csv"]


def test_a_case_is_the_four_files_of_the_format() -> None:
    case = crisis_case(1)
    assert sorted(case) == ["book.csv", "gas.csv", "prices.csv", "rules.toml"]
    assert all(text.endswith("\n") and "\r" not in text for text in case.values())


def test_draws_do_not_depend_on_their_order() -> None:
    shocks = Shocks(3)
    forward = [shocks.uniform_wad("a", index) for index in range(50)]
    assert forward == [shocks.uniform_wad("a", index) for index in reversed(range(50))][::-1]
    assert all(0 <= draw < WAD for draw in forward)
    assert forward != [shocks.uniform_wad("b", index) for index in range(50)]


def test_normal_draws_have_mean_zero_and_variance_one() -> None:
    draws = [Shocks(1).normal_wad("n", index) / WAD for index in range(4000)]
    mean = sum(draws) / len(draws)
    assert abs(mean) < 0.06
    assert abs(sum((draw - mean) ** 2 for draw in draws) / len(draws) - 1) < 0.08


@pytest.mark.parametrize("seed", SEEDS)
def test_ether_falls_from_195_to_101_within_the_day(seed: int) -> None:
    ether = series(crisis_case(seed)["prices.csv"])["ETH"]
    assert ether[0] == max(ether) == 195
    assert min(ether) == 101
    assert ether.count(Decimal(101)) == 1
    assert timestamp(ether.index(Decimal(101))) == "2020-03-12T23:40:00Z"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_day_has_a_noon_crash_a_rebound_and_a_second_leg(seed: int) -> None:
    ether = series(crisis_case(seed)["prices.csv"])["ETH"]
    morning, noon, afternoon = ether[60], min(ether[61:70]), max(ether[85:110])
    assert noon < morning * Decimal("0.8")
    assert noon * Decimal("1.08") < afternoon < morning
    assert min(ether[135:]) < noon


@pytest.mark.parametrize("seed", SEEDS)
def test_gas_rises_tenfold_and_peaks_near_a_hundred(seed: int) -> None:
    gas = gas_costs(seed)
    assert len(gas) == STEPS + 1
    assert gas[0] == 5
    assert gas[67] == 10 * gas[0]
    assert 95 <= max(gas) <= 125
    assert min(gas) > 4


@pytest.mark.parametrize("seed", SEEDS)
def test_the_stablecoin_trades_above_its_peg_in_the_crunch(seed: int) -> None:
    dai = series(crisis_case(seed)["prices.csv"])["DAI"]
    assert dai[0] < Decimal("1.01")
    assert Decimal("1.05") <= max(dai) <= Decimal("1.10")


@pytest.mark.parametrize("seed", SEEDS)
def test_prices_are_a_full_table_in_order_of_time(seed: int) -> None:
    table = rows(crisis_case(seed)["prices.csv"])
    times = [Time.parse(row["timestamp"]) for row in table]
    assert times == sorted(times)
    assert len(table) == 5 * (STEPS + 1)
    assert len({(row["timestamp"], row["asset"]) for row in table}) == len(table)
    assert (times[-1] - times[0]) == 36 * 3600 * 10**9


def test_anchors_move_no_level_to_zero() -> None:
    assert all(level > 0 for levels in paths(5).values() for level in levels)


@pytest.mark.parametrize("accounts", [50, 400, 1000])
def test_the_book_has_the_accounts_asked_for(accounts: int) -> None:
    book = rows(crisis_case(3, accounts=accounts)["book.csv"])
    names = {row["account"] for row in book}
    assert len(names) == accounts
    kinds = {name.rsplit("-", 1)[0] for name in names} - {"whale"}
    assert kinds == {
        "vault-eth", "vault-wbtc", "borrower", "lender", "cross", "isolated", "staker", "dust"
    }  # fmt: skip


def test_too_few_accounts_is_a_programmer_error() -> None:
    with pytest.raises(AssertionError):
        crisis_case(1, accounts=49)


def test_no_account_holds_an_instrument_twice() -> None:
    book = rows(crisis_case(3)["book.csv"])
    keys = [(row["account"], row["group"], row["instrument"]) for row in book]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_number_fits_the_decimals_of_its_asset(seed: int) -> None:
    case, assets = crisis_case(seed), rules_of("today")["assets"]
    for row in rows(case["book.csv"]):
        assert parse_decimal(row["quantity"], assets[row["instrument"]]["decimals"]) != 0
    for row in rows(case["prices.csv"]):
        assert parse_decimal(row["price"], 18) > 0
    assert all(parse_decimal(str(cost), 18) > 0 for cost in gas_costs(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_account_starts_safe_and_a_tail_starts_near_the_edge(seed: int) -> None:
    case, rules = crisis_case(seed), rules_of("today")
    opening = {asset: prices[0] for asset, prices in series(case["prices.csv"]).items()}
    healths = []
    for positions in holdings(case["book.csv"]).values():
        weighted = debt = Decimal(0)
        for row in positions:
            value = Decimal(row["quantity"]) * opening[row["instrument"]]
            source = rules["categories"].get(row["category"], rules["assets"][row["instrument"]])
            weighted += max(value, Decimal(0)) * source.get("liquidation_threshold", 0)
            debt -= min(value, Decimal(0))
        if debt:
            healths.append(weighted / debt)
    assert min(healths) > 1
    assert sum(health < Decimal("1.07") for health in healths) >= len(healths) // 25
    assert sum(health > Decimal("1.2") for health in healths) >= len(healths) // 2


def test_sizes_have_whales_and_dust() -> None:
    owed = {
        row["account"]: -Decimal(row["quantity"])
        for row in rows(crisis_case(1)["book.csv"])
        if row["instrument"] == "DAI"
    }
    whales = [debt for name, debt in owed.items() if name.startswith("whale")]
    dust = [debt for name, debt in owed.items() if name.startswith("dust")]
    assert len(whales) == 6
    assert min(whales) > 250_000
    assert len(dust) == 20
    assert all(20 < debt < 65 for debt in dust)


def test_dust_is_worth_less_than_the_gas_of_the_crash() -> None:
    bonus = rules_of("today")["assets"]["ETH"]["liquidation_bonus"]
    assert 65 * bonus < 50


@pytest.mark.parametrize("name", RULES)
def test_weights_and_bonuses_keep_to_the_loaders_constraints(name: str) -> None:
    rules = rules_of(name)
    target = rules["liquidation"].get("target_health", Decimal("1.05"))
    for asset in rules["assets"].values():
        threshold = asset.get("liquidation_threshold", 0)
        end = asset.get("liquidation_end", threshold)
        assert asset.get("max_ltv", 0) <= end <= threshold or not threshold
        taken = 1 + asset.get("liquidation_bonus", 0) + asset.get("liquidation_fee", 0)
        assert threshold * taken <= 1
        assert threshold * taken < target
    for category in rules["categories"].values():
        assert category["max_ltv"] <= category["liquidation_threshold"]
        fee = max(rules["assets"][asset]["liquidation_fee"] for asset in category["assets"])
        taken = 1 + category["liquidation_bonus"] + fee
        assert category["liquidation_threshold"] * taken <= 1
        floor = rules["liquidation"].get("minimum_bonus", 0)
        assert category["liquidation_bonus"] >= floor


def test_both_rule_sets_describe_the_same_assets() -> None:
    today, then = rules_of("today"), rules_of("2020")
    for shared in ("assets", "categories", "insurance"):
        assert today[shared] == then[shared]
    assert then["replay"]["mechanism"] == "auction"
    assert then["auction"]["floor_multiplier"] == 0
    assert today["replay"]["mechanism"] == "bonus"


def test_groups_and_categories_occur_and_are_known() -> None:
    book = rows(crisis_case(1)["book.csv"])
    assert {row["category"] for row in book} - {""} == set(rules_of("today")["categories"])
    assert {row["group"] for row in book} - {""} == {"wbtc"}
    assert {row["instrument"] for row in book} == set(rules_of("today")["assets"])
