"""Synthetix v3: margins by skew, rewards, funding velocity, the liquidation window."""

from fractions import Fraction
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import synthetix, synthetix_liquidation
from trimtab.protocols.synthetix import Market, Position, RewardBounds
from trimtab.protocols.synthetix_liquidation import Liquidated, Moment, WindowRules
from trimtab.units import WAD

MARKET = Market(
    100 * WAD,
    2 * WAD,
    initial_ratio_min=WAD // 100,
    maintenance_scalar=WAD // 2,
    margin_min=1_000 * WAD,
    flag_ratio=WAD // 20,
)
RULES = WindowRules(
    7 * WAD // 1_000,
    3 * WAD // 1_000,
    skew_scale=1_000 * WAD,
    multiplier=WAD,
    window_seconds=10,
    premium_max=WAD // 100,
)
sizes = st.integers(-(10**21), 10**21)
prices = st.integers(1, 10**24)


def position(size, entry=30_000 * WAD, mark=30_000 * WAD):
    return Position(MARKET, size, entry, mark)


@given(sizes, prices)
def test_requirements_round_up_and_are_symmetric(size, price):
    found = position(size, mark=price)
    ratio = Fraction(2 * abs(size), 100 * WAD) + Fraction(1, 100)
    exact = Fraction(abs(size) * price, WAD) * ratio + 1_000 * WAD
    assert synthetix.initial_margin(found) >= exact
    assert synthetix.initial_margin(found) == synthetix.initial_margin(position(-size, mark=price))
    assert synthetix.maintenance_margin(found) <= synthetix.initial_margin(found)


@given(sizes, sizes)
def test_margin_grows_with_size(one, other):
    low, high = sorted((one, other), key=abs)
    assert synthetix.initial_margin(position(low)) <= synthetix.initial_margin(position(high))


def test_the_order_of_positions_does_not_matter():
    held = [position(WAD), position(-3 * WAD, entry=29_999 * WAD), position(7)]
    assert len({synthetix.margins(5 * WAD, order) for order in permutations(held)}) == 1


def test_equality_is_not_liquidatable():
    held = [position(-2 * WAD)]
    need = synthetix.margins(0, held)
    edge = need.maintenance + need.reward
    assert not synthetix.margins(edge, held).liquidatable
    assert synthetix.margins(edge - 1, held).liquidatable
    assert not synthetix.margins(0, []).liquidatable


def test_an_open_position_may_block_all_of_its_margin():
    found = synthetix.margins(10_000 * WAD, [position(-2 * WAD)])
    # 60,000 * 5 % + 1,000 and 5 % for the flag.
    assert (found.initial, found.reward) == (4_000 * WAD, 3_000 * WAD)
    assert found.withdrawable == 3_000 * WAD


def test_the_reward_within_its_bounds():
    bounds = RewardBounds(
        cost=2 * WAD,
        reward_min=5 * WAD,
        profit_ratio=WAD,
        margin_ratio=WAD // 10,
        reward_max=50 * WAD,
    )
    rewards = [
        synthetix.keeper_reward(reward * WAD, margin * WAD, bounds=bounds)
        for reward, margin in ((0, 1_000), (20, 1_000), (400, 1_000), (400, 100))
    ]
    assert rewards == [7 * WAD, 22 * WAD, 50 * WAD, 10 * WAD]


@given(sizes, sizes, prices)
def test_a_fill_and_its_reverse_lose_nothing_to_the_premium(skew, size, price):
    there = synthetix.fill_price_wad(price, skew=skew, size=size, skew_scale=10**23)
    back = synthetix.fill_price_wad(price, skew=skew + size, size=-size, skew_scale=10**23)
    assert there == back


def test_the_fill_price_is_the_mean_premium():
    price = synthetix.fill_price_wad(2_000 * WAD, skew=0, size=20 * WAD, skew_scale=1_000 * WAD)
    assert price == 2_020 * WAD


def test_funding_speeds_up_with_skew():
    velocity = synthetix.funding_velocity_wad(
        -50 * WAD, skew_scale=100 * WAD, velocity_max_wad=3 * WAD
    )
    assert velocity == -3 * WAD // 2
    assert synthetix.funding_velocity_wad(10**24, skew_scale=10**20, velocity_max_wad=WAD) == WAD
    assert synthetix.funding_rate_wad(WAD, velocity, seconds=43_200) == WAD // 4
    paid = synthetix.funding_per_unit(WAD, velocity, seconds=43_200, price_wad=100 * WAD)
    # Half a day at a mean rate of 0.625 a day.
    assert paid == 3_125 * WAD // 100


def ask(amount, history=(), **moment):
    return synthetix_liquidation.liquidatable(
        amount * WAD, history, rules=RULES, moment=Moment(**{"now_s": 20, **moment})
    )


def test_the_window_forgets_exactly_at_its_edge():
    assert synthetix_liquidation.window_cap(RULES) == 100 * WAD
    full = 100 * WAD
    assert ask(150) == full
    assert ask(150, [Liquidated(10, full)], skew=WAD * 1_000) == full
    assert ask(150, [Liquidated(11, full)], skew=WAD * 1_000) == 0


def test_a_calm_market_gets_a_second_window_in_a_later_block():
    spent = [Liquidated(15, 100 * WAD)]
    assert ask(150, spent, skew=9 * WAD) == 100 * WAD
    assert ask(150, spent, skew=9 * WAD, same_block=True) == 0
    assert ask(150, spent, skew=10 * WAD) == 0


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 300)), max_size=8))
def test_no_window_takes_more_than_its_cap(events):
    history = []
    for now_s, amount in sorted(events):
        moment = Moment(now_s, skew=10**24)
        taken = synthetix_liquidation.liquidatable(
            amount * WAD, history, rules=RULES, moment=moment
        )
        history.append(Liquidated(now_s, taken))
        recent = [one.amount for one in history if one.at_s > now_s - 10]
        assert sum(recent) <= 100 * WAD


def test_no_cap_means_no_bound():
    free = WindowRules(0, 0, skew_scale=WAD, multiplier=WAD, window_seconds=10)
    found = synthetix_liquidation.liquidatable(10**30, [], rules=free, moment=Moment(0))
    assert found == 10**30
    assert synthetix_liquidation.windows_needed(10**30, free) == 1
    assert synthetix_liquidation.windows_needed(-201 * WAD, RULES) == 3
