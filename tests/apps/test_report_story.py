"""What a report says in words, and the rows behind it: story, tiles, accounts, comparison."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from trimtab.apps.report.accounts import account_rows, share_of_rows, weightiest
from trimtab.apps.report.comparison import comparison_of, labels_of
from trimtab.apps.report.ends import Ends, ends_of
from trimtab.apps.report.ledger import fund_rows
from trimtab.apps.report.notes import left_rows, warnings_of
from trimtab.apps.report.prices import main_path, price_path, price_paths
from trimtab.apps.report.shown import plain_text
from trimtab.apps.report.story import paragraph_of, title_of, verdict_of
from trimtab.apps.report.tiles import tiles_of
from trimtab.model import AssetRules, BookRow, Case, FundRules, ReplayRules, Rules, Tick
from trimtab.simulation import ReplayRun, replay
from trimtab.units import NANOSECONDS, WAD

ETHER = AssetRules(
    "ETH",
    decimals=18,
    max_ltv_wad=80 * WAD // 100,
    liquidation_end_wad=83 * WAD // 100,
    liquidation_threshold_wad=83 * WAD // 100,
    liquidation_bonus_wad=5 * WAD // 100,
)


def run_of(
    prices: Sequence[int], *, insurance: int = 0, gas: int = 0, debts: Sequence[int] = (1500, 800)
) -> tuple[ReplayRun, Ends]:
    """Accounts with ten ether each and these debts, one price a minute."""
    rules = Rules(
        "story",
        "USD",
        {"ETH": ETHER, "USD": AssetRules("USD", decimals=18)},
        {},
        insurance=FundRules(insurance * WAD),
    )
    book = []
    for number, debt in enumerate(debts):
        book.append(BookRow(f"account-{number}", "ETH", 10 * WAD))
        book.append(BookRow(f"account-{number}", "USD", -debt * WAD))
    ticks = [Tick(60 * NANOSECONDS * n, (("ETH", p * WAD),)) for n, p in enumerate(prices)]
    policy = ReplayRules(gas_cost_wad=gas * WAD)
    run = replay(Case("story", rules, tuple(book), tuple(ticks), policy))
    return run, ends_of(run)


def told(run: ReplayRun, ends: Ends) -> str:
    return plain_text(paragraph_of(run, ends))


@pytest.mark.parametrize(
    ("prices", "insurance", "gas", "tone", "title"),
    [
        ([200, 201], 0, 0, "good", "No liquidation, no loss"),
        ([200, 175], 0, 0, "good", "1 liquidation, no loss"),
        ([200, 175], 0, 10**6, "warn", "No liquidation, no loss"),
        ([200, 120], 10**6, 0, "warn", "1 liquidation, 312 USD of bad debt"),
        ([200, 120], 0, 0, "bad", "1 liquidation, 312 USD of bad debt"),
    ],
)
def test_the_verdict_goes_by_who_paid(
    prices: list[int], insurance: int, gas: int, *, tone: str, title: str
) -> None:
    run, ends = run_of(prices, insurance=insurance, gas=gas)
    assert verdict_of(run).tone == tone
    assert title_of(run).replace("\u00a0", " ") == title
    assert [tile.tone for tile in tiles_of(run, ends)][-1] == "good"


def test_lost_cash_is_said_before_everything_else() -> None:
    run, _ = run_of([200, 201])
    broken = replace(run, conserved=False)
    assert verdict_of(broken).text.startswith("Cash is not conserved")
    assert "is NOT the sum of its flows" in told(broken, ends_of(broken))


def test_the_paragraph_adds_up() -> None:
    """At 120 the collateral is worth 1,200; at the least bonus of 1 % it repays 1,188 of 1,500."""
    run, ends = run_of([200, 120], insurance=100)
    words = told(run, ends)
    assert "2 accounts held 4,000 USD of collateral against 2,300 USD of debt" in words
    assert "ETH fell by 40.0 % to 120.00 USD on 1 January 1970, 00:01 UTC" in words
    assert "1 account left bad debt of 312 USD (13.6 % of the opening debt)" in words
    assert "the insurance fund paid 100 USD and suppliers and holders bear 212 USD" in words
    assert words.endswith("No account is unsafe at the end.")


def test_a_rise_is_told_as_a_rise() -> None:
    run, ends = run_of([200, 300, 290])
    assert "ETH rose by 50.0 % to 300.00 USD" in told(run, ends)


def test_the_accounts_that_mattered_come_by_weight() -> None:
    run, ends = run_of([200, 120, 90], debts=(800, 1500, 900, 10))
    assert weightiest(run) == ["account-1", "account-2", "account-0"]
    rows = account_rows(run, ends)
    assert [row.name for row in rows] == weightiest(run)
    assert plain_text([rows[0].fate]) == (
        "bankrupt after 1 liquidation; the loss fell on suppliers and holders"
    )
    assert "made safe by 1 liquidation; still owes" in plain_text([rows[2].fate])
    assert rows[0].health_after.text == "no debt"
    assert share_of_rows(run).text.startswith("100")


def test_unsafe_accounts_are_listed_with_what_a_keeper_would_gain() -> None:
    run, ends = run_of([200, 175], gas=10**6)
    (row,) = left_rows(ends)
    assert row.name == "account-0"
    assert row.debt.text == "1,500"
    assert "does not pay" in row.cause
    words = plain_text(warnings_of(run, ends))
    assert "1 unsafe account with 1,500 USD of debt is too small to pay a keeper" in words
    assert "costs 1.00 million USD of gas" in words


def test_funds_have_what_they_had_less_what_they_paid() -> None:
    run, ends = run_of([200, 120], insurance=10_000)
    insurance, backstop = fund_rows(run, ends)
    assert (insurance.start.text, insurance.paid.text) == ("10,000", "312")
    assert insurance.end.text == "9,688"
    assert backstop.start.text == backstop.paid.text == backstop.end.text == "0"


def test_prices_are_summed_up_by_their_extremes() -> None:
    path = price_path("X", [2.0, 1.0, 4.0, 3.0])
    assert (path.low_at, path.high_at) == (1, 2)
    assert (path.fall, path.rise, path.change) == (-0.5, 1.0, 0.5)
    assert price_path("X", [0.0, 0.0]).fall == 0.0
    assert price_path("X", [1.0, 1.01]).steady
    run, _ = run_of([200, 100])
    assert main_path(run).asset == "ETH"
    assert [one.asset for one in price_paths(run)] == ["ETH", "USD"]


def test_runs_are_compared_by_their_bad_debt() -> None:
    (run, ends), (insured, _) = run_of([200, 120]), run_of([200, 120], insurance=10**6)
    assert labels_of([run, insured]) == ["story (1)", "story (2)"]
    found = comparison_of([run, insured], ends)
    assert plain_text([found.words]) == "The rules differ, and the bad debt does not."
    (line,) = found.rules
    assert (line.key, line.values[1]) == ("insurance.balance", "1,000,000\u00a0USD")
    paid = {line.name: [value.text for value in line.values] for line in found.lines}
    assert paid["Paid: insurance fund"] == ["0", "312"]
    assert paid["Paid: socialized"] == ["312", "0"]
    assert "Paid: deleveraging" not in paid
