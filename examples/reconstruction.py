"""A loss rebuilt from published figures: a venue's former rules and the defaults, side by side.

Former rules are what the venue is reported to have had where Trimtab's default differs. Each of
them is changed alone to its default, and all of them together, to see which one moves the loss.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from case_files import BuiltCase
from scripted import LEFT_OPEN, Script, reckoned, scripted

from trimtab.adapters.files import load_case
from trimtab.apps.front import ReplayResult
from trimtab.simulation import ReplayRun
from trimtab.units import float_of

# Values are the text of TOML, by section and key.
Sections = Mapping[str, Mapping[str, str]]
FORMER, DEFAULT = "former", "default"
MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """One event: its venue, book, prices and script, and what is known of its loss.

    `venue` holds what has no default and what both rule sets share; `former` what differs from the
    defaults; `remedies` further rules that are tried on top of the former ones. The loss is that
    of the parties named in `victims`.
    """

    name: str
    title: str
    recorded: str
    victims: tuple[str, ...]
    attackers: frozenset[str]
    venue: Sections
    former: Sections
    remedies: Mapping[str, Sections]
    book: str
    prices: str
    script: Script
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run: the rules' name, who won and lost (million of the quote), and the run itself.

    `unbalanced_wad` is the sum of all parties, exact: 0 but for the dust of roundings.
    """

    rules: str
    parties: Mapping[str, float]
    loss: float
    unbalanced_wad: int
    run: ReplayRun

    @property
    def payers(self) -> Mapping[str, float]:
        """Who lost, largest first."""
        lost = {party: -value for party, value in self.parties.items() if value < -0.005}
        return dict(sorted(lost.items(), key=lambda item: -item[1]))

    @property
    def taken(self) -> float:
        """What the attackers have won."""
        return self.parties.get("attackers", 0.0)

    @property
    def open_interest(self) -> float:
        """The largest notional that stood open on one side of a market, at a row of prices."""
        columns = self.run.metrics.columns
        sides = [name for name in columns if name.startswith(("long_", "short_"))]
        return max((max(columns[name]) for name in sides), default=0.0) / MILLION

    @property
    def liquidated(self) -> float:
        """Notional that takers closed."""
        return float_of(self.run.tally.closed_wad, 18) / MILLION

    @property
    def deleveraged(self) -> float:
        """Notional that counterparties were cut by."""
        return float_of(self.run.tally.deleveraged_wad, 18) / MILLION


def merged(*parts: Sections) -> dict[str, dict[str, str]]:
    """Sections laid over one another, the last wins."""
    found: dict[str, dict[str, str]] = {}
    for part in parts:
        for section, keys in part.items():
            found.setdefault(section, {}).update(keys)
    return found


def without(sections: Sections, *, section: str, key: str) -> dict[str, dict[str, str]]:
    """Sections but for one key."""
    found = {name: dict(keys) for name, keys in sections.items()}
    del found[section][key]
    return found


def toml(sections: Sections) -> str:
    """The text of rules.toml."""
    lines = ["# Synthetic: rebuilt from published figures. See README.md.", ""]
    for section, keys in sections.items():
        lines += [f"[{section}]", *(f"{key} = {value}" for key, value in keys.items()), ""]
    return "\n".join(lines)


def rule_sets(found: Reconstruction) -> dict[str, Sections]:
    """The rule sets to run, by name: former, each rule alone at its default, all, remedies."""
    sets: dict[str, Sections] = {FORMER: merged(found.venue, found.former)}
    for section, keys in found.former.items():
        for key in keys:
            rest = without(found.former, section=section, key=key)
            name = key if section.startswith("markets.") else f"{section}.{key}"
            sets[f"`{name}` at its default"] = merged(found.venue, rest)
    sets[DEFAULT] = merged(found.venue)
    for name, remedy in found.remedies.items():
        sets[name] = merged(found.venue, found.former, remedy)
    return sets


def build(found: Reconstruction, out: Path) -> Path:
    """Write the case folder, with the default rules as rules.toml and the former ones beside."""
    files = {
        "rules.toml": toml(merged(found.venue)),
        "former.toml": toml(merged(found.venue, found.former)),
        "book.csv": found.book,
        "prices.csv": found.prices,
    }
    return BuiltCase(found.name, files, found.notes).write(out)


def outcome(found: Reconstruction, folder: Path, *, rules: str, sections: Sections) -> Outcome:
    """Run one rule set; the case's own rules file is put back afterwards."""
    path = folder / "rules.toml"
    kept = path.read_bytes()
    name = {"venue": {"name": f'"{found.name} {rules.partition(",")[0].strip("`")}"'}}
    path.write_text(toml(merged(sections, name)))
    try:
        case = load_case(folder)
    finally:
        path.write_bytes(kept)
    run = scripted(case, found.script)
    exact = reckoned(run, attackers=found.attackers)
    parties = {party: float_of(value, 18) / MILLION for party, value in exact.items()}
    lost = -sum(exact.get(party, 0) for party in (*found.victims, LEFT_OPEN))
    return Outcome(rules, parties, float_of(lost, 18) / MILLION, sum(exact.values()), run)


def save(found: Reconstruction, folder: Path, results: Sequence[Outcome]) -> None:
    """The report of the run under the former rules, beside the one under the defaults."""
    by_name = {result.rules: result for result in results}
    command = f"python examples/reconstructions.py --out examples/cases --only {found.name}"
    pages = [ReplayResult(by_name[name].run, command) for name in (FORMER, DEFAULT)]
    pages[0].save(folder / "report", others=pages[1:])


COLUMNS = ("rules", "loss", "who pays", "attackers win", "largest OI", "liquidated", "deleveraged")


def markdown(found: Reconstruction, results: Sequence[Outcome]) -> str:
    """The table of one event, million of the quote."""
    rows = [
        (
            result.rules,
            f"{round(result.loss, 2) + 0.0:,.2f}",
            told(result.payers),
            f"{result.taken:,.2f}",
            f"{result.open_interest:,.1f}",
            f"{result.liquidated:,.1f}",
            f"{result.deleveraged:,.1f}",
        )
        for result in results
    ]
    rule = ("---", "---:", "---", *["---:"] * 4)
    lines = ["| " + " | ".join(row) + " |" for row in (COLUMNS, rule, *rows)]
    return "\n".join([f"### {found.title}", "", f"Recorded: {found.recorded}.", "", *lines])


def told(payers: Mapping[str, float]) -> str:
    """Who pays what, for a reader."""
    return ", ".join(f"{party} {value:,.2f}" for party, value in payers.items()) or "nobody"


def priced(asset: str, points: Sequence[tuple[str, float]], *, digits: int) -> list[str]:
    """Rows of prices.csv."""
    return [f"{at},{asset},{price:.{digits}f}" for at, price in points]


def between(first: float, last: float, *, steps: int) -> list[float]:
    """Prices of equal ratio from one to another: the first is left out, the last is in."""
    return [first * (last / first) ** (number / steps) for number in range(1, steps + 1)]


def stamp(hour: int, minute: int, *, day: str) -> str:
    """A time of a day; minutes and hours may run over."""
    minute, hour = minute % 60, hour + minute // 60
    return f"{day}T{hour:02}:{minute:02}:00Z"


def at_steps(act: Callable[..., None], steps: Sequence[int]) -> Script:
    """The same act after several price rows."""
    return {number: partial(act, number=number) for number in steps}
