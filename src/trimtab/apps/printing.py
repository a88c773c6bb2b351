"""What the verbs print on a terminal: accounts, positions, changes, and replays side by side."""

from collections.abc import Sequence
from typing import Any

from trimtab.apps import console, front, summaries
from trimtab.apps.console import say
from trimtab.apps.health_shock import Aftermath
from trimtab.apps.rounding import fall_text, health_text
from trimtab.model import Explanation, account_key
from trimtab.units import Time, mul_div_half_up

WAD = summaries.WAD_DECIMALS
NAMES_SHOWN = 5
DISTANCE_WORDS = (
    "distance %: how far all that an account holds may fall while what it owes keeps its price"
)
RISE_WORDS = "; with +, how far what it is short of may rise"
MARKET_LINES = (
    *("position_liquidations", "closed_value", "deleveragings", "deleveraged_value"),
    *("prices_refused", "breaker_trips"),
)
POSITION_NUMBERS = (
    *("notional", "unrealized_pnl", "entry_price", "mark_price"),
    *("liquidation_price", "bankruptcy_price"),
)
SUMMARY_LINES = (
    ("accounts", "accounts"),
    ("price steps", "steps"),
    ("liquidations", "liquidations"),
    ("debt repaid", "repaid_value"),
    ("collateral seized", "seized_value"),
    ("bonus to liquidators", "bonus_value"),
    ("fees to the fund", "fee_value"),
    ("positions closed", "position_liquidations"),
    ("notional closed", "closed_value"),
    ("cuts of counterparties", "deleveragings"),
    ("notional cut", "deleveraged_value"),
    ("taken by the backstop", "backstop_transfers"),
    ("prices refused", "prices_refused"),
    ("breaker trips", "breaker_trips"),
    ("bad debt", "bad_debt_value"),
    ("  paid by own margin", "own_margin_value"),
    ("  paid by penalties", "penalty_value"),
    ("  paid by insurance", "insurance_value"),
    ("  paid by the backstop", "backstop_value"),
    ("  paid by deleveraging", "adl_value"),
    ("  socialized", "socialized_value"),
    ("unsafe at the end", "unsafe_at_end"),
    ("debt of those", "unsafe_debt_value"),
    ("state hash", "state_hash"),
)


def name_of(account: Explanation) -> str:
    """An account's name in tables: with its group, where it is one."""
    return account_key(account.account, account.group)


def shown(value_wad: int | None, places: int) -> str:
    """A wad for people: rounded to some places, thousands apart; a dash for None."""
    if value_wad is None:
        return "-"
    scaled = mul_div_half_up(abs(value_wad), 10**places, 10**WAD)
    whole, part = divmod(scaled, 10**places)
    sign = "-" if value_wad < 0 < scaled else ""
    return f"{sign}{whole:,}" + (f".{part:0{places}d}" if places else "")


def print_health(result: front.HealthResult, chosen: Sequence[Explanation]) -> None:
    """Print the accounts chosen, their positions, and what other rules would change."""
    found, totals = result.standing, summaries.health_totals(result.standing)
    quote = found.case.rules.quote
    rows = [
        [
            name_of(account),
            account.binding,
            "-" if account.health_wad is None else health_text(account.health_wad),
            shown(account.collateral_wad, 2),
            shown(account.debt_wad, 2),
            shown(account.equity_wad, 2),
            shown(account.leverage_wad, 2),
            distance_of(account),
            prices_of(account),
        ]
        for account in chosen
    ]
    columns = ["account", "binding", "health", f"collateral {quote}", f"debt {quote}"]
    columns += [f"equity {quote}", "leverage", "distance %", "liquidation prices"]
    title = f"{found.case.rules.venue}, {Time(found.as_of_ns).text()}"
    if result.shock is not None:
        moves = (
            f"{one.asset} {shown(one.before_wad, 4)} -> {shown(one.after_wad, 4)}"
            for one in result.shock.moves
        )
        title += f", after a shock: {', '.join(moves) or 'no price moves'}"
    optional = ("leverage", f"equity {quote}", "liquidation prices", f"collateral {quote}")
    console.print_table(title, columns, rows=rows, left=2, optional=optional)
    if found.case.rules.markets:
        _print_positions(result, chosen)
    if result.changes is not None:
        _print_changes(result, quote)
    if result.shock is not None:
        say(_newly_liquidatable(result.shock))
        if result.shock.note:
            say(f"note: {result.shock.note}")
    say(
        f"{totals['accounts']} accounts, {totals['liquidatable']} liquidatable"
        f" ({len(chosen)} shown); {quote}: collateral {money(totals['collateral'])},"
        f" debt {money(totals['debt'])}, shortfall {money(totals['shortfall'])}"
    )
    if any(account.debt_wad or account.positions for account in chosen):
        say(DISTANCE_WORDS + (RISE_WORDS if found.case.rules.markets else ""))


