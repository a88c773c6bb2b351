"""Terms of some assets as terms of all that have a path: the others trade and report freely."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from trimtab.kernels.clearing.terms import OracleTerms, oracle_terms
from trimtab.kernels.impact import ImpactKind, ImpactTerms, without_impact
from trimtab.units import UsageError

_MARKET_COLUMNS = (
    *("kind", "first", "fee", "permanent_share", "recovery_seconds"),
    *("thinning", "depth_least", "sigma_ref"),
)
_ORACLE_COLUMNS = (
    *("deviation", "heartbeat_steps", "delay_steps", "outage_from", "outage_to"),
    *("lie_factor", "lie_from", "lie_to"),
)


def market_of(terms: ImpactTerms | None, assets: Sequence[str]) -> ImpactTerms:
    """Return impact of the assets in their order; those without terms take any quantity.

    Raises:
        UsageError: impact on an asset that has no path.
    """
    free = without_impact(assets)
    if terms is None:
        return free
    impacted = (
        name for name, kind in zip(terms.assets, terms.kind, strict=True) if kind != ImpactKind.NONE
    )
    _require_known("market", impacted, assets=assets)
    tables = dict(zip(terms.assets, terms.tables, strict=True))
    columns: Any = {
        name: _laid_over(getattr(free, name), getattr(terms, name), own=terms.assets, to=assets)
        for name in _MARKET_COLUMNS
    }
    return replace(
        free,
        **columns,
        tables=tuple(tables.get(name) for name in assets),
        decay=terms.decay,
        feedback=terms.feedback,
    )


def oracle_of(terms: OracleTerms | None, assets: Sequence[str]) -> OracleTerms:
    """Return an oracle of the assets in their order; those without terms report at once.

    Raises:
        UsageError: an oracle of an asset that has no path.
    """
    free = oracle_terms(assets)
    if terms is None:
        return free
    _require_known("oracle", terms.assets, assets=assets)
    columns: Any = {
        name: _laid_over(getattr(free, name), getattr(terms, name), own=terms.assets, to=assets)
        for name in _ORACLE_COLUMNS
    }
    return replace(free, **columns)


def _laid_over(
    free: NDArray[Any],
    given: NDArray[Any],
    *,
    own: Sequence[str],
    to: Sequence[str],
) -> NDArray[Any]:
    found = free.copy()
    for place, name in enumerate(to):
        if name in own:
            found[place] = given[list(own).index(name)]
    return found


def _require_known(whose: str, named: Iterable[str], *, assets: Sequence[str]) -> None:
    unknown = sorted(set(named) - set(assets))
    if unknown:
        raise UsageError(
            f"{whose}: terms of {', '.join(unknown)}, which has no path; paths are of "
            f"{', '.join(assets)}"
        )
