"""Prints what the comparisons see on many positions: `python -m tests.protocols.presets [N]`."""

import sys

from tests.protocols.presets.test_presets_against_twins import COMPARED

count = int(sys.argv[1]) if sys.argv[1:] else 5_000
for name, (compare, _, _) in COMPARED.items():
    print(compare(seed=2, count=count).line(name), flush=True)
