"""What is odd about runs, in words for people: they can be trained, but hardly as they were meant."""

from collections.abc import Sequence

from nnexp import data
from nnexp.nn.knobs import USUAL_LEARNING_RATES
from nnexp.sweep.pool.estimate import Load
from nnexp.sweep.question.plan import Run

FEW = 100  # examples behind a curvature: below, it is mostly noise
TOO_LARGE = 10.0  # times the largest usual rate: from there on, digits are learned badly or not at all


def advice_lines(runs: Sequence[Run], load: Load) -> list[str]:
    """A line for each thing that the user should know before these runs train."""
    lines = _large_rates(runs) + _curvature(runs)
    for spec in dict.fromkeys(run.data for run in runs):
        lines += data.advice(spec, load(spec))
    return list(dict.fromkeys(lines))


def _large_rates(runs: Sequence[Run]) -> list[str]:
    """A line for each optimizer of which even the smallest learning rate is far too large."""
    smallest: dict[str, float] = {}
    for h in (run.hyperparameters for run in runs):
        smallest[h.optimizer] = min(h.learning_rate, smallest.get(h.optimizer, h.learning_rate))
    lines = []
    for optimizer, rate in smallest.items():
        low, high = USUAL_LEARNING_RATES.get(optimizer, (0.0, rate))
        if rate >= TOO_LARGE * high:
            lines.append(
                f"optimizer={optimizer}: learning_rate={rate:g} is far too large, as its steps have a scale "
                f"of their own; {low:g} to {high:g} is usual"
            )
    return lines


def _curvature(runs: Sequence[Run]) -> list[str]:
    """Over which examples the curvature is taken, where it is."""
    sizes = {run.hyperparameters.batch_size for run in runs if run.hyperparameters.optimizer == "newton_cg"}
    if not sizes:
        return []
    values = ", ".join(map(str, sorted(sizes)))
    line = f"optimizer=newton_cg: gradient and curvature are taken over each mini-batch, batch_size={values}"
    if min(sizes) >= FEW:
        return [line]
    return [f"{line}; fewer than {FEW} examples tell little of it, 1000 or the whole set is usual"]
