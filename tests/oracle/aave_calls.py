"""One liquidation by the real pool and by the twin, and everything that it moves compared."""

from __future__ import annotations

from tests.oracle.aave_market import LIQUIDATOR, TREASURY
from tests.oracle.aave_mirror import Mirror, verdict
from tests.oracle.chain import Reverted
from trimtab.protocols.aave import V3_0, Binding, Call, Liquidation, Refused, liquidate
from trimtab.protocols.aave_math import owed, supply_taken
from trimtab.protocols.aave_rates import accrue, rates
from trimtab.units import WAD

LIQUIDATION_CALL = "liquidationCall(address,address,address,uint256,bool)"


def take(mirror: Mirror, call: Call) -> bool:
    """Liquidate on both sides and compare; true where both carried it out."""
    found = liquidate(mirror.position(), mirror.all_prices(), version=V3_0, call=call)
    before = purses(mirror, call)
    states = {name: mirror.state(name) for name in {call.collateral, call.debt} & {*mirror.scaled}}
    told = send(mirror, call)
    refused = isinstance(found, Refused)
    same = mirror.agree(f"{call}", told, str(found.reason) if refused else "done")
    mirror.tally.counts["liquidations refused" if refused else "liquidations"] += 1
    if isinstance(found, Refused) or not same:
        return False
    note(mirror, found)
    paid = {name: after - before[name] for name, after in purses(mirror, call).items()}
    mirror.agree(f"amounts of {call}", paid, amounts(mirror, call, found=found))
    for name, (state, written) in states.items():
        accrued = accrue(state, mirror.market.chain.now - written, version=V3_0)
        if not (name == call.collateral != call.debt and call.receives_supply):
            mirror.agree(f"treasury of {name}", mirror.state(name)[0].scaled_treasury, accrued.scaled_treasury)
    mirror.adopt(found.position)
    mirror.check_balances()
    told_after = mirror.market.chain.read(
        mirror.market.pool, "getUserAccountData(address)", mirror.user
    )
    mirror.agree("health after", told_after[5], found.after.health_wad)
    check_rates(mirror, call)
    return True
