"""Drawing without global state: equal data give equal bytes, as images inside the page."""

import base64
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PASSED, REFUSED, UNDECIDED, NEUTRAL = "#0a8f6a", "#c8371b", "#c79a00", "#8a94a0"
SEQUENCE = (
    "#0b5cad",
    "#d98200",
    "#0a8f6a",
    "#b0479a",
    "#5b9bd5",
    "#c8371b",
    "#7a6a00",
    "#6b5bb5",
    "#4a4f57",
    "#e08fb0",
)
MAX_LETTERS = 24
"""Letters of a name in a picture; tables and headings have all of it."""
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "graphrec",
    "svg.fonttype": "none",  # the reader's browser has letters that DejaVu lacks
    "text.parse_math": False,  # a name may hold two dollar signs
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9aa4ae",
    "axes.labelcolor": "#3a444e",
    "xtick.color": "#3a444e",
    "ytick.color": "#3a444e",
    "axes.grid": True,
    "axes.grid.axis": "x",
    "grid.color": "#e6eaee",
    "axes.axisbelow": True,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "legend.frameon": False,
}


@dataclass(frozen=True)
class Picture:
    """An image that needs no second file.

    Attributes:
        uri: The image as a data URI.
        alt: What it shows, for those who do not see it.
        width: Width in CSS pixels.
    """

    uri: str
    alt: str
    width: int


@contextmanager
def drawing(width_in: float, height_in: float) -> Iterator[Figure]:
    """Opens an empty figure in the report's style; sizes in inches."""
    with mpl.rc_context(STYLE):
        yield Figure(figsize=(width_in, height_in), layout="constrained")


def as_svg(figure: Figure, alt: str) -> Picture:
    """Keeps a figure as SVG, sharp at every size."""
    sink = io.BytesIO()
    with warnings.catch_warnings():
        # Letters are only measured here: the browser draws them, in a font that has them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": None})
    return _picture(figure, sink.getvalue(), "svg+xml", alt)


def as_png(figure: Figure, alt: str) -> Picture:
    """Keeps a figure as PNG, small where it holds thousands of points."""
    sink = io.BytesIO()
    figure.savefig(sink, format="png", dpi=144, metadata={"Software": None})
    return _picture(figure, sink.getvalue(), "png", alt)


def short(name: str) -> str:
    """Cuts the middle out of a name that would leave a picture no room."""
    if len(name) <= MAX_LETTERS:
        return name
    kept = MAX_LETTERS // 2
    return f"{name[:kept]}…{name[-kept:]}"


def bare(axes: Axes) -> None:
    """Leaves the points of an axes only: no ticks, no grid, no frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _picture(figure: Figure, data: bytes, kind: str, alt: str) -> Picture:
    width = round(figure.get_size_inches()[0] * 96)
    return Picture(f"data:image/{kind};base64,{base64.b64encode(data).decode()}", alt, width)
