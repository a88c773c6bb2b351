"""A loan takes no more out from under a position than a withdrawal would."""

from tests.engine.markets import DOLLAR, cash, held, opened, perp, rules_with
from tests.engine.venues import START_NS
from trimtab.engine import Draft, explain, step
from trimtab.model import Accepted, Reason, Rejected, commands
from trimtab.model.settings import PERCENT


def test_a_loan_leaves_the_share_of_the_notional_that_a_withdrawal_must_leave() -> None:
    """3,000 dollars under 10 ETH at 2,000: 10 % of 20,000 stays, although 2 % would carry it."""
    market = perp(initial_margin_wad=2 * PERCENT, maintenance_margin_wad=PERCENT)
    store = opened(rules_with(market), cash("anna", 3_000), held("anna", 10), cash("bob", 9_000))
    found = explain(Draft(store, START_NS).account("anna"), Draft(store, START_NS))
    assert found.withdrawable["USD"] == found.borrowable["USD"] == 1_000 * DOLLAR
    for kind in (commands.Withdraw, commands.Borrow):
        assert isinstance(step(store, kind(START_NS, "anna", "USD", 1_000 * DOLLAR)), Accepted)
        refused = step(store, kind(START_NS, "anna", "USD", 1_000 * DOLLAR + 1))
        assert isinstance(refused, Rejected)
        assert refused.reason is Reason.WITHDRAWAL_MARGIN