def _newly_liquidatable(found: Aftermath) -> str:
    """Whom a shock makes liquidatable, in one line."""
    names, before = found.newly_liquidatable, found.liquidatable_before
    listed = ", ".join(names[:NAMES_SHOWN])
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    who = f": {listed}{more}" if names else ""
    return f"the shock makes {len(names)} liquidatable beside {before} before it{who}"


def nearest_wad(account: Explanation) -> int:
    """Fraction that prices may fall, or that they may rise, where that is nearer."""
    rise = account.distance_up_wad
    return account.distance_wad if rise is None else min(rise, account.distance_wad)


def distance_of(account: Explanation) -> str:
    """Percent that prices may fall; with a plus sign what they may rise, where that is nearer.

    Rounded down, as in the report.
    """
    if not (account.debt_wad or account.positions):
        return "-"
    rise, fall = account.distance_up_wad, account.distance_wad
    # A fall of everything never comes: it is what an account has that no fall reaches.
    if rise is not None and (rise < fall or fall >= 10**WAD):
        return f"+{fall_text(rise)}"
    return fall_text(fall)


def _print_positions(result: front.HealthResult, chosen: Sequence[Explanation]) -> None:
    """The positions of the accounts shown."""
    quote = result.standing.case.rules.quote
    rows = []
    for account in chosen:
        for held in summaries.position_documents(result.standing, account):
            rank = "-" if held["adl_rank"] is None else f"{held['adl_rank']}/{held['adl_among']}"
            numbers = [held[name] for name in POSITION_NUMBERS]
            cells = ["-" if number is None else money(number) for number in numbers]
            rows.append([name_of(account), held["market"], held["size"], *cells, rank])
    if not rows:
        return
    columns = ["account", "market", "size", f"notional {quote}", f"pnl {quote}"]
    columns += ["entry", "mark", "liquidation", "bankruptcy", "adl rank"]
    optional = ("entry", "bankruptcy", "mark")
    console.print_table("positions", columns, rows=rows, left=2, optional=optional)


def money(text: str) -> str:
    """Exact decimal text for people, two decimals."""
    sign = -1 if text.startswith("-") else 1
    whole, _, part = text.removeprefix("-").partition(".")
    return shown(sign * int(whole + part.ljust(WAD, "0")), 2)


def prices_of(account: Explanation) -> str:
    """The liquidation prices of an account, at most three."""
    prices = sorted(account.liquidation_price_wad.items())
    signs = {"above": ">", "below": "<"}
    text = ", ".join(
        f"{asset} {signs[account.liquidation_side[asset]]} {shown(price, 4)}"
        for asset, price in prices[:3]
    )
    return text + (f" and {len(prices) - 3} more" if len(prices) > 3 else "")


def _print_changes(result: front.HealthResult, quote: str) -> None:
    changes = result.changes or ()
    rows = [
        [change.account, shown(change.debt_wad, 2), shown(change.missing_wad, 2)]
        for change in changes[:20]
    ]
    who = "1 account becomes" if len(changes) == 1 else f"{len(changes)} accounts become"
    title = f"{who} liquidatable under the other rules"
    console.print_table(title, ["account", f"debt {quote}", f"missing {quote}"], rows=rows)


def print_replays(results: Sequence[front.ReplayResult]) -> None:
    """Print replays side by side."""
    documents = [result.to_json() for result in results]
    rows = []
    for label, key in SUMMARY_LINES:
        cells = [cell_of(document[key], key) for document in documents]
        # What venues without markets never have is not worth a line of theirs.
        if key not in MARKET_LINES or any(cell not in ("0", "0.00") for cell in cells):
            rows.append([label, *cells])
    quote = documents[0]["quote"]
    title = f"replay {documents[0]['from']} to {documents[0]['to']}, values in {quote}"
    console.print_table(title, ["", *(document["venue"] for document in documents)], rows=rows)
    for document in documents:
        kept = "conserved to the last unit" if document["conserved"] else "NOT CONSERVED"
        say(f"{document['venue']}: every asset {kept}; seed {document['seed']}")


def cell_of(value: Any, key: str) -> str:
    """One figure of a replay for people."""
    if key == "state_hash":
        return str(value)[:16]
    return money(value) if key.endswith("_value") else f"{value:,}"
