"""`docs/stress.md` is what the settings say."""

from __future__ import annotations

from pathlib import Path

from trimtab.adapters.files import read_stress_file
from trimtab.adapters.files.stress_reference import TITLES, stress_reference
from trimtab.model import MarketShape, settings_of
from trimtab.model.schema import DEPTH
from trimtab.units import WAD

PAGE = Path(__file__).parents[2] / "docs" / "stress.md"
HINT = (
    "write it anew: python -c 'from trimtab.adapters.files.stress_reference import "
    "stress_reference as r; print(r(), end=str())' > docs/stress.md"
)


def test_the_page_is_generated_and_its_example_is_read(tmp_path):
    assert PAGE.read_text(encoding="utf-8") == stress_reference(), HINT
    example = stress_reference().partition("```toml\n")[2].partition("```")[0]
    path = tmp_path / "stress.toml"
    path.write_text(example, encoding="utf-8")
    found = read_stress_file(path)
    assert [one.name for one in found.market("WBTC").venues] == ["exchange", "pool"]
    assert found.market("LINK").venues[0].kind is MarketShape.DEPTH
    assert found.chain.gas_slope_wad == 88 * WAD // 100


def test_the_page_lists_every_key_and_every_column():
    page = stress_reference()
    for _, record in TITLES:
        for _, entry in settings_of(record):
            assert f"| `{entry.key}` |" in page
            assert entry.doc in page
    assert all(f"| `{column.name}` |" in page for column in DEPTH)
