"""The same simple model in other frameworks: borrowers, a price, liquidation at the threshold.

Each peer runs its model as its own documentation writes one; all see the same prices and count the
same liquidations.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

THRESHOLD = 0.8
Count = Callable[[Any], int]


def numpy_count(held: Any, owed: Any) -> Count:
    """One array of borrowers, one comparison a step."""

    def run(prices: Any) -> int:
        alive = np.ones(held.size, dtype=bool)
        for price in prices[1:]:
            alive &= ~(held * price * THRESHOLD < owed)
        return int(held.size - alive.sum())

    return run


def mesa_count(held: Any, owed: Any) -> Count:
    """A `Model` with an `Agent` a borrower."""
    mesa = importlib.import_module("mesa")

    class Borrower(mesa.Agent):  # type: ignore[misc, name-defined]
        def __init__(self, model: Any, held: float, owed: float) -> None:
            super().__init__(model)
            self.held, self.owed, self.open = held, owed, True

        def step(self) -> None:
            if self.open and self.held * self.model.price * THRESHOLD < self.owed:
                self.open = False

    class Market(mesa.Model):  # type: ignore[misc, name-defined]
        def __init__(self, prices: Any) -> None:
            super().__init__(seed=1)
            self.prices, self.at, self.price = prices.tolist(), 0, 0.0
            Borrower.create_agents(self, held.size, held.tolist(), owed.tolist())

        def step(self) -> None:
            self.at += 1
            self.price = self.prices[self.at]
            self.agents.do("step")

    def run(prices: Any) -> int:
        market = Market(prices)
        for _ in range(len(prices) - 1):
            market.step()
        return sum(not one.open for one in market.agents)

    return run


def agentpy_count(held: Any, owed: Any) -> Count:
    """A `Model` with an `AgentList`."""
    agentpy = importlib.import_module("agentpy")

    class Borrower(agentpy.Agent):  # type: ignore[misc, name-defined]
        def setup(self) -> None:
            self.open = True

        def act(self) -> None:
            if self.open and self.held * self.model.price * THRESHOLD < self.owed:
                self.open = False

    class Market(agentpy.Model):  # type: ignore[misc, name-defined]
        def setup(self) -> None:
            self.price = 0.0
            self.borrowers = agentpy.AgentList(self, held.size, Borrower)
            self.borrowers.held = agentpy.AttrIter(held.tolist())
            self.borrowers.owed = agentpy.AttrIter(owed.tolist())

        def step(self) -> None:
            self.price = self.p.prices[self.t]
            self.borrowers.act()

        def end(self) -> None:
            self.liquidated = sum(not one.open for one in self.borrowers)

    def run(prices: Any) -> int:
        market = Market({"steps": len(prices) - 1, "prices": prices.tolist()})
        market.run(display=False)
        return int(market.liquidated)

    return run


def radcad_count(held: Any, owed: Any) -> Count:
    """State updates over arrays of borrowers."""
    radcad = importlib.import_module("radcad")

    def alive(params: Any, _substep: Any, _history: Any, state: Any, _signals: Any) -> Any:
        price = params["prices"][state["timestep"] + 1]
        return "alive", state["alive"] & ~(held * price * THRESHOLD < owed)

    def run(prices: Any) -> int:
        model = radcad.Model(
            initial_state={"alive": np.ones(held.size, dtype=bool)},
            state_update_blocks=[{"policies": {}, "variables": {"alive": alive}}],
            params={"prices": [prices]},
        )
        simulation = radcad.Simulation(model=model, timesteps=len(prices) - 1, runs=1)
        engine = radcad.Engine(backend=radcad.Backend.SINGLE_PROCESS)
        experiment = radcad.Experiment(simulation)
        experiment.engine = engine
        return int(held.size - experiment.run()[-1]["alive"].sum())

    return run


PEERS = {
    "NumPy": numpy_count,
    "radcad": radcad_count,
    "mesa": mesa_count,
    "agentpy": agentpy_count,
}


def balabs_run(held: Any, owed: Any) -> Callable[[Any], Any] | None:
    """The clearing kernel of `balabs-risk-kernel`; None where it is not there.

    Called by its published interface: daily prices, one pair, heal to the threshold.
    """
    try:
        kernel = importlib.import_module("risk_kernel.v3.kernel")
        types = importlib.import_module("risk_kernel.v3.types")
    except ImportError:
        return None
    impact = types.ImpactParams(1.0, 0.5, 0.1, 1.0, 1e9, 0.04)

    def run(prices: Any) -> Any:
        return kernel.run_clearing_kernel(
            types.KernelInputs(
                coll_price=np.ascontiguousarray(prices[:, :, 0]),
                coll_qty=held,
                debt_qty=owed,
                lt=np.full(held.size, THRESHOLD),
                liquidation_incentive=np.full(held.size, 0.05),
                gas_fee_usd=np.full(held.size, 5.0),
                impact_params=impact,
                is_aave_like=False,
                swap_fee=0.003,
            )
        )

    return run
