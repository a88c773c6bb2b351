"""What reaches a venue from outside between two price rows, in the order of its time."""

from bisect import bisect_right
from collections.abc import Iterator

from trimtab.model import Case, Command
from trimtab.model import commands as c


def first_prices(case: Case) -> dict[str, int]:
    """The first prices (wad) by asset or market: those of the first row, else of the oracle."""
    prices: dict[str, int] = {}
    for seen in case.observations:
        prices.setdefault(seen.asset, seen.price_wad)
    return prices | dict(case.ticks[0].prices)


class Feed:
    """The commands of a case's tables, one batch for each price row."""

    def __init__(self, case: Case) -> None:
        self._case = case
        first = case.ticks[0].at_ns
        # Whatever is older than the first row arrives with it.
        submitted = [
            c.SubmitPrice(
                max(seen.at_ns, first),
                seen.asset,
                seen.source,
                seen.price_wad,
                seen.confidence_wad,
                seen.published_ns,
            )
            for seen in case.observations
        ]
        rates = [
            c.SetFunding(max(rate.at_ns, first), rate.market, rate.rate_wad)
            for rate in case.funding
        ]
        # At the same time funding rates come before sources, and sources before prices.
        outside: list[c.SetFunding | c.SubmitPrice] = [*rates, *submitted]
        self._outside = sorted(outside, key=lambda command: command.at_ns)
        self._times = [command.at_ns for command in self._outside]

    def batch(self, number: int) -> Iterator[Command]:
        """The commands after the last price row up to this one, and the row itself."""
        ticks = self._case.ticks
        begin = bisect_right(self._times, ticks[number - 1].at_ns) if number else 0
        end = bisect_right(self._times, ticks[number].at_ns)
        yield from self._outside[begin:end]
        yield c.SetPrices(ticks[number].at_ns, ticks[number].prices)
