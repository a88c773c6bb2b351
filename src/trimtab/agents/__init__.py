"""Who acts: policies that see observations and return intents, the same live and simulated."""

from trimtab.agents.keeper import Keeper, Offer, best_offer, bid

__all__ = ["Keeper", "Offer", "best_offer", "bid"]
