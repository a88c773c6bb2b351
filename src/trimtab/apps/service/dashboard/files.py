"""What the dashboard serves: its own files, plotly.js out of its package, and the headers."""

import base64
import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from trimtab.units import UsageError

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
PLOTLY = "plotly.js"
GZIP_LEVEL = 6
# plotly.js brings the sheet of its maps as one inline style element.
INLINE_SHEET = re.compile(
    rb"""createElement\("style"\);\w+\.id="[0-9a-f]{64}",\w+\.textContent='((?:[^'\\]|\\.)*)'"""
)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is served: its bytes, plain and compressed, its media type and its tag."""

    content: bytes
    compressed: bytes
    media_type: str
    tag: str


@cache
def own_files() -> dict[str, StaticFile]:
    """The files beside this module by name, such as `main.js`."""
    folder = files(__package__).joinpath("static")
    return {
        entry.name: _served(entry.read_bytes(), entry.name)
        for entry in folder.iterdir()
        if entry.name.rpartition(".")[2] in TYPES
    }


@cache
def plotly_file() -> StaticFile:
    """plotly.js as the installed package `plotly` brings it.

    Raises:
        UsageError: the package is not installed.
    """
    return _served(_plotly_source(), PLOTLY)


@cache
def security_headers() -> dict[str, str]:
    """What a browser may do with the pages: talk to their own origin, and nothing else.

    plotly.js sets style attributes on what it draws, and adds one style element of its own; the
    attributes are allowed, the element by its hash, and no other inline style or script is.
    """
    sheets = " ".join(["'self'", *(f"'sha256-{one}'" for one in inline_sheets(_plotly_source()))])
    rules = (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src {sheets}",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "content-security-policy": "; ".join(rules),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }


def inline_sheets(source: bytes) -> list[str]:
    """SHA-256, in base64, of the style elements that a script makes as text of its own.

    >>> inline_sheets(b"no style here")
    []
    """
    found = (re.sub(rb"\\(.)", rb"\1", text) for text in INLINE_SHEET.findall(source))
    return [base64.b64encode(hashlib.sha256(text).digest()).decode() for text in found]


@cache
def _plotly_source() -> bytes:
    try:
        folder = files("plotly")
    except ModuleNotFoundError:
        raise UsageError(
            "the dashboard draws with the package plotly, which is not installed: "
            "install the extra, pip install 'trimtab[service]'"
        ) from None
    return folder.joinpath("package_data").joinpath("plotly.min.js").read_bytes()


def _served(content: bytes, name: str) -> StaticFile:
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    compressed = gzip.compress(content, GZIP_LEVEL, mtime=0)
    return StaticFile(content, compressed, TYPES[name.rpartition(".")[2]], tag)
