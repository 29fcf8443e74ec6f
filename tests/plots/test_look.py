"""What every picture promises: nothing overlaps or is cut off, small files, the same bytes each time."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from PIL import Image

from nnexp import plots
from tests.plots.test_plots import frames, sweep
from tests.results.sweeps import make_plan, make_record, make_records

SWEEPS: dict[str, dict[str, list[Any]]] = {
    "run": {},
    "log": {"batch_size": [1, 5, 10, 20, 50, 100, 300]},
    "with zero": {"lambda_l2": [0.0, 0.01, 0.1, 1.0, 5.0, 10.0]},
    "crowded": {"learning_rate": [0.01, 0.011, 0.012, 0.0125, 0.5, 1.0, 1.1, 1.25, 2.0, 3.0, 1e9, 1e30]},
    "words": {"initializer": ["standard_normal", "lecun_normal", "glorot_uniform", "he_uniform"]},
    "lists": {"classes": [None, (0, 1), (0, 1, 2, 3, 4, 5, 6, 7)]},
    "two axes": {"learning_rate": [0.1, 0.5, 1.0], "hidden_size": [5, 10, 20, 30, 60]},
    "wide": {"batch_size": list(range(1, 15)), "initializer": ["standard_normal", "glorot_uniform"]},
    "three": {"learning_rate": [0.1, 0.5], "batch_size": [10, 50], "activation": ["sigmoid", "tanh", "relu"]},
    "four": {"schedule_epochs": [1, 2], "bias_initializer": ["zeros", "standard_normal"],
             "hidden_layers": [1, 2], "schedule": ["constant", "exponential"]},
}  # fmt: skip


def texts(figure: plots.Picture) -> list[Text]:
    """All texts that are seen. (matplotlib keeps ticks outside an axis's limits, undrawn.)"""
    hidden = set()
    for axis in figure.findobj(Axis):
        low, high = sorted(axis.get_view_interval())
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            if not low <= tick.get_loc() <= high or not axis.axes.axison:
                hidden |= {tick.label1, tick.label2}
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and t not in hidden]


def check_layout(figure: plots.Picture) -> None:
    figure.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts(figure)]
    whole = figure.bbox
    for words, box in boxes:
        assert whole.x0 <= box.x0, f"{words!r} is cut off"
        assert whole.y0 <= box.y0, f"{words!r} is cut off"
        assert box.x1 <= whole.x1, f"{words!r} is cut off"
        assert box.y1 <= whole.y1, f"{words!r} is cut off"
    for (one, a), (other, b) in combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        up = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across <= 1 or up <= 1, f"{one!r} lies over {other!r}"
    for axes in figure.axes:
        if axes.get_legend():
            assert not axes.get_legend().get_window_extent().overlaps(axes.get_window_extent())


@pytest.mark.parametrize("name", SWEEPS)
def test_no_text_overlaps_another_or_the_edge(name: str) -> None:
    for draw in plots.sweep_pictures(*sweep(SWEEPS[name])[:3]).values():
        check_layout(draw())


def test_no_text_overlaps_where_runs_diverged() -> None:
    for axes in ({"learning_rate": [0.01, 0.1, 1.0, 10.0, 20.0, 30.0]}, {"classes": [None, (0, 1), (3, 8)]}):
        plan = make_plan(axes, 3)
        records = make_records(plan, np.full((len(plan.points), 3), 0.9))
        for run in plan.runs:
            if run.point >= 2 or run.hyperparameters.seed == 2:
                records[run.run_id] = make_record(run, None, "diverged")
        for draw in plots.sweep_pictures(*frames(plan, records)[:3]).values():
            check_layout(draw())


def test_files_are_small_and_svg_is_the_same_each_time(tmp_path: Path) -> None:
    sweep_frames = sweep({"batch_size": [1, 5, 10, 20, 50, 100, 300]}, seeds=5)
    for name, draw in plots.sweep_pictures(*sweep_frames[:3]).items():
        figure = draw()
        png, svg = plots.save(figure, tmp_path, name)
        assert (png.name, svg.name) == (f"{name}.png", f"{name}.svg")
        assert png.stat().st_size < 150_000
        with Image.open(png) as image:
            assert image.size == tuple((150 * figure.get_size_inches()).round())
        first = svg.read_bytes()
        plots.save(draw(), tmp_path, name)
        assert svg.read_bytes() == first
        assert b"<dc:date>" not in first
    assert len(list(tmp_path.iterdir())) == 6


def test_a_figure_shows_itself_in_a_notebook() -> None:
    plan, runs, history, _ = sweep({})
    figure = plots.training_and_validation(plan, runs, history)
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_the_two_panels_of_a_run_show_both_parts_of_the_data() -> None:
    plan, runs, history, _ = sweep({}, seeds=1)
    accuracy, cost = plots.training_and_validation(plan, runs, history).axes
    for axes, what, factor in ((accuracy, "accuracy", 100), (cost, "cost", 1)):
        for line, part in zip(axes.lines, ("training", "validation"), strict=True):
            assert line.get_label() == part
            np.testing.assert_allclose(line.get_ydata(), factor * history[f"{part}_{what}"].to_numpy(float))


def test_lines_differ_without_their_colours() -> None:
    plan, runs, history, _ = sweep({"batch_size": list(range(1, 11))}, seeds=1)
    axes = plots.learning_curves(plan, runs, history).axes[0]
    with_name = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
    assert len({(line.get_marker(), line.get_linestyle()) for line in with_name}) == len(with_name) == 8
    greys = [grey(line.get_color()) for line in with_name]
    assert (np.diff(greys) < -0.02).all()  # dark is more
    assert greys[0] < 0.7  # dark enough on white


def grey(color: Any) -> float:
    """How light a colour is in print, 0 to 1."""
    return float(np.dot(to_rgb(color), [0.299, 0.587, 0.114]))


def test_dark_means_high_in_every_picture() -> None:
    plan, runs, *_ = sweep({"batch_size": [10, 20], "dropout": [0.0, 0.5]})
    cells = plots.heat_map(plan, runs).axes[0].collections[0]
    shades = [grey(cells.cmap(cells.norm(value))) for value in np.sort(np.asarray(cells.get_array()).ravel())]
    assert (np.diff(shades) < 0).all()
    paths = plots.parallel_coordinates(plan, runs).axes[0].collections[0]
    heights = [path.vertices[-1, 1] for path in paths.get_paths()]
    assert heights == sorted(heights)
    assert (np.diff([grey(color) for color in paths.get_colors()]) < 0).all()
