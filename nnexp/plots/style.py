"""The look of all pictures: sizes, colours, lines that differ in grey too; and how a picture is saved."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from nnexp.files import replacing

logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # it tells that it lists the fonts

DPI = 150
INLINE_DPI = 96  # in a notebook, whose file it makes large
WIDTH, HEIGHT = 8.0, 4.5  # inches: a slide's proportions
TITLE, LABEL, TICK, SMALL = 15, 13, 12, 11  # font sizes in points
INK, DIM, FAINT = "0.1", "0.35", "0.8"  # greys of text, notes and grids
BROKEN = "#b2182b"  # runs without a result; always a cross as well
MARKERS = "osD^vP<X>h"
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (5, 1, 1, 1)), (0, (8, 2)))
SHADES: Colormap = ListedColormap(matplotlib.colormaps["viridis"](np.linspace(0, 0.9, 256)), "shades")


class Picture(Figure):
    """A figure that a notebook shows by itself."""

    def _repr_png_(self) -> bytes:
        return png(self, INLINE_DPI)

    def _ipython_display_(self) -> None:
        """Called by IPython: its own way for figures, once pyplot is imported, takes 8 times the bytes."""
        from IPython.display import display

        shown = {"image/png": self._repr_png_(), "text/plain": repr(self)}
        display(shown, raw=True)  # type: ignore[no-untyped-call]


class Measure(NamedTuple):
    """How a column is told: its name in words, its label with units, and the factor to these units."""

    name: str
    label: str
    factor: float


def measure(column: str) -> Measure:
    """A metric's words: `final_validation_accuracy` is the validation accuracy, in %."""
    name = column.removeprefix("final_").removeprefix("best_").replace("_", " ")
    if name.endswith("accuracy"):
        return Measure(name, f"{name} (%)", 100.0)
    if "seconds" in name:
        name = name.replace("evaluation seconds", "evaluation time").replace("seconds", "training time")
        return Measure(name, f"{name} (s)", 1.0)
    return Measure(name, name, 1.0)


def picture(title: str, notes: Sequence[str] = (), width: float = WIDTH, height: float = HEIGHT) -> Picture:
    """An empty figure with a title above and notes below, from the left edge and wrapped to the width."""
    figure = Picture(figsize=(width, height), dpi=DPI, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1))
    left = {"x": 0.12 / width, "ha": "left"}
    title = title[:1].upper() + title[1:]
    figure.suptitle(fill(title, int(7.8 * width)), fontsize=TITLE, fontweight="bold", color=INK, **left)
    if notes:
        text = fill(". ".join(notes) + ".", int(11.8 * width))
        figure.supxlabel(text, fontsize=SMALL, color=DIM, **left)
    return figure


def panel(figure: Figure, x: str, y: str, place: tuple[int, int, int] = (1, 1, 1)) -> Axes:
    """Axes with their labels, a faint grid and no frame on the right and top."""
    axes = figure.add_subplot(*place)
    axes.set_xlabel(x, fontsize=LABEL, color=INK)
    axes.set_ylabel(y, fontsize=LABEL, color=INK)
    axes.tick_params(labelsize=TICK, labelcolor=INK, color=DIM)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(DIM)
    axes.grid(color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.locator_params(nbins=7)
    return axes


def lines(count: int) -> list[dict[str, Any]]:
    """Looks of `count` lines, from dark to light, that differ in dashes and markers too."""
    shades = np.linspace(0, 0.85, count) if count > 1 else [0.25]
    return [
        {"color": SHADES(shade), "linestyle": DASHES[k % len(DASHES)], "marker": MARKERS[k % len(MARKERS)]}
        for k, shade in enumerate(shades)
    ]


def legend(axes: Axes, title: str | None = None) -> None:
    """What the lines and markers of `axes` are, right of them."""
    if axes.get_legend_handles_labels()[0]:
        look = {"frameon": False, "fontsize": SMALL, "title_fontsize": SMALL, "alignment": "left"}
        axes.legend(title=title, loc="upper left", bbox_to_anchor=(1, 1.03), handlelength=3.2, **look)


def limits(axes: Axes, told: Measure, low: float, high: float, upright: bool = True) -> None:
    """Show values from `low` to `high` with some air, but no accuracies that cannot be."""
    air = 0.05 * (high - low or 1.0)
    least, most = (0.0, 100.0) if told.factor == 100 else (-np.inf, np.inf)
    low, high = max(low, least) - air, min(high, most) + air
    (axes.set_ylim if upright else axes.set_xlim)(low, high)
    axis = axes.yaxis if upright else axes.xaxis
    axis.set_ticks([tick for tick in axis.get_majorticklocs() if max(low, least) <= tick <= min(high, most)])


def contrast(color: Any) -> str:
    """Black or white, whichever is read better on `color`."""
    red, green, blue = matplotlib.colors.to_rgb(color)
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else "black"


def png(figure: Figure, dpi: int = DPI) -> bytes:
    """The figure as a PNG file; 256 colours, which makes it half as large."""
    drawn, small = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi)
    Image.open(drawn).convert("RGB").quantize(256).save(small, format="png", dpi=(dpi, dpi))
    return small.getvalue()


def svg(figure: Figure, name: str) -> bytes:
    """The figure as an SVG file: the same bytes for the same figure and name, on any day."""
    drawn = BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write `NAME.png` and `NAME.svg` into `folder`, each whole or not at all; the two paths."""
    with _laid_out(figure):
        contents = {folder / f"{name}.png": png(figure), folder / f"{name}.svg": svg(figure, name)}
    for path, content in contents.items():
        with replacing(path) as file:
            file.write(content)
    return list(contents)


@contextmanager
def _laid_out(figure: Figure) -> Iterator[None]:
    """Lay the figure out once, not again in every drawing: that takes longer than the drawing itself."""
    engine = figure.get_layout_engine()
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    try:
        yield
    finally:
        figure.set_layout_engine(engine)
