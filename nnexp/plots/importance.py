"""Which hyperparameters the outcome of a search hangs on."""

import numpy as np
from numpy.typing import NDArray

from nnexp.plots.dimensions import places
from nnexp.plots.point_values import on_data
from nnexp.plots.style import HEIGHT, POINT, WIDTH, Picture, panel, picture, write_notes
from nnexp.results.trials import PENDING, Trials
from nnexp.statistics.importance import LEAST_ROWS, importance
from nnexp.sweep.question.samplers import ASKED
from nnexp.text import count


def is_enough(trials: Trials) -> bool:
    """Whether enough settings have ended, and differ in accuracy."""
    accuracy = _accuracies(trials)
    return len(accuracy) >= LEAST_ROWS and len(set(accuracy)) > 1


def search_importance(trials: Trials) -> Picture:
    """Of each hyperparameter the share of the variance that hangs on it, alone or together with others, most
    first; with 95 % intervals. It is the variance of the settings' ranks, so that how bad a bad setting is
    plays no part. One that the pruner ended counts with what it had reached by then, one that diverged or
    failed as the worst."""
    plan = trials.plan
    assert plan.tuning
    settings = [plan.points[k] for k in np.flatnonzero(trials.outcome[0] != PENDING)]
    table = np.column_stack([places(dimension, settings) for dimension in plan.tuning.space])
    result = importance(table, _accuracies(trials))
    order = np.argsort(result.share)
    names = [plan.tuning.names[k] for k in order]
    share, low, high = (100 * np.clip(part[order], 0, 1) for part in result[:3])
    figure = picture(
        f"Importance of hyperparameters{on_data(plan)}", WIDTH, max(0.5 * HEIGHT, 2 + 0.35 * len(names))
    )
    axes = panel(figure, "share of the variance between settings (%)", "")
    rows = np.arange(len(names))
    axes.hlines(rows, low, high, color=POINT, linewidth=2, label="_interval")
    axes.plot(share, rows, linestyle="none", marker="o", color=POINT, markersize=8, label="_share")
    axes.set_yticks(rows, names)
    axes.set_xlim(-0.02 * max(high), 1.05 * max(high) or 1.0)
    axes.set_ylim(-0.6, len(names) - 0.4)
    asked = plan.tuning.sampler in ASKED
    notes = [
        f"By a forest over the ranks of {count(len(settings), 'setting')}, of which it explains "
        f"{max(100 * result.explained, 0):.0f} % in settings that it has not seen",
        "Alone or together with others, so that shares may add up to more than 100",
        "Lines: 95 % intervals by the bootstrap over settings, cut at 0 and 100, beyond which no share lies",
        *(
            [f"{plan.tuning.sampler} tried most where it had found good ones, and the shares hold there"]
            * asked
        ),
    ]
    write_notes(figure, notes)
    return figure


def _accuracies(trials: Trials) -> NDArray[np.float64]:
    """Of settings that have ended: what they reached, 0 where one diverged or failed."""
    return np.asarray(np.nan_to_num(trials.reached[0, trials.outcome[0] != PENDING]))
