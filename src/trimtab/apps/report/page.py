"""The page: what the other modules found, put into one template."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from trimtab.apps.report.accounts import account_rows, share_of_rows
from trimtab.apps.report.bars import (
    PAYER_NAMES,
    bucket_names,
    distance_bars,
    health_bars,
    waterfalls,
)
from trimtab.apps.report.comparison import comparison_of, labels_of
from trimtab.apps.report.ends import Ends, ends_of
from trimtab.apps.report.figures import heat_of, pictures
from trimtab.apps.report.ledger import cash_rows, fund_rows, loss_rows, pool_rows
from trimtab.apps.report.left_out import left_out_words
from trimtab.apps.report.loss_prices import LossPair, loss_pair
from trimtab.apps.report.markets import market_pictures, market_rows
from trimtab.apps.report.notes import left_rows, warnings_of
from trimtab.apps.report.prices import price_rows
from trimtab.apps.report.rule_words import (
    asset_cells,
    asset_heads,
    fund_words,
    keeper_words,
    liquidation_words,
)
from trimtab.apps.report.shown import (
    Sentence,
    Shown,
    counted,
    duration,
    moment,
    plain_text,
    ratio,
    sentence,
    years,
)
from trimtab.apps.report.story import owed_words, paragraph_of, title_of, verdict_of
from trimtab.apps.report.tiles import tiles_of
from trimtab.apps.summaries import replay_summary
from trimtab.model import Payer
from trimtab.simulation import AT_RISK_HEALTH, HEALTH_EDGES, ReplayRun

if TYPE_CHECKING:
    from jinja2 import Template


def replay_report(
    run: ReplayRun,
    *,
    command: str,
    others: Sequence[ReplayRun] = (),
    notes: Sequence[Sentence] = (),
    instead: Mapping[str, Any] | None = None,
) -> str:
    """One self-contained HTML page about a replay; the same run gives the same bytes.

    Arguments:
        command: what the reader types to get this report again.
        others: the same book and prices under other rules, shown side by side.
        notes: what else the reader has to know, before the warnings drawn from the run.
        instead: what stands in the place of a replay's own words, by their names in the template:
            of a path that was drawn, whose prices are not history.

    Returns:
        HTML text without scripts and without any address that a browser would fetch.
    """
    ends, pair = ends_of(run), loss_pair(run)
    context = {
        **_head(run, ends, command=command, pair=pair),
        **_pictures(run, ends, pair=pair),
        **_losses(run, ends, others=others),
        **_accounts(run, ends),
        **_rules(run),
        **_origin(run),
    }
    context["warnings"] = [*notes, *warnings_of(run, ends)]
    context.update(instead or {})
    return template_of("report.html.j2").render(context)


def template_of(name: str) -> "Template":
    """A page's template; what it imports lies beside it."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(resource),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["is_shown"] = lambda part: isinstance(part, Shown)
    return environment.get_template(name)


def resource(name: str) -> str:
    """The text of a file of this package."""
    return files("trimtab.apps.report").joinpath(name).read_text(encoding="utf-8")


def _head(run: ReplayRun, ends: Ends, *, command: str, pair: LossPair | None) -> Mapping[str, Any]:
    paragraph = paragraph_of(run, ends, pair=pair)
    rules = run.case.rules
    return {
        "css": resource("report.css"),
        "venue": rules.venue,
        "quote": rules.quote,
        "command": command,
        "kind": "replay report",
        "drawn": "",
        "title": title_of(run),
        "period": _period(run),
        "verdict": verdict_of(run),
        "paragraph": paragraph,
        "description": plain_text(paragraph),
        "tiles": tiles_of(run, ends),
    }


def _period(run: ReplayRun) -> Sentence:
    at_ns = run.metrics.at_ns
    if len(at_ns) == 1:
        return sentence("{}, one price step", moment(at_ns[0]))
    gaps = sorted(after - before for before, after in pairwise(at_ns))
    return sentence(
        "{} to {}: {} of {}{}",
        *(moment(at_ns[0]), moment(at_ns[-1]), counted(len(at_ns), "price step")),
        "" if gaps[0] == gaps[-1] else "mostly ",
        duration(gaps[len(gaps) // 2]),
    )


def _pictures(run: ReplayRun, ends: Ends, *, pair: LossPair | None) -> Mapping[str, Any]:
    markets, grid = market_pictures(run), heat_of(run)
    return {
        "asset": run.metrics.asset,
        "pictures": pictures(run, grid=grid, pair=pair) | {one.name: one for one in markets},
        "market_names": [one.name for one in markets if one.name.startswith("market")],
        "market_rows": market_rows(run),
        "owed": owed_words(run),
        "price_rows": price_rows(run),
        "pair": pair,
        "left_out": left_out_words(run, ends, grid=grid) if grid is not None else (),
        "buckets": bucket_names(HEALTH_EDGES),
        "at_risk": AT_RISK_HEALTH,
        "health_rows": health_bars(ends),
        "distance_rows": distance_bars(run.metrics.samples),
        "has_debt": ends.debt_wad > 0,
    }


def _losses(run: ReplayRun, ends: Ends, *, others: Sequence[ReplayRun]) -> Mapping[str, Any]:
    runs = [run, *others]
    named = list(zip(labels_of(runs), runs, strict=True))
    return {
        "comparison": comparison_of(runs, ends) if others else None,
        "waterfalls": waterfalls(named),
        "payers": [PAYER_NAMES[payer] for payer in Payer],
        "loss_rows": loss_rows(run),
        "funds": fund_rows(run, ends),
    }


def _accounts(run: ReplayRun, ends: Ends) -> Mapping[str, Any]:
    return {
        "accounts": account_rows(run, ends),
        "years": years(run.metrics.at_ns[0], run.metrics.at_ns[-1]),
        "accounts_share": share_of_rows(run),
        "left_rows": left_rows(ends),
        "left_number": len(ends.left),
        "cash": cash_rows(run, ends),
        "pools": pool_rows(run),
        "conserved": run.conserved,
    }


def _rules(run: ReplayRun) -> Mapping[str, Any]:
    rules = run.case.rules
    return {
        "asset_heads": asset_heads(),
        "assets": {name: asset_cells(asset) for name, asset in rules.assets.items()},
        "categories": [
            (one.name, ", ".join(one.assets), str(ratio(one.liquidation_threshold_wad)))
            for one in rules.categories.values()
        ],
        "liquidation_words": liquidation_words(run.case),
        "keeper_words": keeper_words(run.case),
        "fund_words": fund_words(run.case),
    }


def _origin(run: ReplayRun) -> Mapping[str, Any]:
    summary = replay_summary(run)
    nested = ("versions", "inputs")
    return {
        "summary": {key: value for key, value in summary.items() if key not in nested},
        "versions": summary["versions"],
        "inputs": summary["inputs"],
        "state_hash": run.state_hash,
        "seed": run.seed,
        "steps": len(run.metrics.at_ns),
    }
