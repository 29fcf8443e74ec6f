"""The look of all pictures, and what each part of it means; how a picture is saved.

Dark is more, in every picture: lines and cells run from light (low) to dark (high). Red is a run without a
result. The marks of points are `MARKS`, drawn or written. Lines differ in grey, dashes and markers too.
"""

import logging
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nnexp.files import replacing

logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # it says that it lists the fonts

DPI = 150
INLINE_DPI = 96  # in a notebook, whose file it makes large
WIDTH, HEIGHT = 8.0, 4.5  # inches: a slide's proportions
TITLE, LABEL, TICK, SMALL = 15, 13, 12, 11  # font sizes in points
INK, DIM, FAINT = "0.1", "0.35", "0.8"  # greys of text, notes and grids
SHADES: Colormap = ListedColormap(matplotlib.colormaps["viridis"](np.linspace(0.9, 0, 256)), "shades")
POINT = SHADES(0.75)  # means and their intervals
SEED = "0.45"  # single runs
NO_RESULT = "#b2182b"  # runs without a result; always a cross as well
CROSS: dict[str, Any] = {"linestyle": "none", "marker": "X", "color": NO_RESULT, "markersize": 9}
MARKERS = "osD^vP<X>h"
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (5, 1, 1, 1)), (0, (8, 2)))


Place = tuple[int, int, int | tuple[int, int]]  # rows, columns, number of a panel, or the first and last


class Mark(NamedTuple):
    """How a point compares with the best: in words, as a sign in a text, and as a marker."""

    name: str
    sign: str
    look: dict[str, Any]


MARKS = {  # by how a point stands (`standing`)
    "best": Mark("best", "★", {"marker": "*", "markersize": 17, "markeredgecolor": "none"}),
    "highest": Mark("highest", "◆", {"marker": "D", "markersize": 8}),
    "alike": Mark("may be the best", "●", {"marker": "o", "markersize": 8}),
    "worse": Mark("worse", "○", {"marker": "o", "markersize": 8, "markerfacecolor": "white"}),
    "": Mark("mean", "", {"marker": "o", "markersize": 8}),
}
STUCK: dict[str, Any] = {"linestyle": "none", "marker": "x", "color": INK, "markersize": 6}  # runs
PRUNED: dict[str, Any] = {"linestyle": "none", "marker": "v", "color": SEED, "markersize": 6}
PRUNED |= {"markerfacecolor": "white"}  # at what a run had when it was ended


class Picture(Figure):
    """A figure that a notebook shows by itself."""

    def _repr_png_(self) -> bytes:
        return png(self, INLINE_DPI)

    def _ipython_display_(self) -> None:
        """Called by IPython: its own way for figures, once pyplot is imported, takes 8 times the bytes."""
        from IPython.display import display

        forms = {"image/png": self._repr_png_(), "text/plain": repr(self)}
        display(forms, raw=True)  # type: ignore[no-untyped-call]


def picture(title: str, width: float = WIDTH, height: float = HEIGHT) -> Picture:
    """An empty figure with a title, from the left edge and wrapped to the width."""
    figure = Picture(figsize=(width, height), dpi=DPI, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1))
    title = fill(title[:1].upper() + title[1:], int(7.8 * width))
    figure.suptitle(title, fontsize=TITLE, fontweight="bold", color=INK, x=0.12 / width, ha="left")
    return figure


def write_notes(figure: Figure, notes: Sequence[str]) -> None:
    """Sentences below a picture, from the left edge and wrapped to the width."""
    width = figure.get_size_inches()[0]
    text = " ".join(f"{note}." for note in notes).replace(" %", "\N{NO-BREAK SPACE}%")
    figure.supxlabel(fill(text, int(11.8 * width)), fontsize=SMALL, color=DIM, x=0.12 / width, ha="left")


def panel(figure: Figure, x: str, y: str, place: Place = (1, 1, 1)) -> Axes:
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
    """Looks of `count` lines, from light to dark, that differ in dashes and markers too."""
    shades = np.linspace(0.15, 1, count) if count > 1 else [0.75]
    return [
        {"color": SHADES(shade), "linestyle": DASHES[k % len(DASHES)], "marker": MARKERS[k % len(MARKERS)]}
        for k, shade in enumerate(shades)
    ]


def legend(axes: Axes, title: str | None = None, source: Axes | None = None) -> None:
    """What the lines and markers of `source` (`axes` themselves) are, right of `axes`."""
    handles, labels = (source or axes).get_legend_handles_labels()
    if handles:
        axes.legend(
            handles, labels, title=title, loc="upper left", bbox_to_anchor=(1, 1.03), handlelength=3.2,
            frameon=False, fontsize=SMALL, title_fontsize=SMALL, alignment="left",
        )  # fmt: skip


def contrast(color: Any) -> str:
    """Black or white, whichever is read better on `color`."""
    red, green, blue = matplotlib.colors.to_rgb(color)
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else "black"


def png(figure: Figure, dpi: int = DPI) -> bytes:
    """The figure as a PNG file of 256 colours.

    Of 36 pictures the files took 1.1 MB, and 2.8 MB with all colours: too much for a lab book that is
    committed. Matplotlib needs Pillow too. `savefig` would draw everything twice.
    """
    content, own_dpi = BytesIO(), figure.dpi
    figure.set_dpi(dpi)
    canvas: Any = FigureCanvasAgg(figure)  # it has no types
    canvas.draw()
    figure.set_dpi(own_dpi)
    colours = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").quantize(256)
    colours.save(content, format="png", dpi=(dpi, dpi), pnginfo=_texts(figure))
    return content.getvalue()


def _texts(figure: Figure) -> PngInfo:
    """What a picture says, in its file: for reports, and for those who do not see it."""
    texts = PngInfo()
    for key, text in {"Title": figure.get_suptitle(), "Description": figure.get_supxlabel()}.items():
        texts.add_itxt(key, " ".join(text.split()))
    return texts


def svg(figure: Figure, name: str) -> bytes:
    """The figure as an SVG file: the same bytes for the same figure and name, on any day."""
    content = BytesIO()
    canvas: Any = FigureCanvasSVG(figure)
    with matplotlib.rc_context({"svg.hashsalt": name}):
        canvas.print_svg(content, metadata={"Date": None})
    return content.getvalue()


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write `NAME.png` and `NAME.svg` into `folder`, each whole or not at all; the two paths."""
    contents = {folder / f"{name}.png": png(figure)}
    engine = figure.get_layout_engine()
    figure.set_layout_engine("none")  # as for the PNG: to lay out takes longer than to draw
    contents[folder / f"{name}.svg"] = svg(figure, name)
    figure.set_layout_engine(engine)
    for path, content in contents.items():
        with replacing(path) as file:
            file.write(content)
    return list(contents)
