"""The exact engine along one price path, with markets, an oracle, a chain and agents around it.

`run_path(case, prices, grid=..., terms=...)` gives the same row of outcomes as the path kernel,
with every event behind it; it also runs what the kernel refuses.
"""

from trimtab.simulation.world.dealing import Deal
from trimtab.simulation.world.markets import Markets
from trimtab.simulation.world.results import WorldRun
from trimtab.simulation.world.running import World, run_path
from trimtab.simulation.world.terms import Actor, WorldTerms, keepers_of, plain_world

__all__ = [
    "Actor",
    "Deal",
    "Markets",
    "World",
    "WorldRun",
    "WorldTerms",
    "keepers_of",
    "plain_world",
    "run_path",
]
