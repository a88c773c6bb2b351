"""An account's terms add up to the engine's answer, at the prices of now and at others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.apps.service.dashboard.dashboard_service import crisis_service, perp_service
from trimtab.apps.service.dashboard.terms import account_terms
from trimtab.apps.service.running import Service
from trimtab.apps.service.trials import tried
from trimtab.engine import Draft, account_sums, health_wad
from trimtab.simulation.price_shock import Shock
from trimtab.units import WAD


def health_of(terms: dict[str, Any], factors: dict[str, float]) -> float | None:
    """The sum of static/terms.js, in Python."""
    prices = {
        asset: float(at) * factors.get(terms["roots"][asset], 1.0)
        for asset, at in terms["prices"].items()
    }
    owned = sum(
        float(row["amount"]) * prices[row["asset"]] * float(row["weight"])
        for row in terms["collateral"]
    )
    owed = sum(
        float(row["amount"]) * prices[row["asset"]] * float(row["weight"]) for row in terms["debt"]
    )
    for row in terms["positions"]:
        index = prices[row["asset"]]
        mark, size = float(row["mark"]) * index / float(row["index"]), float(row["size"])
        value = -size / mark * index if row["inverse"] else size * mark
        gain = value - float(row["cost"]) * (index if row["inverse"] else 1)
        owned += max(0.0, gain) * float(row["gain_weight"])
        notional = abs(size) * (1 if row["inverse"] else mark)
        owed += max(0.0, -gain) + notional * float(row["rate"]) + float(row["flat"])
    return owned / owed if owed else None


def engine_health(draft: Draft, key: str) -> float | None:
    found = health_wad(account_sums(draft.account(key), draft))
    return None if found is None else found / WAD


def agree(service: Service, factors: dict[str, float]) -> int:
    shock = Shock(factors_wad={name: round(factor * WAD) for name, factor in factors.items()})
    compared = 0
    with service.board.reading() as reading:
        moved = tried(reading, shock, commands=[]).draft
        for key in reading.columns.keys:
            account = reading.draft.account(key)
            expected = engine_health(moved, key)
            found = health_of(account_terms(reading.draft, account), factors)
            if expected is None:
                assert found is None, key
                continue
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-12), key
            compared += 1
    return compared


@pytest.fixture(scope="module")
def crisis() -> Service:
    return crisis_service()


@pytest.mark.parametrize(
    "factors", [{}, {"ETH": 0.7}, {"ETH": 1.4, "DAI": 1.05}, {"WBTC": 0.5, "STETH": 0.6}]
)
def test_borrowers_of_the_crisis_add_up(crisis: Service, factors: dict[str, float]) -> None:
    assert agree(crisis, factors) == 388


@pytest.mark.parametrize("factors", [{}, {"ETH": 0.8}, {"ETH": 1.25, "BTC": 0.9}])
def test_positions_add_up(tmp_path: Path, factors: dict[str, float]) -> None:
    assert agree(perp_service(tmp_path), factors) >= 9


def test_terms_are_text_and_name_what_they_are(crisis: Service) -> None:
    with crisis.board.reading() as reading:
        terms = account_terms(reading.draft, reading.draft.account("borrower-0006"))
    assert terms["quote"] == "USD"
    assert terms["as_of"] == "2020-03-12T00:00:00Z"
    assert terms["prices"] == {"ETH": "195", "USDC": "1"}
    (row,) = terms["collateral"]
    assert (row["asset"], row["weight"]) == ("ETH", "0.6666")
    assert terms["debt"][0]["amount"] == "6207.27"
