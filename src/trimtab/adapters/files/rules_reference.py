"""The reference of every key of `rules.toml`, written from the settings that the reader obeys."""

from dataclasses import MISSING, Field
from typing import Any

from trimtab.adapters.files.rules_file import SECTIONS, Venue
from trimtab.adapters.files.setting_text import range_text, stored_text
from trimtab.model import (
    UNIT_OF_KIND,
    AssetRules,
    CategoryRules,
    Kind,
    MarketRules,
    Setting,
    settings_of,
)

INTRODUCTION = """\
# The keys of rules.toml

A case folder holds one `rules.toml`. It says what distinguishes this venue from another: its
assets with their weights, how liquidations are sized and priced, the funds behind them, and how a
replay drives it all. Every number is read exactly as it is written, never through a float. A key
that does not stand below is refused by its name, and so are values out of range and combinations
that cannot work, such as a `max_ltv` above its `liquidation_threshold`.

Ratios are fractions (`0.83`, not `83`), values and prices are in the venue's quote, amounts in
whole units of the asset (of the contract, in a market), times in whole seconds. `[venue]` and at
least one `[assets.<name>]` are required; every other section may be left out, and so may every key
that has a default. Where the quote is not listed as an asset, it is added: 18 decimals, weight 1,
price 1, not borrowable. The smallest useful file:

```toml
[venue]
name = "example"
quote = "USD"

[assets.ETH]
decimals = 18
max_ltv = 0.80                    # weight at the initial level
liquidation_threshold = 0.83      # weight at the maintenance level
liquidation_bonus = 0.05          # to the liquidator, on top of par
supply_cap = 100000               # whole units

[assets.USDC]
decimals = 6
max_ltv = 0.75
liquidation_threshold = 0.78
liquidation_bonus = 0.04
borrow_factor = 1.0               # debt is divided by it
borrow_cap = 5000000

[liquidation]
sizing = "target_health"          # or "close_factor", "whole"
target_health = 1.05
close_factor = 0.5

[insurance]
balance = 250000
```

## Derivatives markets

A market is named below `[markets.<name>]`, by a name that no asset has, and a book holds positions
in it under that name. A `perp` is linear: a contract is one whole unit of its `asset`, settled in
the quote. An `inverse_perp` is one unit of the quote, settled in the `asset`. Amounts count whole
contracts; their smallest part is set by `decimals`, else by those of what a contract counts.

`tiers` replace the flat rates: rows of a notional (in the quote) from which a pair of rates holds,
initial before maintenance. The first row starts at 0, and rates never fall; deductions keep the
requirement continuous. Nothing below needs more than two rates and an asset:

```toml
[markets.ETH-PERP]
asset = "ETH"
initial_margin = 0.05
maintenance_margin = 0.03
taker_fee = 0.0005
funding = "premium"               # or "velocity", "recorded" (funding.csv), "none"
mark_band = 0.03                  # mark prices stay this near to the index price
insurance_ring = "majors"         # a fund of its own, apart from [insurance]
insurance_balance = 100000
tiers = [[0, 0.02, 0.01], [150000000, 0.05, 0.025]]

[oracle]
max_age = 60
stale_allows = ["settle"]

[breakers]
oracle_failures = 3

[position_liquidation]
sizing = "portion"

[deleveraging]
policy = "water_fill"             # or "queue", "pro_rata", "none"
```

## Presets

A file may begin with a preset, a protocol's rules, and then says only what is different: each of
its keys is laid over the preset's ([presets](guides/use-a-preset.md)). A preset may also be filled
from the protocol's own configuration file.

```toml
preset = "aave-v3.7"              # or [preset] with name, configuration, market, assets

[assets.WETH]
liquidation_threshold = 0.83
```
"""

TITLES: tuple[tuple[str, type], ...] = (
    ("venue", Venue),
    ("assets.<name>", AssetRules),
    ("categories.<name>", CategoryRules),
    ("markets.<name>", MarketRules),
    *SECTIONS.items(),
)

HEAD = "| key | unit | range | default | meaning |\n|---|---|---|---|---|\n"


def rules_reference() -> str:
    """Return `docs/rules.md`: all keys by section, with unit, range, default and meaning."""
    sections = [reference_section(title, kind) for title, kind in TITLES]
    return "\n".join([INTRODUCTION, *sections])


def reference_section(title: str, kind: type) -> str:
    """Return the heading, the meaning and the table of the keys of one section."""
    doc = (kind.__doc__ or "").strip().partition("\n")[0]
    if kind is Venue:
        doc = "The venue itself."
    lines = "".join(_line(field, entry) for field, entry in settings_of(kind))
    return f"## [{title}]\n\n{doc}\n\n{HEAD}{lines}"


def _line(field: Field[Any], entry: Setting) -> str:
    unit = UNIT_OF_KIND[entry.kind] if entry.kind != Kind.CHOICE else "choice"
    cells = (f"`{entry.key}`", unit, range_text(entry), _default(field, entry), entry.doc)
    return "| " + " | ".join(cells).replace("  ", " ") + " |\n"


def _default(field: Field[Any], entry: Setting) -> str:
    if field.default is MISSING:
        return "required"
    if entry.key == "liquidation_end":
        return "`liquidation_threshold`"
    if field.default is None:
        return "absent"
    return f"`{stored_text(entry, field.default)}`"
