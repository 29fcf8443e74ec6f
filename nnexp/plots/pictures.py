"""The pictures of a sweep as files: none of them may break it."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from nnexp.data import Dataset
from nnexp.errors import unknown
from nnexp.nn import Model, outputs_of
from nnexp.plots import Picture, confusion_matrix, first_layer, save, sweep_pictures, worst_mistakes
from nnexp.plots.style import png
from nnexp.results.tables import Results

ERRORS = "pictures_error.txt"  # beside the pictures: the traceback of those that could not be made

Pictures = dict[str, Callable[[], Picture]]  # file name -> what draws it


class Subject(NamedTuple):
    """A network whose weights and mistakes are drawn; `label`: whose they are."""

    model: Model
    dataset: Dataset
    label: str


def draw(
    results: Results, folder: Path, subject: Callable[[], Subject] | None = None
) -> tuple[list[Path], str | None]:
    """Write the pictures of a sweep, and of the network that `subject` gives, into `folder`.

    Returns the files, and in one line why some could not be made (None: all were).
    """
    files: list[Path] = []
    errors: list[Exception] = []
    sources: list[tuple[str, Callable[[], Pictures]]] = [
        ("", lambda: sweep_pictures(results.plan, *results.tables[:2], results.trials))
    ]
    if subject:
        sources.append(("best_", lambda: network_pictures(subject())))
    for prefix, source in sources:
        with _collect(errors):
            for name, draw_picture in source().items():
                with _collect(errors):
                    files += save(draw_picture(), folder, f"{prefix}{name}")
    return files, _report(errors, folder)


def png_files(results: Results, more: Sequence[str] = ()) -> dict[str, bytes]:
    """File name -> the PNG of the sweep's main picture, and of `more` by name; none if no run finished.

    Raises:
        UserError: there is no picture of this name.
    """
    if not (results.tables.runs["status"] == "finished").any():
        return {}
    pictures = sweep_pictures(results.plan, *results.tables[:2], results.trials)
    for name in more:
        if name not in pictures:
            raise unknown("picture", name, pictures)
    return {f"{name}.png": png(pictures[name]()) for name in dict.fromkeys([next(iter(pictures)), *more])}


def network_pictures(subject: Subject) -> Pictures:
    """File name -> what draws the picture of one network, on the validation part of its data."""
    model, dataset, label = subject
    examples, shape = dataset.data.validation, dataset.image_shape
    outputs = outputs_of(model, examples.inputs)
    confusions = partial(confusion_matrix, examples.labels, outputs, label)
    if not shape:
        return {"confusion_matrix": confusions}
    images = examples.inputs.reshape(-1, *shape)
    return {
        "first_layer": partial(first_layer, model.weights[0], shape, label),
        "confusion_matrix": confusions,
        "worst_mistakes": partial(worst_mistakes, examples.labels, outputs, images, label),
    }


@contextmanager
def _collect(errors: list[Exception]) -> Iterator[None]:
    """Go on after whatever matplotlib, a font, the disk may do: the answer is there without a picture."""
    try:
        yield
    except Exception as error:
        errors.append(error)


def _report(errors: list[Exception], folder: Path) -> str | None:
    """Leave the tracebacks beside the pictures; the first error in one line."""
    path = folder / ERRORS
    with suppress(OSError):  # on a full disk the line below says all that can be said
        path.unlink(missing_ok=True)
        if errors:
            path.write_text("\n".join("".join(traceback.format_exception(error)) for error in errors))
    if not errors:
        return None
    first = (str(errors[0]).strip().splitlines() or [""])[0]
    return f"{type(errors[0]).__name__}: {first}; {path} has the traceback"
