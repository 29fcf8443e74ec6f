"""A plan: every run that answers a question."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nnexp.data import DataSpec, Judged, Sizes, judged
from nnexp.nn import Hyperparameters
from nnexp.sweep.question.points import DATA_KNOBS
from nnexp.sweep.question.seeds import UntilDecided
from nnexp.sweep.question.tuning import Tuning
from nnexp.text import count, spelled


@dataclass(frozen=True)
class Run:
    """One training of one network. `point` numbers the combination of axis values, from 0."""

    run_id: str
    hyperparameters: Hyperparameters
    data: DataSpec
    point: int

    @property
    def seed(self) -> int:
        return self.hyperparameters.seed

    @property
    def settings(self) -> dict[str, Any]:
        """Every hyperparameter and data knob, flat, by its one name, in CSV order."""
        knobs = {name: getattr(self.data, name) for name in DATA_KNOBS}
        return {"data": self.data.name} | knobs | vars(self.hyperparameters)


@dataclass(frozen=True)
class StageResult:
    """What a study took from one of its stages.

    `sweep`: NAME/ID of the stage; `why`: in words; `accuracy`: validation accuracy at its best point;
    `asked`: a digest of what the sweep file says of the stage.
    """

    stage: str
    sweep: str
    took: Mapping[str, Any]
    why: str
    accuracy: float | None = None
    asked: str = ""


@dataclass(frozen=True)
class Plan:
    """The runs that answer one question: points in the order of `points_of`, seeds within.

    Every point has all of `seeds`; where they go on until decided, each has the first of them, so many as
    its rounds gave it.
    """

    name: str
    question: str
    axes: tuple[str, ...]
    points: tuple[dict[str, Any], ...]  # axis -> value, one per point
    seeds: tuple[int, ...]
    runs: tuple[Run, ...]
    baseline: int  # number of the point that the others are compared with
    sweep_id: str
    numerics: str = ""  # digest of the formulas that the runs use
    timing: bool = False  # whether the runs train one at a time, so that their seconds are their own
    target: float | None = None  # validation accuracy: when each run reaches it is told
    claims: tuple[Mapping[str, Any], ...] = ()  # plain values, as the sweep file has them
    sizes: Mapping[Judged, Sizes] = field(default_factory=dict)  # of every data set in it
    until: UntilDecided | None = None  # the rule for seeds, where it is no list
    tuning: Tuning | None = None  # what is tried, where this is a sweep of trials or rests on one
    trials: str = ""  # NAME/ID of the sweep of trials that chose settings for this one's points
    stages: tuple[StageResult, ...] = ()  # of a study, what its settings come from
    home: Mapping[str, Any] = field(default_factory=dict)  # of a search in rounds: `planner.home_of`
    floors: Mapping[int, float] = field(default_factory=dict)  # of its last round: see `pruners.floors`

    @cached_property
    def runs_by_point(self) -> tuple[tuple[Run, ...], ...]:
        """The runs of each point, seeds in order."""
        runs: list[list[Run]] = [[] for _ in self.points]
        for run in self.runs:
            runs[run.point].append(run)
        return tuple(map(tuple, runs))

    @property
    def first_runs(self) -> tuple[Run, ...]:
        """The first run of each point."""
        return tuple(runs[0] for runs in self.runs_by_point)

    def sizes_at(self, point: int) -> Sizes:
        """Of the data set of a point's runs."""
        return self.sizes[judged(self.runs_by_point[point][0].data)]

    @property
    def shape(self) -> str:
        """`7 points x 5 seeds`, or `7 points, 5 to 12 seeds each`."""
        points, seeds = count(len(self.points), "point"), [len(runs) for runs in self.runs_by_point]
        least, most = min(seeds), max(seeds)
        if least == most:
            return f"{points} x {count(most, 'seed')}"
        return f"{points}, {least} to {most} seeds each"

    @property
    def shared(self) -> dict[str, Any]:
        """The settings that all runs share; without the depth where lists of sizes fix it."""
        networks = [
            (run.hyperparameters.hidden_size, run.hyperparameters.hidden_layers) for run in self.first_runs
        ]
        listed = all(isinstance(size, tuple) for size, _ in networks)
        fixed = ["hidden_layers"] if listed or len({depth for _, depth in networks}) > 1 else []
        left_out = {*self.axes, *self.tuned, *fixed, "seed"}
        return {name: value for name, value in self.runs[0].settings.items() if name not in left_out}

    @property
    def changed(self) -> dict[str, Any]:
        """The settings of all runs that are not at their default."""
        usual = Run("", Hyperparameters(), DataSpec(), 0).settings
        return {name: value for name, value in self.shared.items() if value != usual[name]}

    @property
    def is_search(self) -> bool:
        """Whether it tries settings in rounds: more may follow from how these do."""
        return is_of_trials(self) and self.tuning is not None and self.tuning.together is not None

    @property
    def tuned(self) -> tuple[str, ...]:
        """The hyperparameters that were chosen for each point, and are no axes."""
        names = self.tuning.names if self.tuning and self.trials else ()
        return tuple(name for name in names if name not in self.axes)

    def settings_at(self, point: int) -> dict[str, Any]:
        """What distinguishes the runs of a point: its values of the axes, and what was chosen for it."""
        settings = self.runs_by_point[point][0].settings if self.tuned else {}
        return self.points[point] | {name: settings[name] for name in self.tuned}

    def is_drawn(self, point: int, name: str) -> bool:
        """Whether a setting of a point is one of its own: False for a hyperparameter that is tuned under a
        condition which does not hold there, so that it has its base value."""
        space = self.tuning.space if self.tuning else ()
        dimension = next((each for each in space if each.name == name), None)
        return dimension is None or dimension.domain(self.settings_at(point)) is not None

    def texts_at(self, point: int) -> dict[str, str]:
        """What distinguishes the runs of a point as a table has it: `-` where it is not drawn."""
        settings = self.settings_at(point).items()
        return {n: spelled(value) if self.is_drawn(point, n) else "-" for n, value in settings}

    def label(self, run: Run) -> str:
        """What varies, exactly: `batch_size=32 seed=0`; without axes, what is not at its default."""
        settings = self.settings_at(run.point) if self.axes or self.tuned else self.changed
        return " ".join(f"{name}={spelled(value)}" for name, value in (settings | {"seed": run.seed}).items())


def is_of_trials(plan: Plan) -> bool:
    """Whether its points are settings that are tried."""
    return plan.tuning is not None and not plan.trials


def with_seed(hyperparameters: Hyperparameters, seed: int) -> Hyperparameters:
    """The same with another seed, checked before: `replace` would check all of the values again."""
    replicate = copy(hyperparameters)
    object.__setattr__(replicate, "seed", seed)
    return replicate
