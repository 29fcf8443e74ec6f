"""From axes to points to runs: a pure function of the question; nothing here writes or trains."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import product
from typing import Any

from nnexp.data import Dataset, DataSpec
from nnexp.nn import Hyperparameters, UserError, check_fit
from nnexp.nn.errors import unknown
from nnexp.sweep.identity import numerics_digest, run_id, sweep_id

HYPERPARAMETERS = tuple(f.name for f in fields(Hyperparameters))
DATA_KNOBS = tuple(f.name for f in fields(DataSpec) if f.name not in ("name", "root", "path"))
SETTINGS = ("data", *DATA_KNOBS, *HYPERPARAMETERS)
AXES = tuple(name for name in SETTINGS if name not in ("seed", "monitor"))


@dataclass(frozen=True)
class Question:
    """What a sweep asks: `axes` (name -> values), `seeds`, and the partial point to compare with."""

    name: str
    question: str
    axes: Mapping[str, Sequence[Any]]
    seeds: Sequence[int]
    baseline: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Run:
    """One training of one network. `point` numbers the combination of axis values, from 0."""

    run_id: str
    hyperparameters: Hyperparameters
    data: DataSpec
    point: int

    @property
    def settings(self) -> dict[str, Any]:
        """Every hyperparameter and data knob, flat, by its one name, in CSV order."""
        knobs = {name: getattr(self.data, name) for name in DATA_KNOBS}
        return {"data": self.data.name} | knobs | asdict(self.hyperparameters)


@dataclass(frozen=True)
class Plan:
    """All points x replicates that answer one question (points in axis order, seeds within a point)."""

    name: str
    question: str
    axes: tuple[str, ...]
    points: tuple[dict[str, Any], ...]  # axis -> value, one per point
    seeds: tuple[int, ...]
    runs: tuple[Run, ...]
    baseline: int  # number of the point that the others are compared with
    sweep_id: str

    def label(self, run: Run) -> str:
        """What varies, exactly: `batch_size=32 seed=0`; without axes, what is not at its default."""
        told = self.points[run.point]
        if not self.axes:
            usual = Run("", Hyperparameters(), DataSpec(), 0).settings
            told = {k: v for k, v in run.settings.items() if v != usual[k] and k != "seed"}
        return " ".join([*(f"{k}={spelled(v)}" for k, v in told.items()), f"seed={run.hyperparameters.seed}"])


def spelled(value: object) -> str:
    """A setting as one types it on the command line: `[0,1]` for a list, `null` for none."""
    if isinstance(value, list | tuple):
        return f"[{','.join(spelled(item) for item in value)}]"
    return "null" if value is None else str(value)


def make_plan(
    question: Question, base: Hyperparameters, base_data: DataSpec, load: Callable[[DataSpec], Dataset]
) -> Plan:
    """Every run of the sweep, built and checked. `load` gives the data set of a specification.

    Raises:
        UserError: an axis, a value or a seed cannot be used, or two points are the same.
    """
    _check_axes(question.axes)
    seeds = _checked_seeds(question.seeds)
    wanted = [dict(zip(question.axes, values, strict=True)) for values in product(*question.axes.values())]
    numerics = numerics_digest()
    points: list[dict[str, Any]] = []
    runs: list[Run] = []
    for number, point in enumerate(wanted):
        hyperparameters, data = _at(point, base, base_data)
        dataset = load(data)
        check_fit([hyperparameters], dataset.data)
        for seed in seeds:
            replicate = replace(hyperparameters, seed=seed)
            identity = run_id(replicate, data, dataset, numerics)
            runs.append(Run(identity, replicate, data, number))
        points.append({axis: runs[-1].settings[axis] for axis in point})
    _check_distinct(points, runs, len(seeds))
    return Plan(
        name=question.name,
        question=question.question,
        axes=tuple(question.axes),
        points=tuple(points),
        seeds=seeds,
        runs=tuple(runs),
        baseline=_baseline(question, points, base, base_data),
        sweep_id=sweep_id([run.run_id for run in runs]),
    )


def _check_axes(axes: Mapping[str, Sequence[Any]]) -> None:
    for name, values in axes.items():
        if name == "seed":
            raise UserError("seed is not an axis: every point gets the same seeds, set sweep.seeds instead")
        if name not in AXES:
            raise unknown("axis", name, AXES)
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise UserError(f"sweep.axes.{name} must be a list of values, got {values!r}")
        if not values:
            raise UserError(f"sweep.axes.{name} must have at least one value, got []")


def _checked_seeds(seeds: Sequence[int]) -> tuple[int, ...]:
    if not seeds:
        raise UserError("sweep.seeds must name at least one seed, got none")
    for seed in seeds:
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise UserError(f"sweep.seeds must be integers >= 0, got {seed!r}")
    if len(set(seeds)) < len(seeds):
        raise UserError(f"sweep.seeds must differ, got {list(seeds)}")
    return tuple(seeds)


def _at(
    point: Mapping[str, Any], base: Hyperparameters, base_data: DataSpec
) -> tuple[Hyperparameters, DataSpec]:
    """The base configuration with the point's values in place."""
    knobs = {("name" if k == "data" else k): v for k, v in point.items() if k in ("data", *DATA_KNOBS)}
    values = {k: v for k, v in point.items() if k in HYPERPARAMETERS}
    return replace(base, **values), replace(base_data, **knobs)


def _check_distinct(points: Sequence[Mapping[str, Any]], runs: Sequence[Run], seeds: int) -> None:
    seen: dict[str, int] = {}
    for number, point in enumerate(points):
        first = seen.setdefault(runs[number * seeds].run_id, number)
        if first != number:
            raise UserError(f"points must differ, but points {first + 1} and {number + 1} are both {point}")


def _baseline(
    question: Question, points: Sequence[Mapping[str, Any]], base: Hyperparameters, base_data: DataSpec
) -> int:
    """The asked-for point, else the base configuration's, else the first."""
    if question.baseline is not None:
        for axis in question.baseline:
            if axis not in question.axes:
                raise unknown("axis in sweep.baseline", axis, question.axes)
        asked = Run("", *_at(question.baseline, base, base_data), 0).settings
        matches = [i for i, p in enumerate(points) if all(p[k] == asked[k] for k in question.baseline)]
        if not matches:
            raise UserError(f"sweep.baseline must be a point of the sweep, got {dict(question.baseline)}")
        return matches[0]
    home = Run("", base, base_data, 0).settings
    return next((i for i, p in enumerate(points) if all(p[k] == home[k] for k in p)), 0)
