"""The pictures of a sweep and of a network, by matplotlib and without pyplot. Import it late: it is slow.

Kinds: `along_axis` (a metric along one axis), `grids`, `parallel` (two axes, and more), `curves`, `monitors`
(over a training), `tuning`, `isolation`, `search`, `importance` (what was tried), `several_sweeps` (side by
side), `networks` (their weights and mistakes), `pair` (single runs).
What they share: `point_values`, `histories` (frames to numbers), `measures` (words and units),
`metric_scales`, `scales` (numbers to places), `dimensions` (settings to places), `style` (one look for
all). `pictures` writes files.
"""

from collections.abc import Callable
from functools import partial

import pandas as pd

from nnexp.plots.along_axis import metric_by_axis
from nnexp.plots.curves import accuracy_over_time, learning_curves, training_and_validation
from nnexp.plots.grids import heat_map
from nnexp.plots.importance import is_enough, search_importance
from nnexp.plots.isolation import isolation
from nnexp.plots.monitors import monitor_by_layer, monitors_of
from nnexp.plots.networks import confusion_matrix, first_layer, worst_mistakes
from nnexp.plots.parallel import parallel_coordinates
from nnexp.plots.point_values import leading_axis
from nnexp.plots.search import search_coordinates, search_history
from nnexp.plots.several_sweeps import sweeps_by_axis
from nnexp.plots.style import Picture, save
from nnexp.plots.tuning import tuning_curve
from nnexp.results.by_point import standing
from nnexp.results.trials import Trials, trials_in
from nnexp.sweep.question.plan import Plan, is_of_trials

__all__ = [
    "Picture",
    "accuracy_over_time",
    "confusion_matrix",
    "first_layer",
    "heat_map",
    "isolation",
    "learning_curves",
    "metric_by_axis",
    "monitor_by_layer",
    "parallel_coordinates",
    "save",
    "search_coordinates",
    "search_history",
    "search_importance",
    "sweep_pictures",
    "sweeps_by_axis",
    "training_and_validation",
    "tuning_curve",
    "worst_mistakes",
]


def sweep_pictures(
    plan: Plan, runs: pd.DataFrame, history: pd.DataFrame, trials: Trials | None = None
) -> dict[str, Callable[[], Picture]]:
    """File name -> what draws the picture, for all that fit the sweep's axes; the main one first.

    Who has the norms of gradients recorded asks about them: their picture is the main one then. Where no run
    ended an epoch, there are no curves. Last come those of the `trials` that a sweep rests on; a sweep of
    trials has no others.
    """
    if is_of_trials(plan):
        return _of_trials(trials_in(plan, runs))
    frames = (plan, runs, history)
    shown = standing(plan, runs).plan
    pictures: dict[str, Callable[[], Picture]] = {}
    monitors = {name: partial(monitor_by_layer, *frames, name) for name in monitors_of(plan, history)}
    if not shown.axes:
        if not history.empty:
            pictures["learning_curves"] = partial(training_and_validation, *frames)
        return {**pictures, **monitors, **_of_trials(trials)}
    if axis := leading_axis(shown):
        pictures[f"accuracy_by_{axis}"] = partial(metric_by_axis, plan, runs)
    elif len(shown.axes) == 2:
        pictures["heat_map"] = partial(heat_map, plan, runs)
    else:
        pictures["parallel_coordinates"] = partial(parallel_coordinates, plan, runs)
    if not history.empty:
        pictures["learning_curves"] = partial(learning_curves, *frames)
        pictures["accuracy_over_time"] = partial(accuracy_over_time, *frames)
    if history.get("dead_classes", pd.Series()).notna().any():
        pictures["dead_classes"] = partial(learning_curves, *frames, "dead_classes")
    gradients = any(name.startswith("gradient") for name in monitors)
    return {**(monitors | pictures if gradients else pictures | monitors), **_of_trials(trials)}


def _of_trials(trials: Trials | None) -> dict[str, Callable[[], Picture]]:
    """Those of what was tried: of a search, how it went; a picture of each hyperparameter that was tuned; and
    the tuning curve."""
    if trials is None or trials.plan.tuning is None:
        return {}
    names = trials.plan.tuning.names
    pictures: dict[str, Callable[[], Picture]] = {}
    if trials.plan.tuning.finalists is not None:
        pictures["search_history"] = partial(search_history, trials)
        if len(names) > 1:
            pictures["search_coordinates"] = partial(search_coordinates, trials)
            if is_enough(trials):
                pictures["search_importance"] = partial(search_importance, trials)
    pictures |= {f"isolation_{name}": partial(isolation, trials, name) for name in names}
    return pictures | {"tuning_curve": partial(tuning_curve, trials)}
