"""The dashboard's files: whole, of the right type, and without an address of anybody else."""

import re
from importlib.resources import files
from itertools import pairwise

import pytest

from trimtab.apps.service.dashboard.files import (
    inline_sheets,
    own_files,
    plotly_file,
    security_headers,
)

ADDRESS = re.compile(r"https?:|//[a-z0-9-]+\.[a-z]|[^:]//cdn", re.IGNORECASE)
# The namespace of a drawing is a name, not an address; nothing is fetched from it.
NAMESPACE = '"http://www.w3.org/2000/svg"'
IMPORT = re.compile(r'(?:from|import) "(\./[^"]+)"')
LINES_MAX = 300


def texts() -> dict[str, str]:
    return {name: file.content.decode() for name, file in own_files().items()}


def test_no_file_names_an_address_elsewhere() -> None:
    for name, text in texts().items():
        found = ADDRESS.search(text.replace(NAMESPACE, ""))
        assert found is None, f"{name}: {found and text[found.start() : found.start() + 60]}"


def test_every_import_and_link_is_a_file_of_ours() -> None:
    known = set(own_files()) | {"plotly.js"}
    for name, text in texts().items():
        wanted = {found.removeprefix("./") for found in IMPORT.findall(text)}
        if name == "index.html":
            wanted |= set(re.findall(r'(?:href|src)="([^"#]+)"', text))
        assert wanted <= known, f"{name} wants {sorted(wanted - known)}"
    pages = re.findall(r'\["(\w+)", "[^"]*"\]', texts()["main.js"])
    assert {f"page_{page}.js" for page in pages} == {n for n in known if n.startswith("page_")}


def test_every_imported_name_is_exported_there_and_used_here() -> None:
    known = texts()
    for name, text in known.items():
        body = re.sub(r"^import .*$", "", text, flags=re.MULTILINE)
        for names, source in re.findall(
            r'^import \{([^}]*)\} from "\./([^"]+)"', text, re.MULTILINE
        ):
            for one in (part.strip() for part in names.split(",")):
                assert re.search(rf"\b{one}\b", body), f"{name} does not use {one}"
                exported = rf"^export (?:async )?(?:function|const|class) {one}\b"
                assert re.search(exported, known[source], re.MULTILINE), f"{source} has no {one}"


def test_markup_has_no_inline_script_style_or_handler() -> None:
    page = texts()["index.html"]
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    assert all('src="' in tag for tag in re.findall(r"<script[^>]*>", page))
    for name, text in texts().items():
        if name.endswith(".js"):
            assert "innerHTML =" not in text, f"{name} makes markup of text"
            assert not re.search(r"\beval\(|new Function|document\.write", text)


def test_modules_stay_small() -> None:
    for name, text in texts().items():
        assert len(text.splitlines()) <= LINES_MAX, name


def test_colors_are_those_of_the_reports() -> None:
    """Light and dark of the report's style sheet, name by name."""
    report = files("trimtab.apps.report").joinpath("report.css").read_text(encoding="utf-8")
    ours = texts()["palette.css"]

    def colors(text: str) -> list[dict[str, str]]:
        blocks = re.findall(r":root[^{]*\{([^}]*)\}", text)
        return [dict(re.findall(r"(--[\w-]+):\s*([^;]+);", block)) for block in blocks[:2]]

    for theirs, mine in zip(colors(report), colors(ours), strict=True):
        assert theirs.items() <= mine.items()
        assert len(theirs) > 15


def test_plotly_is_that_of_the_package_and_its_one_sheet_is_known_by_hash() -> None:
    served = plotly_file()
    assert b"plotly.js v" in served.content[:200]
    assert len(served.compressed) < len(served.content) // 2
    assert len(inline_sheets(served.content)) == 1


def test_a_sheet_is_hashed_as_the_browser_hears_it() -> None:
    made = rb"""document.createElement("style");e.id="%s",e.textContent='a{b:\'c\'}'""" % (
        b"0" * 64
    )
    # printf "a{b:'c'}" | openssl dgst -sha256 -binary | base64
    assert inline_sheets(made) == ["8183f6YNoLwTPsHks/iJL2kKhGvbIbixUlFTMf8gZG8="]


def test_policy_allows_this_origin_and_no_inline_script() -> None:
    rules = dict(
        rule.strip().split(" ", 1)
        for rule in security_headers()["content-security-policy"].split(";")
    )
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == "'self'"
    assert "unsafe" not in rules["style-src"]
    assert rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert not any("http" in rule or "*" in rule for rule in rules.values())


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_can_be_read_on_its_ground(name: str) -> None:
    """WCAG 2.1: contrast of at least 4.5 between words and both grounds."""
    block = re.findall(r":root[^{]*\{([^}]*)\}", texts()["palette.css"])[name == "dark"]
    colors = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", block))
    for words in ("ink", "muted", "good", "warn", "bad", "accent"):
        for ground in ("paper", "raised"):
            light, dark = sorted((luminance(colors[words]), luminance(colors[ground])))[::-1]
            assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{words} on {ground}"


def luminance(color: str) -> float:
    parts = [int(color[at:end], 16) / 255 for at, end in pairwise((1, 3, 5, 7))]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
