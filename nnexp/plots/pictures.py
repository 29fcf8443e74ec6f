"""The pictures of a sweep as files: none of them may break it."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from nnexp.data import Dataset
from nnexp.errors import unknown
from nnexp.nn import Model, predict
from nnexp.plots import confusion_matrix, first_layer, save, sweep_figures, worst_mistakes
from nnexp.plots.style import png
from nnexp.results.tables import Results

ERRORS = "pictures_error.txt"  # beside the pictures: the traceback of those that could not be made


class Shown(NamedTuple):
    """A network whose weights and mistakes are drawn; `label`: whose they are."""

    model: Model
    dataset: Dataset
    label: str


def draw(
    results: Results, folder: Path, shown: Callable[[], Shown] | None = None
) -> tuple[list[Path], str | None]:
    """Write the pictures of a sweep, and of the network that `shown` gives, into `folder`.

    Returns the files, and in one line why some could not be made (None: all were).
    """
    files: list[Path] = []
    errors: list[Exception] = []
    plan, tables = results.plan, results.tables
    kinds: list[Callable[[], dict[str, Figure]]] = [lambda: dict(sweep_figures(plan, *tables))]
    if shown:
        kinds.append(lambda: {f"best_{name}": figure for name, figure in network_figures(shown())})
    for figures in kinds:
        try:
            for name, figure in figures().items():
                files += save(figure, folder, name)
        except Exception as error:  # whatever matplotlib, a font, the disk may do: the answer is there
            errors.append(error)
    return files, _noted(errors, folder)


def png_files(results: Results, more: Sequence[str] = ()) -> dict[str, bytes]:
    """File name -> the PNG of the sweep's main picture, and of `more` by name; none if no run finished.

    Raises:
        UserError: there is no picture of this name.
    """
    if not (results.tables.runs["status"] == "finished").any():
        return {}
    figures = sweep_figures(results.plan, *results.tables)
    for name in more:
        if name not in figures:
            raise unknown("picture", name, figures)
    return {f"{name}.png": png(figures[name]) for name in dict.fromkeys([next(iter(figures)), *more])}


def network_figures(shown: Shown) -> Iterator[tuple[str, Figure]]:
    """File name -> the pictures of one network, on the validation part of its data."""
    model, examples, shape = shown.model, shown.dataset.data.validation, shown.dataset.image_shape
    settings = model.hyperparameters
    outputs = predict(
        model.weights, model.biases, examples.inputs, activation=settings.activation, output=settings.output
    )
    if shape:
        yield "first_layer", first_layer(model.weights[0], shape, shown.label)
    yield "confusion_matrix", confusion_matrix(examples.labels, outputs, shown.label)
    if shape:
        images = examples.inputs.reshape(-1, *shape)
        yield "worst_mistakes", worst_mistakes(examples.labels, outputs, images, shown.label)


def _noted(errors: list[Exception], folder: Path) -> str | None:
    """Leave the tracebacks beside the pictures; the first error in one line."""
    path = folder / ERRORS
    with suppress(OSError):  # a full disk: the line below is all that can be told
        path.unlink(missing_ok=True)
        if errors:
            path.write_text("\n".join("".join(traceback.format_exception(error)) for error in errors))
    if not errors:
        return None
    first = (str(errors[0]).strip().splitlines() or [""])[0]
    return f"{type(errors[0]).__name__}: {first}; {path} has the traceback"
