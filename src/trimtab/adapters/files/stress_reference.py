"""The reference of every key of `stress.toml`, written from the settings that the reader obeys."""

from trimtab.adapters.files.rules_reference import reference_section
from trimtab.adapters.files.stress_file import SINGLE
from trimtab.model import MarketSettings, OracleSettings, VenueSettings

INTRODUCTION = """\
# The keys of stress.toml

A stress file says what a stress run needs beside its case: where each asset is sold and how deep
that market is, how oracles report, what the chain lets through, what keepers want, and how far
paths go. It may be left out, and so may every section and key that has a default. Where it has no
`[keepers]`, those of the case's `[replay]` act, with their capital, profit and delay; without
`[chain]` its gas is paid (the median of the case's gas table, where there is one); without
`[horizon]` steps are those of the history. Without any `[markets]` and a `depth` table sales move
no price, and the answer says so; with them, every asset that accounts pledge needs one: depth is
never assumed.
Ratios are fractions, values are in the venue's quote, amounts in whole units of the asset, times
in whole seconds from the start of the run. A key that does not stand below is refused by its
name.

```toml
[horizon]
length = 604800                   # a week
step = 3600
paths = 1000

[markets.ETH]
kind = "square_root"              # or none, linear, constant_product, concentrated, depth
daily_volume = 1000000            # units a day
daily_volatility = 0.05
permanent_share = 0.4             # of each fall, for good
recovery = 320                    # the rest is absorbed with this time constant
thinning = 1.0                    # depth halves where volatility doubles

[markets.WBTC.venues.exchange]    # several venues: sales go where the last unit gets most
kind = "linear"
depth = 250                       # units that bring the price down by `within`
within = 0.02

[markets.WBTC.venues.pool]
kind = "constant_product"
base_reserve = 900
fee = 0.003

[markets."*"]                     # every asset that is not named
kind = "depth"                    # the rows of the case's depth table

[oracle."*"]
deviation = 0.005
heartbeat = 3600
delay = 12

[chain]
gas_cost = 40
gas_slope = 0.88
landings_per_block = 5
failure = 0.05

[keepers]
min_profit = 10
capital = 20000000
```

Keepers take what is on offer whole or not at all, so that an offer too large for its market is left
even where a part of it would pay. With `halvings` above 0 they halve it until it pays; the path
kernel has no such keepers: the exact engine, which is slower by far, then does the run.

A `depth` table of a case (`depth.csv` or `depth.parquet`) has rows of an order book, `price` and
`quantity`, both sides, as [an exchange is read](guides/read-an-exchange.md); or bands, what is
bid in all within `distance_bps` of the price, as `quantity` or as `value`. With a `timestamp`,
each asset's last time counts.

| column | | holds |
|---|---|---|
| `asset` | required | an asset of the rules, not the quote |
| `side` | required | `bid` or `ask` |
| `price` | of a level | quote per whole unit |
| `distance_bps` | of a band | basis points from the price, above 0, below 10000 |
| `quantity` | of a level, of a band | whole units, above 0 |
| `value` | of a band without quantity | quote, above 0 |
| `timestamp` | optional | UTC |
"""

TITLES: tuple[tuple[str, type], ...] = (
    ("markets.<asset>", MarketSettings),
    ("markets.<asset>, or markets.<asset>.venues.<name>", VenueSettings),
    ("oracle.<asset>", OracleSettings),
    *SINGLE.items(),
)


def stress_reference() -> str:
    """Return `docs/stress.md`: all keys by section, with unit, range, default and meaning."""
    sections = [reference_section(title, kind) for title, kind in TITLES]
    return "\n".join([INTRODUCTION, *sections])
