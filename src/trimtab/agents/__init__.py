"""Who acts: policies that see observations and return intents, the same live and simulated."""

from trimtab.agents.keeper import Keeper, Offer, best_offer, bid, most_gain_wad

__all__ = ["Keeper", "Offer", "best_offer", "bid", "most_gain_wad"]
