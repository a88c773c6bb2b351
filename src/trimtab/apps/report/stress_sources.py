"""What a stress report says of keepers, of its assumptions, and of what was learnt from data."""

from trimtab.apps.report.shown import (
    NARROW,
    NO_BREAK,
    Sentence,
    Shown,
    counted,
    duration,
    printable,
    sentence,
)
from trimtab.apps.report.stress_rows import cell, money
from trimtab.apps.stressing.answer import StressAnswer
from trimtab.apps.stressing.one_path import PathAnswer
from trimtab.kernels.clearing.terms import NO_LIMIT
from trimtab.kernels.impact import ImpactKind
from trimtab.simulation.paths import PathGrid
from trimtab.simulation.stress import StressQuestion, terms_of
from trimtab.units import NANOSECONDS

KIND_WORDS = {
    ImpactKind.NONE: "takes any quantity at the path's price",
    ImpactKind.LINEAR: "linear impact",
    ImpactKind.SQUARE_ROOT: "square-root impact",
    ImpactKind.CONSTANT_PRODUCT: "constant-product pool",
    ImpactKind.TABLE: "a table of depth",
}


def assumptions(answer: StressAnswer) -> list[tuple[str, list[str]]]:
    """What was assumed of prices, markets, oracle, keepers: each with its lines."""
    question, facts = answer.result.question, answer.result.facts
    process = question.process
    prices = [
        "prices stand still but for the shock"
        if process.kind is None and process.model is None
        else f"{process.kind or 'a given process'}, learnt from the case's history"
    ]
    if process.shock:
        prices.append(f"shock on top: {process.shock}")
    if process.correlation_share:
        prices.append(f"correlations {process.correlation_share:.0%} of the way to one")
    step = duration(round(facts.step_seconds * NANOSECONDS))
    prices.append(f"{facts.steps:,} steps of {step}; {question.sampling.kind} sampling")
    grid = PathGrid(facts.assets, facts.first_prices, facts.steps, facts.step_seconds)
    return [("prices", prices), *_terms(question, grid)]


def _terms(question: StressQuestion, grid: PathGrid) -> list[tuple[str, list[str]]]:
    terms = terms_of(question, grid)
    markets = [
        f"{printable(asset)}: {KIND_WORDS[ImpactKind(int(kind))]}"
        for asset, kind in zip(grid.assets, terms.market.kind, strict=True)
    ]
    heard = "accounts are marked at prices after sales"
    markets.append(
        heard if terms.market.feedback else "sales do not move what accounts are marked at"
    )
    oracle = ["reports the market price at every step"]
    if not terms.oracle.is_market:
        oracle = [
            f"{printable(asset)}: publishes moves of {100 * float(moved):.4g}{NARROW}% or more, "
            f"reported {_steps(int(late))} later"
            for asset, moved, late in zip(
                grid.assets, terms.oracle.deviation, terms.oracle.delay_steps, strict=True
            )
        ]
    keepers = terms.keepers
    quote = question.case.rules.quote
    capital = "no limit of capital"
    if keepers.capital != float("inf"):
        capital = f"at most {money(keepers.capital, quote).text} a step"
    landing = "any number lands in a step"
    if keepers.per_step < NO_LIMIT:
        landing = f"at most {keepers.per_step:,} land in a step"
    acts = [
        f"{question.engine} engine; gas {money(keepers.gas, quote).text} a liquidation, "
        f"least profit {money(keepers.min_profit, quote).text}",
        f"{capital}; {landing}; {100 * keepers.failure:.4g}{NARROW}% fail to land; "
        f"{_steps(int(keepers.delay_steps))} of delay",
    ]
    return [("markets", markets), ("oracle", oracle), ("keepers", acts)]


def path_words(answer: PathAnswer) -> list[Sentence]:
    """What a report of one path says before its warnings: of which run it is, and on what terms."""
    question, ready = answer.ready.question, answer.ready
    told = [
        sentence(
            "This is path {} of a stress run of {} with seed {}, by the exact engine.",
            *(f"{answer.path:,}", counted(question.paths, "path"), str(question.seed)),
        )
    ]
    for name, (one, exact) in answer.apart.items():
        words = "The run counts {} for {} of this path, the exact engine {}."
        told.append(sentence(words, f"{one:,.6g}", name.replace("_", " "), f"{exact:,.6g}"))
    for name, lines in _terms(question, ready.grid):
        told.append(sentence("{}: {}.", name.capitalize(), "; ".join(lines)))
    return [*told, *(sentence("{}.", printable(note)) for note in answer.notes)]


def _steps(number: int) -> str:
    return f"{number:,} step" if number == 1 else f"{number:,} steps"


def keeper_rows(answer: StressAnswer) -> list[tuple[str, Shown, Shown]]:
    """What keepers do and earn: mean over paths, and the largest on any."""
    columns, design = answer.result.outcomes.columns, answer.result.design
    rows = []
    for name, words, is_number in (
        ("liquidations", "liquidations, number", True),
        ("liquidated", "debt repaid", False),
        ("seized", "collateral taken", False),
        ("bonus", "bonus at oracle prices", False),
        ("gas", "gas paid", False),
        ("keeper_profit", "profit at market prices, after gas", False),
    ):
        column = columns[name]
        mean = float((column * design.weights).sum() / len(column))
        most = float(column.max())
        shown = _number if is_number else cell
        rows.append((words, shown(mean), shown(most)))
    return rows


def _number(value: float) -> Shown:
    return Shown(f"{value:,.1f}".removesuffix(".0"), repr(value))


def fit_rows(answer: StressAnswer) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """What was learnt: the model, from how much, and its parameters and moments."""
    rows = []
    for fit in answer.result.fits:
        told = [(name, _numbers(values)) for name, values in fit.parameters.items()]
        for name, values in fit.data_moments.items():
            beside = fit.model_moments.get(name)
            words = _numbers(values) + (f" · model {_numbers(beside)}" if beside else "")
            told.append((f"{name}, data", words))
        if fit.log_likelihood is not None:
            told.append(("log likelihood", f"{fit.log_likelihood:,.1f}"))
        rows.append((fit.model, f"{fit.observations:,}{NO_BREAK}steps", told))
    return rows


def _numbers(values: tuple[float, ...]) -> str:
    shown = [f"{value:.4g}" for value in values[:8]]
    return ", ".join(shown) + (" …" if len(values) > 8 else "")
