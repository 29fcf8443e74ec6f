"""A plan as the plain values of its file, and back."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nnexp.data import DataSpec, Judged, Sizes, judged
from nnexp.nn import Hyperparameters
from nnexp.sweep.question.identity import NEUTRAL_VALUES
from nnexp.sweep.question.plan import Plan, Run, StageResult, with_seed
from nnexp.sweep.question.points import HYPERPARAMETERS
from nnexp.sweep.question.seeds import SeedRule, UntilDecided
from nnexp.sweep.question.seeds import as_written as written_seeds
from nnexp.sweep.question.tuning import Tuning, read_tuning
from nnexp.sweep.question.tuning import as_written as written_tuning

HOME = "home"  # of a search in rounds: see `Plan`


def values_of(plan: Plan, started: str) -> dict[str, Any]:
    """What the file says of a plan, for YAML, first what its head says. `started`: ISO 8601, UTC."""
    first = plan.runs[0]
    values: dict[str, Any] = {
        "name": plan.name,
        "sweep_id": plan.sweep_id,
        "started": started,
        "question": plan.question,
        "data": list(dict.fromkeys(run.data.name for run in plan.first_runs)),
        "axes": plan.axes,
        "changed": plan.changed,
        "seeds": written_seeds(plan.until or plan.seeds),
        "points": [plan.settings_at(number) for number in range(len(plan.points))],
        "baseline": plan.baseline,
        "numerics": plan.numerics,
        "timing": plan.timing,
        "target": plan.target,
        "claims": plan.claims,
        "settings": plan.shared,
        "sizes": [{"of": where._asdict(), **sizes._asdict()} for where, sizes in plan.sizes.items()],
        "places": {"root": first.data.root, "path": first.data.path},
    }
    if plan.tuning:
        values |= {"tuning": written_tuning(plan.tuning), "trials": plan.trials}
    if plan.stages:
        values["stages"] = [vars(each) for each in plan.stages]
    if plan.home:
        values[HOME] = plan.home
    plain: dict[str, Any] = json.loads(json.dumps(values))
    return plain


def plan_of(
    body: Mapping[str, Any], rule: SeedRule, seeds: Sequence[int], ids: Mapping[tuple[int, int], str]
) -> Plan:
    """The plan that the body of a file says.

    `rule`: its seeds, as they were asked for; `seeds`: those that its points have, or some of them; `ids`:
    (number of a point, seed) -> run_id. Raises whatever a value makes of it that nnexp has not written.
    """
    runs: list[Run] = []
    points: list[dict[str, Any]] = []
    for number, point in enumerate(body["points"]):
        settings = NEUTRAL_VALUES | body["settings"] | point  # the plan may be older than a setting
        data = DataSpec(
            name=settings["data"],
            **{k: v for k, v in settings.items() if k not in HYPERPARAMETERS and k != "data"},
            **body["places"],
        )
        hyperparameters = Hyperparameters(**{k: v for k, v in settings.items() if k in HYPERPARAMETERS})
        runs += [
            Run(ids[number, seed], with_seed(hyperparameters, seed), data, number)
            for seed in seeds
            if (number, seed) in ids
        ]
        points.append({axis: runs[-1].settings[axis] for axis in body["axes"]})
    sizes = dict(map(_sizes, body["sizes"]))
    if missing := {judged(run.data) for run in runs} - sizes.keys():
        raise KeyError(*missing)
    return Plan(
        name=body["name"],
        question=body["question"],
        axes=tuple(body["axes"]),
        points=tuple(points),
        seeds=tuple(seeds),
        runs=tuple(runs),
        baseline=body["baseline"],
        sweep_id=body["sweep_id"],
        numerics=body["numerics"],
        timing=body["timing"],
        target=body["target"],
        claims=tuple(body["claims"]),
        sizes=sizes,
        until=rule if isinstance(rule, UntilDecided) else None,
        tuning=_tuning(body, points),
        trials=body.get("trials", ""),
        stages=tuple(StageResult(**each) for each in body.get("stages", ())),
        home={n: tuple(v) if isinstance(v, list) else v for n, v in body.get(HOME, {}).items()},
    )


def _sizes(values: Mapping[str, Any]) -> tuple[Judged, Sizes]:
    """Of a data set, and which it is."""
    of, classes = values["of"], values["of"]["classes"]
    where = Judged(of["data"], of["validation_size"], classes and tuple(classes))
    return where, Sizes(*(int(values[name]) for name in Sizes._fields))


def _tuning(body: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> Tuning | None:
    """What was tried, in a sweep of trials or one that rests on them."""
    given = body.get("tuning")
    if given is None:
        return None
    ((key, ranges),) = given.items()
    axes = [{name: value for name, value in point.items() if name not in ranges} for point in points]
    return read_tuning(key, ranges, axes)
