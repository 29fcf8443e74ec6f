"""From axes to points to runs: a pure function of the question; nothing here writes or trains."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from nnexp.data import Dataset, DataSpec, Judged, Sizes, judged, sizes_of
from nnexp.data.augment import AFFINE
from nnexp.errors import UserError
from nnexp.nn import Hyperparameters, check_augmentation, check_fit
from nnexp.nn.streams import follows_seed
from nnexp.sweep.question.identity import (
    formulas,
    identity_of_search,
    numerics_of,
    point_identity,
    run_id,
    sweep_id,
)
from nnexp.sweep.question.plan import Plan, Run, with_seed
from nnexp.sweep.question.points import (
    DATA_KNOBS,
    HYPERPARAMETERS,
    MOST,
    Question,
    axes_of,
    matching,
    points_of,
)
from nnexp.sweep.question.seeds import UntilDecided, checked_seeds
from nnexp.sweep.question.sources import source_axes
from nnexp.sweep.question.tuning import Tuning
from nnexp.text import count, spelled

Load: TypeAlias = Callable[[DataSpec], Dataset]
CHANGED_BESIDE = ("hidden_layers", "augment")  # by a list of sizes; where distortions are at zero


def make_plan(question: Question, base: Hyperparameters, base_data: DataSpec, load: Load) -> Plan:
    """Every run of the sweep, built and checked; with seeds until decided, every run that may come.

    `load` gives the data set of a specification.

    Raises:
        UserError: an axis, a value or a seed cannot be used, or two points are the same.
    """
    wanted = points_of(question)
    until = question.seeds if isinstance(question.seeds, UntilDecided) else None
    seeds = _seeds(question, len(wanted))
    now = formulas()
    points: list[dict[str, Any]] = []
    identities: list[dict[str, Any]] = []
    runs: list[Run] = []
    sizes: dict[Judged, Sizes] = {}
    chosen = question.settings or [{}] * len(wanted)
    for number, (point, setting) in enumerate(zip(wanted, chosen, strict=True)):
        hyperparameters, data = _at({**point, **setting}, base, base_data)
        dataset = load(data)
        if judged(data) not in sizes:
            sizes[judged(data)] = sizes_of(dataset.data)
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
    axes, home = tuple(axes_of(question)), Run("", base, base_data, 0)
    search = question.tuning if question.tuning and question.tuning.together and not question.trials else None
    identity_of_points = identity_of_search(search, home, load(base_data)) if search else identities
    return Plan(
        name=question.name,
        question=question.question,
        axes=axes,
        points=tuple(points),
        seeds=seeds,
        runs=tuple(runs),
        baseline=_baseline(question, wanted, points, home),
        sweep_id=sweep_id(axes, identity_of_points, until or seeds, question.tuning),
        numerics=numerics_of(run.settings for run in runs[:: len(seeds)]),
        timing=question.timing,
        target=question.target,
        claims=tuple(question.claims),
        sizes=sizes,
        until=until,
        tuning=question.tuning,
        trials=question.trials,
        stages=tuple(question.stage_results),
        home=home_of(search, home) if search else {},
    )


def home_of(tuning: Tuning, base: Run) -> dict[str, Any]:
    """What the base configuration says of what is tuned, and of what such a setting may change beside it."""
    return {name: base.settings[name] for name in dict.fromkeys((*tuning.names, *CHANGED_BESIDE))}


def with_points(plan: Plan, points: Sequence[Mapping[str, Any]], load: Load) -> Plan:
    """The plan of a search in rounds with these settings.

    Raises:
        UserError: one of them cannot be trained.
    """
    first = plan.runs[0]
    base = replace(first.hyperparameters, **{k: v for k, v in plan.home.items() if k in HYPERPARAMETERS})
    question = Question(plan.name, plan.question, {}, plan.seeds, points=points)
    made = make_plan(question, base, replace(first.data, augment=plan.home["augment"]), load)
    return replace(plan, points=made.points, runs=made.runs, numerics=made.numerics, sizes=made.sizes)


def every_run(plan: Plan, load: Load) -> Plan:
    """A frozen plan with every run that may come, as formulas and data make them now."""
    now, runs = formulas(), list[Run]()
    seeds = tuple(range(plan.until.most)) if plan.until else plan.seeds
    for first in plan.first_runs:
        numerics = now.digest(first.settings)
        identity = point_identity(first.hyperparameters, first.data, load(first.data), numerics)
        runs += (
            Run(run_id(identity, seed), with_seed(first.hyperparameters, seed), first.data, first.point)
            for seed in seeds
        )
    return replace(plan, seeds=seeds, runs=tuple(runs))


def settings_of(question: Question, base: Hyperparameters, base_data: DataSpec) -> list[dict[str, Any]]:
    """The settings of every point (their `seed` is the base's), without a look at any data set.

    Raises:
        UserError: an axis or a value cannot be used.
    """
    return [Run("", *_at(point, base, base_data), 0).settings for point in points_of(question)]


def _seeds(question: Question, points: int) -> tuple[int, ...]:
    """All seeds that a point may get."""
    rule = question.seeds
    if isinstance(rule, UntilDecided) and question.timing:
        raise UserError("sweep.timing takes a fixed number of seeds, such as sweep.seeds=5, and no until")
    if isinstance(rule, UntilDecided) and (sources := source_axes(tuple(axes_of(question)))):
        raise UserError(
            f"{sources[0]} as an axis takes a fixed number of seeds, such as sweep.seeds=5, and no until: "
            "seeds of streams that are crossed are not tested"
        )
    seeds = range(rule.most) if isinstance(rule, UntilDecided) else rule
    if points * len(seeds) > MOST:
        raise UserError(
            f"a sweep must have at most {MOST} runs, got {points * len(seeds)} ({count(points, 'point')} "
            f"x {count(len(seeds), 'seed')})"
        )
    return checked_seeds(seeds)


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
