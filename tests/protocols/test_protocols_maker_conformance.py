"""The rules of the vault protocols answer numbers of their own tests, never a case's name."""

from __future__ import annotations

import pytest

from trimtab.apps.conformance import euler, fluid, gearbox, liquity, llamma, maker

MODULES = (euler, fluid, gearbox, liquity, llamma, maker)
RAY = 10**27
RAD = 10**45


def answer(module, rule: str, **inputs: int):
    return module.RULES[rule]({name: str(value) for name, value in inputs.items()})


def test_no_rule_is_answered_twice():
    names = [name for module in MODULES for name in module.RULES]
    assert len(names) == len(set(names)) == 14


def test_prices_of_the_abaci():
    top = 1000 * RAY
    assert answer(maker, "maker.linear_price", top=top, tau=3600, dur=360) == 900 * RAY
    half = {"top": top, "cut": RAY // 2}
    assert answer(maker, "maker.stairstep_price", **half, step=60, dur=119) == 500 * RAY
    assert answer(maker, "maker.exponential_price", **half, dur=3) == 125 * RAY


@pytest.mark.parametrize(("seconds", "needs"), [(1800, False), (1801, True)])
def test_a_reset_by_the_price(seconds, needs):
    inputs = {"top": 5 * RAY, "dur": seconds, "tau_linear": 3600, "tail": 3600, "cusp": RAY // 2}
    assert answer(maker, "maker.auction_needs_redo", **inputs) is needs


def test_a_reset_on_other_curves():
    common = {"top": 5 * RAY, "dur": 2, "tail": 3600, "cusp": RAY // 2}
    stair = {"stair_step": 1, "stair_cut": RAY * 3 // 4}
    slow = {"exp_cut": RAY * 71 // 100}
    assert answer(maker, "maker.auction_needs_redo", **common, **stair) is False
    assert answer(maker, "maker.auction_needs_redo", **common, exp_cut=RAY // 2) is True
    assert answer(maker, "maker.auction_needs_redo", **common, **slow) is False


def taken(amount: int, *, price: int = 5 * RAY):
    numbers = {"tab": 110 * RAD, "lot": 40 * 10**18, "chost": 22 * RAD}
    return answer(maker, "maker.clip_take", **numbers, price=price, amt=amount)


def test_purchases():
    under = taken(11 * 10**18)
    assert (under["tab_left"], under["lot_left"]) == (55 * RAD, 29 * 10**18)
    emptied = taken(40 * 10**18, price=2735783211953807380973706855)
    assert (emptied["tab_left"], emptied["lot_left"]) == (0, 0)
    assert emptied["returned_to_owner"] == 0
    cut = taken(22 * 10**18 - 1)
    assert cut["tab_left"] == 22 * RAD
    refused = answer(
        maker, "maker.clip_take", tab=RAD, lot=10**19, price=RAY, chost=22 * RAD, amt=1
    )
    assert refused["reverts"] is True


def test_seizures_that_revert_say_so():
    numbers = {"ink": 10**20, "art": 10**20, "rate": RAY, "spot": RAY, "chop": 10**18}
    limits = {"Hole": RAD, "Dirt": 0, "hole": RAD, "dirt": 0, "dust": 0}
    assert answer(maker, "maker.dog_bark", **numbers, **limits)["reason"] == "not_unsafe"


def test_eulers_rules():
    ramp = {"initial": 9000, "target": 4000, "duration": 1000}
    found = [answer(euler, "euler_v2.liquidation_ltv_ramp", **ramp, elapsed=e) for e in (200, 750)]
    assert found == [8000, 5250]
    rule = "euler_v2.residual_liability_value_after_liquidation_below_the_1e6_socialisation_floor"
    numbers = {"bal": 1000, "cprice": 10**18, "ltv": 9900, "dprice": 10**18, "maxdisc": 2000}
    below = answer(euler, rule, **numbers, debt=10**6 - 1)
    above = answer(euler, rule, **numbers, debt=10**6)
    assert below["socialized"] is False
    assert above == {"residual_liability_value": 0, "socialized": True}


PAYMENTS = {"total_value": 10_000, "accrued_interest": 2000, "fee_interest_bps": 5000}


@pytest.mark.parametrize(
    ("debt", "fee", "discount", "transfer", "pool", "owner", "profit", "loss"),
    [
        (6500, 150, 9600, 0, 9600, 0, 1100, 0),
        (6800, 100, 9800, 0, 9800, 0, 1000, 0),
        (5000, 150, 9600, 50, 8190, 1410, 1150, 0),
        (6500, 150, 9600, 50, 9600, 0, 1052, 0),
        (8000, 150, 9600, 50, 9600, 0, 0, 448),
    ],
)
def test_gearboxs_waterfall(debt, fee, discount, transfer, pool, owner, profit, loss):
    found = answer(
        gearbox,
        "gearbox_v3.liquidation_payments_waterfall",
        **PAYMENTS,
        debt=debt,
        fee_liquidation_bps=fee,
        liquidation_discount_bps=discount,
        token_transfer_fee_bps=transfer,
    )
    assert found == {
        "amount_to_pool": pool,
        "remaining_funds": owner,
        "profit": profit,
        "loss": loss,
    }


def test_a_band_further_down():
    numbers = {"A": 100, "base_price": 3000 * 10**18, "p_oracle": 2900 * 10**18}
    found = answer(llamma, "curve_llamma_v2.band_prices", **numbers, n=7, log_A_ratio=0)
    assert found["p_oracle_down"] < found["p_oracle_up"] < 2900 * 10**18
    assert found["p_current_down"] < found["p_current_up"]
