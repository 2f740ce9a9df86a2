"""One look for every chart: the page's measures, its fonts and the colours by what they mean.

Actual figures are solid and dark, the previous period is the same in light, a target is outlined and a forecast
hatched. Red and green mean bad and good and nothing else, and never stand without a symbol.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from pathlib import Path
from typing import Literal, ParamSpec, TypeVar

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.style import context

from analysis.ledger.publishing import luminance

P = ParamSpec("P")
R = TypeVar("R")

_HERE = Path(__file__).parent
STYLE = _HERE / "paycurve.mplstyle"
FONTS = _HERE / "fonts"

# A4 is 210 mm wide; 20 mm of margin on either side leave the measure of the page.
PAGE_WIDTH_MM = 170.0
GUTTER_MM = 6.0
_WIDTHS_MM = {
    "full": PAGE_WIDTH_MM,
    "half": (PAGE_WIDTH_MM - GUTTER_MM) / 2,
    "third": (PAGE_WIDTH_MM - 2 * GUTTER_MM) / 3,
}
_MM_PER_INCH = 25.4

# Okabe and Ito's advice (2008): vermilion and bluish green stay apart for every common kind of colour blindness.
GOOD = "#00755a"
BAD = "#bf3b12"
MARKS = {"good": "\N{BLACK CIRCLE}", "bad": "\N{BLACK UP-POINTING TRIANGLE}", "neutral": ""}

INK = "#1d2733"
QUIET = "#56626f"
RULE = "#8b96a3"
FAINT = "#e1e5ea"
ACTUAL = "#22313f"
PREVIOUS = "#a9b4c0"
ACCENT = "#1f6aa5"
# Further measures in one chart, told apart by every common kind of colour vision and legible as text.
SERIES = (ACTUAL, ACCENT, "#96601c", "#6b4c9a", "#2f7a7a")
FORECAST_HATCH = "////"

# One hue from pale to dark: an order reads as an order, in greyscale too.
_RAMP = ("#f4f7fa", "#dbe6f0", "#b7cee2", "#86adcf", "#4f86b5", "#2b628f", "#17405f")


class PageFigure(Figure):
    """A figure in the measures of the page that notebooks show as a picture without pyplot."""

    def _repr_png_(self) -> bytes:
        return picture(self, file_format="png")

    def __repr__(self) -> str:
        width, height = self.get_size_inches() * _MM_PER_INCH
        return f"<chart {width:.0f} x {height:.0f} mm>"


@cache
def _register_fonts() -> None:
    # Another release of Lato on this machine would have other widths, and so give other bytes.
    manager = font_manager.fontManager
    manager.ttflist = [font for font in manager.ttflist if font.name != "Lato"]
    for path in sorted(FONTS.glob("*.ttf")):
        manager.addfont(path)


@contextmanager
def look() -> Iterator[None]:
    """The settings of ``paycurve.mplstyle``, for as long as the block lasts and whatever was set before.

    Characters that no font has are drawn as empty boxes; the page that shows them reports them by name, so
    matplotlib need not warn.
    """
    _register_fonts()
    # From matplotlib's defaults, not from what a user's own settings made of them.
    with context(["default", STYLE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        warnings.filterwarnings("ignore", message=r"Matplotlib currently does not support .* natively")
        yield


def in_house_style(chart: Callable[P, R]) -> Callable[P, R]:
    """Decorator: the chart is drawn within ``look``."""

    @wraps(chart)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with look():
            return chart(*args, **kwargs)

    return drawn


def figure(
    width: Literal["full", "half", "third"] | float = "full",
    *,
    height: float = 65.0,
    gaps: tuple[float, float] = (0.02, 0.02),
) -> PageFigure:
    """An empty figure, ``width`` being a part of the page's measure or millimetres, ``height`` millimetres.

    ``gaps`` are those between panels, across and down, as parts of a panel.
    """
    wide = _WIDTHS_MM[width] if isinstance(width, str) else width
    with look():
        layout = ConstrainedLayoutEngine(h_pad=0.02, w_pad=0.02, wspace=gaps[0], hspace=gaps[1])
        return PageFigure(figsize=(wide / _MM_PER_INCH, height / _MM_PER_INCH), layout=layout)


def axes(ax: Axes | None, width: Literal["full", "half", "third"] | float = "full", *, height: float = 65.0) -> Axes:
    """``ax``, or the axes of a new figure where it is absent."""
    if ax is not None:
        return ax
    made: Axes = figure(width, height=height).subplots()
    return made


def picture(drawn: Figure | Axes, *, file_format: Literal["svg", "png"] = "svg") -> bytes:
    """The bytes of a chart; the same chart gives the same bytes in every process.

    SVG keeps its text as text, in Lato, and holds neither date nor program name.
    """
    whole = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
    if whole is None:
        raise ValueError("the axes belong to no figure")
    out = io.BytesIO()
    with look():
        if file_format == "png":
            whole.savefig(out, format="png", dpi=150, facecolor="white", metadata={"Software": None})
            return out.getvalue()
        whole.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return _without_addresses(out.getvalue())


def ramp(level: float) -> str:
    """The shade of one hue at ``level`` from 0 (pale) to 1 (dark), as a hex colour.

    >>> ramp(0.0)
    '#f4f7fa'
    """
    place = min(max(level, 0.0), 1.0) * (len(_RAMP) - 1)
    below = min(int(place), len(_RAMP) - 2)
    low, high = _channels(_RAMP[below]), _channels(_RAMP[below + 1])
    mixed = (round(a + (b - a) * (place - below)) for a, b in zip(low, high, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def text_on(background: str) -> str:
    """A text colour with a contrast of at least 4.5 on ``background`` (WCAG 2.2, success criterion 1.4.3).

    The dark ink where that suffices, else black or white, of which one always does.
    """
    light = luminance(background) + 0.05
    if light / (luminance(INK) + 0.05) >= 4.5:
        return INK
    return "#000000" if light / 0.05 >= 1.05 / light else "#ffffff"


def shades(number: int) -> list[str]:
    """``number`` shades in the order pale to dark, apart enough to be told in greyscale."""
    return [ramp(0.2 + 0.8 * place / max(1, number - 1)) for place in range(number)]


def verdict_colour(verdict: str) -> str:
    """Green for good, red for bad, quiet grey for neither."""
    return {"good": GOOD, "bad": BAD}.get(verdict, QUIET)


def _without_addresses(svg: bytes) -> bytes:
    # The metadata block repeats what the page says better and differs between releases of matplotlib.
    return re.sub(rb"\s*<metadata>.*?</metadata>", b"", svg, flags=re.DOTALL)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
