"""What the networks of each point of a sweep answer together."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnexp.data import load
from nnexp.experiment.loaded_sweep import LoadedSweep
from nnexp.experiment.trained_network import Committee, TrainedNetwork
from nnexp.nn.examples import Examples
from nnexp.results.by_point import finished_ids


class Score(NamedTuple):
    """How the committee of a point does on validation data, beside the mean of its members' accuracies, from
    0 to 1; `members`: how many they are."""

    point: int
    label: str
    members: int
    alone: float
    together: float


def scores(sweep: LoadedSweep) -> Iterator[Score]:
    """Of each point of which a run finished.

    Raises:
        UserError: the weights or the data are not here.
    """
    plan, learnt = sweep.plan, set(finished_ids(sweep.plan, sweep.runs))
    read = lru_cache(maxsize=1)(load)
    for point, runs in enumerate(plan.runs_by_point):
        if learnt.isdisjoint(run.run_id for run in runs):
            continue
        committee, part = sweep.committee(**plan.settings_at(point)), read(runs[0].data).data.validation
        alone = float(np.mean([_right(member, part).mean() for member in committee.members]))
        together = float(_right(committee, part).mean())
        yield Score(point, committee.label, len(committee.members), alone, together)


def right_on_test(sweep: LoadedSweep, point: int) -> NDArray[np.bool_]:
    """Of each test example, whether the committee of a point is right."""
    plan = sweep.plan
    committee = sweep.committee(**plan.settings_at(point))
    return _right(committee, load(plan.runs_by_point[point][0].data).data.test)


def _right(network: TrainedNetwork | Committee, part: Examples) -> NDArray[np.bool_]:
    return np.asarray(network.predict(part.inputs) == part.labels)
