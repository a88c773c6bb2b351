"""Breaker levels, the table of what each forbids, and what trips them.

Level 0: open. 1: no action that increases risk. 2: also no new liquidation, auction start or
reset. 3: also no auction fill. Deposits, repayments, prices, accrual and withdrawals by accounts
without risk stay allowed at every level. The operator's level and those that rules tripped stand
beside each other; the highest is in force.
"""

from dataclasses import replace

from trimtab.engine.draft import Draft
from trimtab.engine.refusal import require
from trimtab.engine.scales import EXACT_PER_WAD
from trimtab.model import EventKind, Reason, Trip
from trimtab.model.commands import Pause, Resume
from trimtab.units import NANOSECONDS, WAD, div_down, mul_div_down

HIGHEST_LEVEL = 3


def level_in_force(draft: Draft) -> int:
    """The operator's level, or the highest that a rule tripped and that has not reset yet."""
    venue = draft.venue
    tripped = (trip.level for trip in venue.trips.values() if trip.until_s > draft.now_s)
    return max(venue.breaker_level, *tripped, 0)


def require_open(draft: Draft, forbidden_from: int) -> None:
    """Refuse an action that is forbidden from some breaker level on."""
    level = level_in_force(draft)
    require(level < forbidden_from, Reason.PAUSED, level=level, forbidden_from=forbidden_from)


def pause(draft: Draft, command: Pause) -> None:
    """Raise the level; a pause never lowers it."""
    level = draft.venue.breaker_level
    rises = level < command.level <= HIGHEST_LEVEL
    require(rises, Reason.RULE_OUT_OF_BOUNDS, level=level, asked=command.level)
    draft.put_venue(replace(draft.venue, breaker_level=command.level))
    draft.tell(EventKind.PAUSE, quantity=command.level, reason=command.reason)


def resume(draft: Draft, command: Resume) -> None:
    """Lower the operator's level; what a rule tripped resets by its rule."""
    level = draft.venue.breaker_level
    falls = 0 <= command.level < level
    require(falls, Reason.RULE_OUT_OF_BOUNDS, level=level, asked=command.level)
    draft.put_venue(replace(draft.venue, breaker_level=command.level))
    draft.tell(EventKind.RESUME, quantity=command.level, reason=command.reason)


def trip(draft: Draft, cause: str, *, level: int) -> None:
    """Trip a level by rule, or renew it; it resets after `breakers.hold`."""
    venue = draft.venue
    until = draft.now_s + draft.rules.breakers.hold_seconds
    running = venue.trips.get(cause)
    draft.put_venue(replace(venue, trips={**venue.trips, cause: Trip(level, until)}))
    if running is None:
        draft.tell(EventKind.PAUSE, quantity=level, reason=cause)


def watch(draft: Draft, *, last_ns: int) -> None:
    """At the start of a command: reset what is over, and notice that the venue was down.

    `last_ns` is the time of the last accepted command; a silence of more than `outage_blocks`
    is an outage.
    """
    venue, rules = draft.venue, draft.rules.breakers
    for cause, running in sorted(venue.trips.items()):
        if running.until_s <= draft.now_s:
            rest = {name: other for name, other in draft.venue.trips.items() if name != cause}
            draft.put_venue(replace(draft.venue, trips=rest))
            draft.tell(EventKind.RESUME, reason=cause)
    if rules.outage_blocks is None:
        return
    silence = draft.now_ns - last_ns
    if silence > rules.outage_blocks * rules.block_seconds * NANOSECONDS:
        trip(draft, "outage", level=rules.outage_level)


def watch_return(draft: Draft, asset: str, *, last_wad: int, price_wad: int) -> None:
    """Book a return into the asset's moving variance, and trip on one beyond k sigma.

    The return and the moving variance are those from one accepted price to the next. A first
    return has no sigma to be measured by and trips nothing.
    """
    rules = draft.rules.breakers
    if rules.volatility_sigmas_wad is None:
        return
    state = draft.oracle_state(asset)
    move = mul_div_down(abs(price_wad - last_wad), WAD, last_wad)
    square = mul_div_down(move, move, WAD)
    bound = mul_div_down(
        mul_div_down(rules.volatility_sigmas_wad, rules.volatility_sigmas_wad, WAD),
        state.variance_wad,
        WAD,
    )
    if state.variance_wad and square > bound and move >= rules.volatility_floor_wad:
        trip(draft, "volatility", level=rules.volatility_level)
    kept = mul_div_down(state.variance_wad, rules.volatility_decay_wad, WAD)
    added = mul_div_down(square, WAD - rules.volatility_decay_wad, WAD)
    draft.put_oracle(replace(state, variance_wad=max(1, kept + added)))


def watch_fund(draft: Draft, *, before: int, after: int) -> None:
    """Trip when the insurance fund has lost a share of the highest capital it ever had.

    Its exact value (1e-54) before and after a payment; a market's own ring is not watched.
    """
    rules, venue = draft.rules.breakers, draft.venue
    if rules.fund_loss_wad is None or after == before:
        return
    before_wad, after_wad = div_down(before, EXACT_PER_WAD), div_down(after, EXACT_PER_WAD)
    peak = max(venue.fund_peak_wad, before_wad)
    draft.put_venue(replace(venue, fund_peak_wad=peak))
    if (peak - after_wad) * WAD >= peak * rules.fund_loss_wad and peak:
        trip(draft, "fund_loss", level=rules.loss_level)
