"""The pictures of a page that stand still: the best network's, and of what was tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nnexp.errors import UserError
from nnexp.pages.content import Image
from nnexp.results.tables import Results

if TYPE_CHECKING:
    from nnexp.plots.pictures import Subject

DPI = 110
TRIED = ("search_*", "isolation_*", "tuning_curve")  # names of pictures of what was tried
FILES = ("best_*.png", *(f"{name}.png" for name in TRIED))


class Pictures(NamedTuple):
    """The images, and why the best network has none; empty if it has."""

    images: tuple[Image, ...]
    why: str = ""


def drawn_now(results: Results, subject: Callable[[], Subject] | None) -> Pictures:
    """`subject`: what loads the best network, None where no run finished; it may raise `UserError`."""
    from nnexp.plots import sweep_pictures
    from nnexp.plots.pictures import network_pictures

    pictures: dict[str, Callable[[], Any]] = {}
    why = "" if subject else "no run finished."
    if subject:
        try:
            pictures = network_pictures(subject())
        except UserError as error:
            why = f"{error}."
    if results.trials:
        every = sweep_pictures(results.plan, *results.tables[:2], results.trials)
        pictures |= {n: draw for n, draw in every.items() if any(Path(n).match(each) for each in TRIED)}
    return Pictures(tuple(image_of(draw()) for draw in pictures.values()), why)


def drawn_before(folder: Path) -> Pictures:
    """Those that lie in the folder of a sweep, drawn at its end."""
    return Pictures(tuple(_read(folder)))


def _read(folder: Path) -> Iterator[Image]:
    import PIL.Image

    for path in (path for name in FILES for path in sorted(folder.glob(name))):
        with PIL.Image.open(path) as opened:
            title, text = (str(opened.info.get(key, "")) for key in ("Title", "Description"))
        yield Image(title or path.stem.replace("_", " "), path.read_bytes(), text)


def image_of(picture: Any) -> Image:
    """A picture with its own title and notes as its text."""
    from nnexp.plots.style import png

    title, text = (" ".join(t.split()) for t in (picture.get_suptitle(), picture.get_supxlabel()))
    return Image(title, png(picture, DPI), text)
