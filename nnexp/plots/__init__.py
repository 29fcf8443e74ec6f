"""The pictures of a sweep and of a network, by matplotlib and without pyplot. Import it late: it is slow.

`points`: a metric along one axis; `curves`: over a training; `grids`, `parallel`: two axes, and more;
`networks`: weights and mistakes; `scales`, `histories`: from frames to places; `style`: one look for all.
"""

import pandas as pd

from nnexp.plots.along_axis import leading_axis, metric_by_axis
from nnexp.plots.curves import accuracy_over_time, learning_curves, training_and_validation
from nnexp.plots.grids import heat_map
from nnexp.plots.networks import confusion_matrix, first_layer, worst_mistakes
from nnexp.plots.parallel import parallel_coordinates
from nnexp.plots.style import Picture, save
from nnexp.sweep.question.plan import Plan

__all__ = [
    "Picture",
    "accuracy_over_time",
    "confusion_matrix",
    "first_layer",
    "heat_map",
    "learning_curves",
    "metric_by_axis",
    "parallel_coordinates",
    "save",
    "sweep_figures",
    "training_and_validation",
    "worst_mistakes",
]


def sweep_figures(
    plan: Plan, runs: pd.DataFrame, history: pd.DataFrame, summary: pd.DataFrame
) -> dict[str, Picture]:
    """File name -> the pictures that fit the sweep's axes, from its three CSV files.

    Without a history, as results are published, there are no curves.
    """
    figures: dict[str, Picture] = {}
    if not plan.axes and history.empty:
        return {}
    if not plan.axes:
        return {"learning_curves": training_and_validation(plan, runs, history)}
    if axis := leading_axis(plan):
        figures[f"accuracy_by_{axis}"] = metric_by_axis(plan, runs, summary)
    elif len(plan.axes) == 2:
        figures["heat_map"] = heat_map(plan, runs, summary)
    else:
        figures["parallel_coordinates"] = parallel_coordinates(plan, runs, summary)
    if history.empty:
        return figures
    figures["learning_curves"] = learning_curves(plan, runs, history)
    figures["accuracy_over_time"] = accuracy_over_time(plan, runs, history)
    return figures
