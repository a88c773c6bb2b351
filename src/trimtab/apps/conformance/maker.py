"""The rules of Maker: vault seizure, auction prices, purchases and rewards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from trimtab.apps.conformance.files import whole
from trimtab.protocols.maker import AuctionRoom, Bark, Vault, VaultType, liquidate
from trimtab.protocols.maker_auction import (
    Auction,
    AuctionRules,
    ExponentialFall,
    Fall,
    LinearFall,
    StairFall,
    Taken,
    keeper_reward_rad,
    price_ray,
    status,
    take_at,
)

Inputs = Mapping[str, Any]


def _linear(inputs: Inputs) -> int:
    return _price(LinearFall(whole(inputs, "tau")), inputs)


def _stairstep(inputs: Inputs) -> int:
    return _price(StairFall(whole(inputs, "step"), whole(inputs, "cut")), inputs)


def _exponential(inputs: Inputs) -> int:
    return _price(ExponentialFall(whole(inputs, "cut")), inputs)


def _all_prices(inputs: Inputs) -> dict[str, int]:
    stair = StairFall(whole(inputs, "stair_step"), whole(inputs, "stair_cut"))
    return {
        "linear": _price(LinearFall(whole(inputs, "tau")), inputs),
        "stairstep": _price(stair, inputs),
        "exponential": _price(ExponentialFall(whole(inputs, "exp_cut")), inputs),
    }


def _price(fall: Fall, inputs: Inputs) -> int:
    return price_ray(fall, whole(inputs, "top"), seconds=whole(inputs, "dur"))


def _bark(inputs: Inputs) -> dict[str, Any]:
    terms = VaultType(
        index_ray=whole(inputs, "rate"),
        safety_price_ray=whole(inputs, "spot"),
        dust_rad=whole(inputs, "dust"),
        penalty_wad=whole(inputs, "chop"),
        hole_rad=whole(inputs, "hole"),
        on_auction_rad=whole(inputs, "dirt"),
    )
    limits = AuctionRoom(whole(inputs, "Hole"), whole(inputs, "Dirt"))
    vault = Vault(whole(inputs, "ink"), whole(inputs, "art"))
    bark = liquidate(vault, terms, limits=limits)
    if not isinstance(bark, Bark):
        return {"reverts": True, "reason": bark.reason.value}
    return {
        "lot": bark.lot,
        "tab": bark.target_rad,
        "ink_left": bark.vault.collateral,
        "art_left": bark.vault.debt_shares,
        "reverts": False,
    }


def _take(inputs: Inputs) -> dict[str, Any]:
    price = whole(inputs, "price")
    auction = Auction(whole(inputs, "tab"), whole(inputs, "lot"), price, 0)
    taken = take_at(auction, whole(inputs, "amt"), price=price, dust_rad=whole(inputs, "chost"))
    if not isinstance(taken, Taken):
        return {"reverts": True, "reason": taken.reason.value}
    # An auction that ended is deleted: nothing is left in it, whatever it did not raise.
    left = taken.auction
    return {
        "owe": taken.owed_rad,
        "slice": taken.slice,
        "tab_left": left.target_rad if left else 0,
        "lot_left": left.lot if left else 0,
        "returned_to_owner": taken.returned,
        "reverts": False,
    }


def _needs_redo(inputs: Inputs) -> bool:
    rules = AuctionRules(
        fall=_fall(inputs),
        reset_seconds=whole(inputs, "tail"),
        reset_ratio_ray=whole(inputs, "cusp"),
    )
    auction = Auction(1, 1, whole(inputs, "top"), 0)
    return status(auction, rules, now_s=whole(inputs, "dur")).needs_reset


def _fall(inputs: Inputs) -> Fall:
    if "tau_linear" in inputs:
        return LinearFall(whole(inputs, "tau_linear"))
    if "stair_step" in inputs:
        return StairFall(whole(inputs, "stair_step"), whole(inputs, "stair_cut"))
    return ExponentialFall(whole(inputs, "exp_cut"))


def _reward(inputs: Inputs) -> int:
    rules = AuctionRules(
        fall=LinearFall(1), reward_rad=whole(inputs, "tip"), reward_wad=whole(inputs, "chip")
    )
    return keeper_reward_rad(whole(inputs, "tab"), rules)


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    "maker.auction_needs_redo": _needs_redo,
    "maker.clip_take": _take,
    "maker.dog_bark": _bark,
    "maker.exponential_price": _exponential,
    "maker.kick_incentive_tip_tab_chip": _reward,
    "maker.linear_price": _linear,
    "maker.linear_stairstep_exponential_price": _all_prices,
    "maker.stairstep_price": _stairstep,
}
