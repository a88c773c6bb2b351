"""One liquidation by the real pool and by the twin, and everything that it moves compared."""

from __future__ import annotations

from tests.oracle.aave_market import LIQUIDATOR, TREASURY, ZERO
from tests.oracle.aave_mirror import Mirror, verdict
from tests.oracle.chain import RevertedError
from trimtab.protocols.aave import V3_0, Binding, Call, Liquidation, Refused, liquidate
from trimtab.protocols.aave_math import owed, supply_taken
from trimtab.protocols.aave_rates import ReserveState, accrue, rates
from trimtab.protocols.aave_sizing import CLOSE_FACTOR_HEALTH_WAD
from trimtab.units import WAD

LIQUIDATION_CALL = "liquidationCall(address,address,address,uint256,bool)"
SET_SENTINEL = "setPriceOracleSentinel(address)"
BALANCE = "balanceOf(address)"
SCALED_BALANCE = "scaledBalanceOf(address)"


def take(mirror: Mirror, call: Call) -> bool:
    """Liquidate on both sides and compare; true where both carried it out."""
    found = liquidate(mirror.position(), mirror.all_prices(), version=V3_0, call=call)
    purse = purse_of(mirror, call)
    states = {name: mirror.state(name) for name in written_reserves(call) if name in mirror.scaled}
    told = send(mirror, call)
    refused = isinstance(found, Refused)
    same = mirror.agree(f"{call}", told, str(found.reason) if refused else "done")
    mirror.tally.counts["liquidations refused" if refused else "liquidations"] += 1
    note(mirror, call, found=found)
    if isinstance(found, Refused) or not same:
        return False
    paid = {what: held - purse[what] for what, held in purse_of(mirror, call).items()}
    mirror.agree(f"amounts of {call}", paid, amounts(mirror, call, found=found))
    mirror.adopt(found.position)
    mirror.check_balances()
    user, pool = mirror.user, mirror.market.pool
    words = mirror.market.chain.read(pool, "getUserAccountData(address)", user)
    mirror.agree("health after", words[5], found.after.health_wad)
    for name, (state, written) in states.items():
        check_reserve(mirror, name, state=state, written=written, call=call)
    return True


def send(mirror: Mirror, call: Call) -> str:
    """What the real pool does: "done", or the twin's word for the reason of its refusal."""
    market, tokens = mirror.market, mirror.market.tokens
    who = liquidator_of(mirror, call)
    pair = (tokens[call.collateral].asset, tokens[call.debt].asset)
    if call.sentinel_holds:
        market.admin(market.provider, SET_SENTINEL, market.sentinel)
    what = (LIQUIDATION_CALL, *pair, mirror.user, call.debt_to_cover, call.receives_supply)
    try:
        market.chain.send(who, market.pool, *what)
        told = "done"
    except RevertedError as refusal:
        told = verdict(str(refusal))
    if call.sentinel_holds:
        market.admin(market.provider, SET_SENTINEL, ZERO)
    return told


def liquidator_of(mirror: Mirror, call: Call) -> str:
    return mirror.user if call.by_borrower else LIQUIDATOR


def purse_of(mirror: Mirror, call: Call) -> dict[str, int]:
    """What the liquidator and the treasury hold of the assets of a call."""
    read, tokens = mirror.market.chain.read_one, mirror.market.tokens
    who, supply = liquidator_of(mirror, call), tokens[call.collateral].supply
    cash = {name: read(tokens[name].asset, BALANCE, who) for name in {call.collateral, call.debt}}
    return cash | {
        "supply": 0 if call.by_borrower else read(supply, SCALED_BALANCE, who),
        "treasury": read(supply, SCALED_BALANCE, TREASURY),
    }


def amounts(mirror: Mirror, call: Call, *, found: Liquidation) -> dict[str, int]:
    """What the twin says that the purses gained."""
    gained = {call.collateral: 0, call.debt: 0, "supply": 0}
    index_ray = mirror.indices[call.collateral][0]
    gained[call.debt] -= found.seizure.debt_repaid
    to_liquidator = found.seizure.to_liquidator
    if not call.receives_supply:
        gained[call.collateral] += to_liquidator
    elif not call.by_borrower:
        gained["supply"] = supply_taken(to_liquidator, index_ray, version=V3_0)
    return gained | {"treasury": supply_taken(found.fee_paid, index_ray, version=V3_0)}


def written_reserves(call: Call) -> set[str]:
    """The reserves that a call accrues."""
    return {call.debt} if call.receives_supply else {call.collateral, call.debt}


def check_reserve(
    mirror: Mirror, name: str, *, state: ReserveState, written: int, call: Call
) -> None:
    """Treasury and rates of a reserve after a call."""
    chain, tokens = mirror.market.chain, mirror.market.tokens[name]
    accrued = accrue(state, chain.now - written, version=V3_0)
    after, _ = mirror.state(name)
    mirror.agree(f"treasury of {name}", after.scaled_treasury, accrued.scaled_treasury)
    if call.collateral == call.debt and not call.receives_supply:
        return  # The pool sets the rates of the one reserve before the repayment has arrived.
    cash = chain.read_one(tokens.asset, BALANCE, tokens.supply)
    debt = owed(after.scaled_debt, mirror.indices[name][1], version=V3_0)
    strategy = mirror.listings[name].strategy
    due = rates(strategy, debt, available_liquidity=cash, version=V3_0)
    told = (after.supply_rate_ray, after.borrow_rate_ray)
    mirror.agree(f"rates of {name}", told, (due.supply_rate_ray, due.borrow_rate_ray))
    mirror.tally.counts["rates of reserves"] += 2


def note(mirror: Mirror, call: Call, *, found: Liquidation | Refused) -> None:
    """Count the edges that were met."""
    counts = mirror.tally.counts
    if isinstance(found, Refused):
        counts[f"refused: {found.reason}"] += 1
        counts["health of exactly one"] += found.found == WAD
        return
    health_wad, taken = found.before.health_wad, found.seizure
    counts["seized as supply tokens"] += call.receives_supply
    counts["by the borrower himself"] += call.by_borrower
    counts["one asset on both sides"] += call.collateral == call.debt
    counts["in a category"] += mirror.category is not None
    counts["whole collateral seized"] += taken.binding is Binding.WHOLE_COLLATERAL
    counts["left without collateral in debt"] += (
        found.after.collateral_value == 0 < found.after.debt_value
    )
    counts["health of exactly 0.95"] += health_wad == CLOSE_FACTOR_HEALTH_WAD
    counts["health one digit below one"] += health_wad == WAD - 1
    counts["health one digit above 0.95"] += health_wad == CLOSE_FACTOR_HEALTH_WAD + 1
    counts["health within 1e-9 below one"] += WAD - health_wad <= 10**9
    counts["at most three units repaid"] += taken.debt_repaid <= 3
    counts["fees cut to what was left"] += found.fee_paid != taken.fee
