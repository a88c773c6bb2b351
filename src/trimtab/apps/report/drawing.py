"""A canvas for pictures inside a page: SVG whose colors and type are those of the page.

Pictures are drawn with placeholder colors that become CSS variables, so that one picture serves
light, dark and print. Each is drawn twice, wide and narrow; the style sheet shows one of them.
"""

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

from trimtab.apps.report.shown import short_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

DOTS_PER_INCH = 72

# Names of CSS variables; the place in the list is the placeholder color.
TINTS: tuple[str, ...] = (
    "ink",
    "muted",
    "line",
    "paper",
    "accent",
    "price",
    "act",
    "loss",
    "gas",
    "risk",
)
TINTS += tuple(f"h{place}" for place in range(8))
COLORS = {name: f"#0000{place + 1:02x}" for place, name in enumerate(TINTS)}

SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.image_inline": True,
    "image.composite_image": False,
    "text.parse_math": False,
    "timezone": "UTC",
    "path.simplify": True,
    "path.simplify_threshold": 0.3,
    "font.size": 11,
    "axes.edgecolor": COLORS["line"],
    "axes.labelcolor": COLORS["muted"],
    "axes.titlecolor": COLORS["ink"],
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "text.color": COLORS["ink"],
    "xtick.color": COLORS["line"],
    "ytick.color": COLORS["line"],
    "xtick.labelcolor": COLORS["muted"],
    "ytick.labelcolor": COLORS["muted"],
    "grid.color": COLORS["line"],
    "grid.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "date.converter": "concise",
}


# Largest marker, square points.
MARKER_AREA = 130.0


@dataclass(frozen=True, slots=True)
class Shape:
    """Which of the two drawings this is: its width and height in points, and ticks of time."""

    name: str
    width: int
    height: int
    ticks: int

    @property
    def narrow(self) -> bool:
        """Whether this is the drawing for a phone."""
        return self.name == "narrow"


@dataclass(frozen=True, slots=True)
class Picture:
    """Both drawings of one picture, what it shows in words, and figures for its legend."""

    name: str
    alt: str
    wide: str
    narrow: str
    scale: tuple[str, str]


Draw = Callable[[Shape], "Canvas"]


@contextmanager
def drawing_settings(name: str) -> Iterator[None]:
    """The house's settings of matplotlib, for one picture; ids come from its name alone."""
    import matplotlib

    settings: Any = {**SETTINGS, "svg.hashsalt": name}
    with matplotlib.rc_context(settings):
        yield


def picture(
    name: str, alt: str, *, draw: Draw, height: int, scale: tuple[str, str] = ("", "")
) -> Picture:
    """Draw a picture wide and narrow.

    Arguments:
        height: of the wide one, in points.
        scale: two figures that the legend needs, such as the ends of a scale.
    """
    shapes = (Shape("wide", 880, height, 9), Shape("narrow", 350, round(height * 0.92), 4))
    texts = []
    for shape in shapes:
        with drawing_settings(f"{name}-{shape.name}"):
            texts.append(_svg(draw(shape), f"{name}-{shape.name}", alt=alt))
    return Picture(name, alt, texts[0], texts[1], scale)


def blank(shape: Shape, heights: tuple[float, ...]) -> tuple["Canvas", list["Axes"]]:
    """A figure of panels that share their time axis, one below the other."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(shape.width / DOTS_PER_INCH, shape.height / DOTS_PER_INCH))
    left = 52 if shape.narrow else 60
    edges = {"left": left / shape.width, "right": 1 - 24 / shape.width}
    edges |= {"top": 1 - 20 / shape.height, "bottom": 40 / shape.height}
    space = 38 / (shape.height / len(heights)) if len(heights) > 1 else 0
    grid = canvas.add_gridspec(len(heights), 1, height_ratios=heights, hspace=space, **edges)
    first = canvas.add_subplot(grid[0])
    panels = [first]
    panels += [canvas.add_subplot(grid[row], sharex=first) for row in range(1, len(heights))]
    return canvas, panels


def price_number(value: float) -> str:
    """A price on an axis, not shortened."""
    return f"{value:,.6g}"


def dress(
    panel: "Axes",
    title: str,
    *,
    zero: bool = False,
    bins: int = 5,
    words: Callable[[float], str] = short_number,
) -> None:
    """Name a panel above its left edge, with numbers in `words` and quiet lines across."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    panel.set_title(title, loc="left", fontsize=11, pad=6, x=0)
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words(value)))
    panel.yaxis.set_major_locator(MaxNLocator(nbins=bins, min_n_ticks=2, steps=[1, 2, 2.5, 5, 10]))
    panel.grid(axis="y")
    panel.set_axisbelow(True)
    panel.tick_params(axis="both", length=0, pad=5)
    panel.tick_params(axis="x", length=3)
    if zero:
        panel.set_ylim(bottom=0)


