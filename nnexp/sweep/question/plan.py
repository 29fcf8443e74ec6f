"""From axes to points to runs: a pure function of the question; nothing here writes or trains."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from nnexp.data import Dataset, DataSpec
from nnexp.data.augment import AFFINE
from nnexp.errors import UserError
from nnexp.nn import Hyperparameters, check_augmentation, check_fit
from nnexp.nn.streams import follows_seed
from nnexp.sweep.question.identity import formulas, numerics_of, point_identity, run_id, sweep_id
from nnexp.sweep.question.points import (
    AXES,
    DATA_KNOBS,
    HYPERPARAMETERS,
    MOST,
    SETTINGS,
    Question,
    axes_of,
    matching,
    points_of,
)
from nnexp.text import count, spelled

__all__ = [
    "AXES",
    "DATA_KNOBS",
    "HYPERPARAMETERS",
    "SETTINGS",
    "Plan",
    "Question",
    "Run",
    "make_plan",
    "settings_of",
]


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
class Plan:
    """All points x replicates that answer one question (points in the order of `points_of`, seeds within)."""

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

    @property
    def first_runs(self) -> tuple[Run, ...]:
        """The first run of each point."""
        return self.runs[:: len(self.seeds)]

    @property
    def shared(self) -> dict[str, Any]:
        """The settings that all runs share; without the depth where lists of sizes fix it."""
        networks = [
            (run.hyperparameters.hidden_size, run.hyperparameters.hidden_layers) for run in self.first_runs
        ]
        listed = all(isinstance(size, tuple) for size, _ in networks)
        fixed = ["hidden_layers"] if listed or len({depth for _, depth in networks}) > 1 else []
        left_out = {*self.axes, *fixed, "seed"}
        return {name: value for name, value in self.runs[0].settings.items() if name not in left_out}

    @property
    def changed(self) -> dict[str, Any]:
        """The settings of all runs that are not at their default."""
        usual = Run("", Hyperparameters(), DataSpec(), 0).settings
        return {name: value for name, value in self.shared.items() if value != usual[name]}

    def label(self, run: Run) -> str:
        """What varies, exactly: `batch_size=32 seed=0`; without axes, what is not at its default."""
        settings = self.points[run.point] if self.axes else self.changed
        return " ".join(f"{name}={spelled(value)}" for name, value in (settings | {"seed": run.seed}).items())


def make_plan(
    question: Question, base: Hyperparameters, base_data: DataSpec, load: Callable[[DataSpec], Dataset]
) -> Plan:
    """Every run of the sweep, built and checked. `load` gives the data set of a specification.

    Raises:
        UserError: an axis, a value or a seed cannot be used, or two points are the same.
    """
    wanted = points_of(question)
    seeds = _checked_seeds(question.seeds, len(wanted))
    now = formulas()
    points: list[dict[str, Any]] = []
    identities: list[dict[str, Any]] = []
    runs: list[Run] = []
    for number, point in enumerate(wanted):
        hyperparameters, data = _at(point, base, base_data)
        dataset = load(data)
        check_fit([hyperparameters], dataset.data)
        distorted = data.augment != "none"
        check_augmentation([hyperparameters], distorted)
        if len(seeds) > 1 and not follows_seed(hyperparameters, distorted):
            raise UserError(
                f"sweep.seeds must name one seed, got {len(seeds)}: all that is drawn at point {number + 1} "
                "has a seed of its own, so that its runs would be one"
            )
        settings = Run("", hyperparameters, data, number).settings
        identity = point_identity(hyperparameters, data, dataset, now.digest(settings))
        for seed in seeds:
            runs.append(Run(run_id(identity, seed), with_seed(hyperparameters, seed), data, number))
        identities.append(identity)
        points.append({axis: settings[axis] for axis in point})
    _check_distinct(points, runs, len(seeds))
    axes = tuple(axes_of(question))
    return Plan(
        name=question.name,
        question=question.question,
        axes=axes,
        points=tuple(points),
        seeds=seeds,
        runs=tuple(runs),
        baseline=_baseline(question, wanted, points, Run("", base, base_data, 0)),
        sweep_id=sweep_id(axes, identities, seeds),
        numerics=numerics_of(run.settings for run in runs[:: len(seeds)]),
        timing=question.timing,
        target=question.target,
        claims=tuple(question.claims),
    )


def settings_of(question: Question, base: Hyperparameters, base_data: DataSpec) -> list[dict[str, Any]]:
    """The settings of every point (their `seed` is the base's), without a look at any data set.

    Raises:
        UserError: an axis or a value cannot be used.
    """
    return [Run("", *_at(point, base, base_data), 0).settings for point in points_of(question)]


def with_seed(hyperparameters: Hyperparameters, seed: int) -> Hyperparameters:
    """The same with another seed, checked before: `replace` would check all of the values again."""
    replicate = copy(hyperparameters)
    object.__setattr__(replicate, "seed", seed)
    return replicate


def _checked_seeds(seeds: Sequence[int], points: int) -> tuple[int, ...]:
    if points * len(seeds) > MOST:
        raise UserError(
            f"a sweep must have at most {MOST} runs, got {points * len(seeds)} ({count(points, 'point')} "
            f"x {count(len(seeds), 'seed')})"
        )
    if not seeds:
        raise UserError("sweep.seeds must name at least one seed, got none")
    for seed in seeds:
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise UserError(f"sweep.seeds must be integers >= 0, got {seed!r}")
        Hyperparameters(seed=seed)  # what else it takes
    if len(set(seeds)) < len(seeds):
        raise UserError(f"sweep.seeds must differ, got {list(seeds)}")
    return tuple(seeds)


def _at(
    point: Mapping[str, Any], base: Hyperparameters, base_data: DataSpec
) -> tuple[Hyperparameters, DataSpec]:
    """The base configuration with the point's values in place.

    Raises:
        UserError: a value cannot be used, or the point names another depth than its list of sizes has.
    """
    knobs = {("name" if k == "data" else k): v for k, v in point.items() if k in ("data", *DATA_KNOBS)}
    values = {k: v for k, v in point.items() if k in HYPERPARAMETERS}
    if "hidden_size" in values and isinstance(base.hidden_size, tuple):  # which fixed the base's depth
        values = {"hidden_layers": 1} | values
    hyperparameters = replace(base, **values)
    depth = hyperparameters.hidden_layers
    if (asked := point.get("hidden_layers", depth)) != depth:
        sizes = spelled(hyperparameters.hidden_size)
        raise UserError(
            f"hidden_layers={asked} does not fit hidden_size={sizes}, which are {count(depth, 'layer')}: "
            "sweep.exclude leaves such a point out"
        )
    data = replace(base_data, **knobs)
    if knobs.keys() & data.amplitudes.keys() and data.augment in AFFINE and not any(data.amplitudes.values()):
        data = replace(data, augment="none")  # an axis that begins at no distortion at all
    return hyperparameters, data


def _check_distinct(points: Sequence[Mapping[str, Any]], runs: Sequence[Run], seeds: int) -> None:
    seen: dict[str, int] = {}
    for number, point in enumerate(points):
        first = seen.setdefault(runs[number * seeds].run_id, number)
        if first != number:
            raise UserError(f"points must differ, but points {first + 1} and {number + 1} are both {point}")


def _baseline(
    question: Question, wanted: Sequence[Mapping[str, Any]], points: Sequence[Mapping[str, Any]], home: Run
) -> int:
    """The asked-for point, else the base configuration's, else the first."""
    if question.baseline is not None:
        return matching(wanted, question.baseline, "sweep.baseline")[0]
    settings = home.settings
    return next((i for i, p in enumerate(points) if all(p[k] == settings[k] for k in p)), 0)
