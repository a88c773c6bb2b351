"""Builds the example cases from a local copy of the data sets, which may not be published.

    python examples/build_cases.py --data ../shared/data --out examples/cases [--only NAME]

The folders are the same byte for byte wherever they are built. What a reader has to know of each
case goes to stderr, and into the case's README.md. Exit codes: 0 built, 2 usage, 3 missing data.
"""

import argparse
import sys
from pathlib import Path

from cases_compound import compound_2020_08
from cases_perps import binance_btc, dydx_ltc, hyperliquid_eth
from cases_presets import aave_pool_2021_05, maker_vaults_2020_03, morpho_market_2021_05
from cases_steth import steth_2021_05, steth_2022_11, steth_2023_health

BUILDERS = {
    "steth-2023-health": steth_2023_health,
    "steth-2021-05": steth_2021_05,
    "steth-2022-11": steth_2022_11,
    "compound-2020-08": compound_2020_08,
    "binance-btc-2023-08": binance_btc,
    "hyperliquid-eth-2023-08": hyperliquid_eth,
    "dydx-ltc-2023-08": dydx_ltc,
    "aave-v3.7-2021-05": aave_pool_2021_05,
    "morpho-blue-2021-05": morpho_market_2021_05,
    "maker-2020-03-12": maker_vaults_2020_03,
}


def main(arguments: list[str] | None = None) -> int:
    """Build all cases, or the one named by --only; prints the folders to stdout."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the cases to")
    parser.add_argument("--only", choices=BUILDERS, help="build this case alone")
    given = parser.parse_args(arguments)
    if not (given.data / "accounts").is_dir():
        print(f"no data sets in {given.data}: expected a folder accounts/ there", file=sys.stderr)
        return 3
    for name in [given.only] if given.only else BUILDERS:
        try:
            case = BUILDERS[name](given.data)
        except FileNotFoundError as error:
            print(f"{name}: missing {error.filename}", file=sys.stderr)
            return 3
        for note in case.notes:
            print(f"{name}: {note}", file=sys.stderr)
        print(case.write(given.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