def mark_values(
    panel: "Axes", at: Any, *, height: Any, done: Any, lost: Any, biggest: float = 0.0
) -> None:
    """Circles for what was done, diamonds for what was lost, their areas on one scale of value.

    All are arrays of one length: place in time, height, and the two values at it; a value of
    nothing has no marker. `biggest` is the value of the largest marker, where another panel sets
    the scale.
    """
    biggest = max(float(done.max()), float(lost.max()), biggest)
    for value, tint, marker in ((done, "act", "o"), (lost, "loss", "D")):
        some = value > 1e-9
        if not some.any():
            continue
        area = 6 + MARKER_AREA * (math.pi / 4 if marker == "D" else 1) * value[some] / biggest
        panel.scatter(
            *(at[some], height[some], area),
            marker=marker,
            color=COLORS[tint],
            alpha=0.45 if marker == "o" else 1.0,
            linewidths=0.7,
            edgecolors=COLORS["paper" if marker == "D" else tint],
            zorder=4 if marker == "o" else 6,
            clip_on=False,
        )


def time_axis(panels: list["Axes"], shape: Shape, *, words: str) -> None:
    """Dates along the lowest panel; `words` say what they leave out."""
    from matplotlib import dates

    untyped: Any = dates
    locator = untyped.AutoDateLocator(minticks=2, maxticks=shape.ticks)
    # Its own longest steps leave spans of some hours, or of a day and a half, without a choice.
    for frequency, longest in ((untyped.MINUTELY, 60), (untyped.HOURLY, 24)):
        locator.intervald[frequency] = [*locator.intervald[frequency], longest]
    for panel in panels[:-1]:
        panel.tick_params(axis="x", labelbottom=False)
        panel.spines["bottom"].set_visible(False)
        panel.tick_params(axis="x", length=0)
    panels[-1].xaxis.set_major_locator(locator)
    formatter = untyped.ConciseDateFormatter(locator, show_offset=False)
    formatter.formats[2] = formatter.zero_formats[2] = "%d %b"
    formatter.formats[3] = formatter.formats[4] = "%H:%M"
    formatter.zero_formats[3] = "%d %b"
    panels[-1].xaxis.set_major_formatter(formatter)
    panels[-1].set_xlabel(words, fontsize=10, labelpad=3)
    panels[-1].margins(x=0)


def _svg(canvas: "Canvas", name: str, *, alt: str) -> str:
    """The figure as SVG for a page: no addresses, its own ids, colors and type of the page."""
    from html import escape

    buffer = StringIO()
    canvas.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<(metadata|style)[ >].*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    for tint, color in COLORS.items():
        text = text.replace(color, f"var(--{tint})")
    text = re.sub(r'font-family: [^;"]*', "font-family: var(--sans)", text)
    text = re.sub(r'(?<= d=")[^"]*', _rounded, text)
    for scheme in ("light", "dark"):  # the two variants of an image, in the order of drawing
        text = text.replace("<image href", f'<image class="only-{scheme}" href', 1)
    text = re.sub(r'^<svg [^>]*viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1">', text)
    head = f'<svg class="{name.rpartition("-")[2]}" role="img" aria-label="{escape(alt)}"'
    text = text.replace("<svg", head, 1)
    return re.sub(r"\n\s*", "\n", text)


def _rounded(found: re.Match[str]) -> str:
    """A path with two decimals, on one line."""
    short = re.sub(r"(\.\d\d)\d+", r"\1", found.group())
    return re.sub(r"\s*\n", " ", short).strip()
