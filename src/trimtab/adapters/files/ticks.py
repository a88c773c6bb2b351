"""Price series to ticks: rebased, complete, without a hole, merged by time."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

from trimtab.adapters.files.price_tables import PricePoint, PriceTable
from trimtab.adapters.files.time_order import TIMESTAMP
from trimtab.model import ReplayRules, Rules, Tick
from trimtab.units import (
    NANOSECONDS,
    UINT256_MAX,
    DataError,
    RulesError,
    Time,
    format_decimal,
    mul_div_half_up,
)

MEDIAN_STEPS_MIN = 3
GAP_MEDIANS_MAX = 10


def ticks_of(
    table: PriceTable, rules: Rules, *, replay: ReplayRules, held: Collection[str]
) -> tuple[Tick, ...]:
    """Return the ticks of a price table, in order of time.

    Args:
        table: the series as read.
        rules: own prices and underlyings of the assets.
        replay: `rebase` and `max_gap`.
        held: the assets and markets of the book. Each asset needs a price, or its underlying
            does; each market, also one that only has mark prices, needs that of its asset. Mark
            prices may begin late or be absent.

    Raises:
        DataError: an asset without a price, one that begins late, or a gap.
    """
    _check_held(table, rules, held=held)
    _check_beginnings(table, rules)
    _check_gaps(table, replay)
    series = _rebased(table, rules) if replay.rebase else table.series
    prices: dict[int, list[tuple[str, int]]] = {}
    for asset in sorted(series):
        for at_ns, price_wad, _ in series[asset]:
            prices.setdefault(at_ns, []).append((asset, price_wad))
    return tuple(Tick(at_ns, tuple(prices[at_ns])) for at_ns in sorted(prices))


def tick_of_rules(rules: Rules, *, at_ns: int = 0, observed: Collection[str] = ()) -> Tick | None:
    """Return one tick with the rules' own prices; None where an asset has none.

    Args:
        rules: the assets with their own prices.
        at_ns: when the tick stands.
        observed: assets that a source prices at that very time, which the tick leaves to it.
    """
    priced = [asset for asset in rules.assets.values() if not asset.underlying]
    prices = [(asset.name, asset.price_wad) for asset in priced if asset.price_wad is not None]
    if len(prices) < len(priced):
        return None
    return Tick(at_ns, tuple(sorted(each for each in prices if each[0] not in observed)))


def ticks_to_the_end(ticks: Sequence[Tick], arrivals: Iterable[int]) -> tuple[Tick, ...]:
    """Return the ticks, then one without prices at each later time (ns UTC) of an arrival.

    A replay steps at ticks: what arrives between two of them is handed on with the second, and
    nothing that arrives after the last price may be lost.
    """
    last_ns = ticks[-1].at_ns
    later = sorted({at_ns for at_ns in arrivals if at_ns > last_ns})
    return (*ticks, *(Tick(at_ns, ()) for at_ns in later))


def _check_held(table: PriceTable, rules: Rules, *, held: Collection[str]) -> None:
    marked = {name for name in table.series if name in rules.markets}
    for name in sorted(marked.union(held)):
        priced = _priced(rules, name)
        if priced not in table.series and rules.assets[priced].price_wad is None:
            holder = "the book" if priced == name else f"{name} of the book"
            raise DataError(
                f"there is no price of {priced}, which "
                f"{holder if name in held else f'the mark price of {name}'} needs",
                where=table.where,
                expected=f"rows of it, or a price below [assets.{priced}]",
            )


def _priced(rules: Rules, name: str) -> str:
    """The asset whose price series an asset or a market hangs on."""
    asset = rules.markets[name].asset if name in rules.markets else name
    while rules.assets[asset].underlying:
        asset = rules.assets[asset].underlying
    return asset


def _check_beginnings(table: PriceTable, rules: Rules) -> None:
    first_ns = min(points[0].at_ns for points in table.series.values())
    for name, points in table.series.items():
        if name in rules.markets:
            continue
        if points[0].at_ns > first_ns and rules.assets[name].price_wad is None:
            raise DataError(
                f"the prices of {name} begin later than the first ones",
                where=table.where,
                row=points[0].row,
                column=TIMESTAMP,
                found=Time(points[0].at_ns).text(),
                expected=f"{Time(first_ns).text()}, or a price below [assets.{name}]",
            )


def _check_gaps(table: PriceTable, replay: ReplayRules) -> None:
    rows: dict[int, int] = {}
    for points in table.series.values():
        for point in points:
            rows[point.at_ns] = min(point.row, rows.get(point.at_ns, point.row))
    times = sorted(rows)
    limit_ns = _gap_limit_ns(times, replay)
    if limit_ns is None:
        return
    for before_ns, now_ns in pairwise(times):
        if now_ns - before_ns > limit_ns:
            default = "" if replay.max_gap_seconds is not None else ", ten times the median step"
            raise DataError(
                "the prices have a gap before this row",
                where=table.where,
                row=rows[now_ns],
                column=TIMESTAMP,
                found=_seconds(now_ns - before_ns),
                expected=f"at most {_seconds(limit_ns)}{default}",
                hint="set max_gap below [replay] in rules.toml to accept it",
            )


def _gap_limit_ns(times: Sequence[int], replay: ReplayRules) -> int | None:
    if replay.max_gap_seconds is not None:
        return replay.max_gap_seconds * NANOSECONDS
    steps = sorted(now - before for before, now in pairwise(times))
    if len(steps) < MEDIAN_STEPS_MIN:
        return None
    # The two middle steps of an even number, the one of an odd number twice.
    middle = steps[(len(steps) - 1) // 2] + steps[len(steps) // 2]
    return GAP_MEDIANS_MAX * middle // 2


def _rebased(table: PriceTable, rules: Rules) -> Mapping[str, Sequence[PricePoint]]:
    """Each series scaled so that its first row is the own price; a mark with its asset's."""
    rebased = {}
    for name, points in table.series.items():
        asset = _priced(rules, name)
        own_wad = rules.assets[asset].price_wad
        if own_wad is None:
            raise RulesError(
                "rebase needs the asset's own price",
                column=f"assets.{asset}.price",
                expected="a price beside replay.rebase = true",
            )
        first_wad = table.series.get(asset, points)[0].price_wad
        column = table.columns[name]
        rebased[name] = [
            _scaled(point, own_wad, first_wad=first_wad, place=(table.where, column))
            for point in points
        ]
    return rebased


def _scaled(
    point: PricePoint, own_wad: int, *, first_wad: int, place: tuple[str, str]
) -> PricePoint:
    price_wad = mul_div_half_up(point.price_wad, own_wad, first_wad)
    if not 0 < price_wad <= UINT256_MAX:
        raise DataError(
            "the rebased price does not fit",
            where=place[0],
            row=point.row,
            column=place[1],
            found=format_decimal(price_wad, 18),
            expected="at least 0.000000000000000001, below 2**256 / 1e18",
        )
    return point._replace(price_wad=price_wad)


def _seconds(ns: int) -> str:
    return f"{format_decimal(ns, 9)} s"
