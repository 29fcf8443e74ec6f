"""The frozen plan: `sweep.yaml` in a sweep's folder tells, without any configuration, what every run is."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from nnexp.data import DataSpec
from nnexp.errors import UserError
from nnexp.files import replacing
from nnexp.nn import Hyperparameters
from nnexp.sweep.question.names import check_name
from nnexp.sweep.question.plan import HYPERPARAMETERS, Plan, Run
from nnexp.yaml_text import load_yaml

FILE = "sweep.yaml"
KINDS = {"name": str, "sweep_id": str, "question": str, "started": str, "runs": list, "settings": dict}
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times as fast, where PyYAML was built with it


def write_plan(plan: Plan, environment: Mapping[str, Any], folder: Path) -> bool:
    """Freeze `plan` in `folder`; whether it was not there so. The time of the first start is kept.

    Raises as `body_text`.
    """
    body = _body(plan) | {"started": datetime.now(UTC).isoformat(), "environment": dict(environment)}
    path = folder / FILE
    if path.exists():
        try:
            old = read_body(folder)
            body["started"], before = old["started"], old["environment"]
        except (UserError, KeyError):  # damaged: kept beside the new one
            path.rename(path.with_suffix(".damaged"))
        else:
            if body | {"environment": before} == old:
                return False
    with replacing(path) as file:
        file.write(body_text(body))
    return True


def body_text(body: Mapping[str, Any]) -> bytes:
    """The content of `sweep.yaml`.

    Raises:
        UserError: a text or a path in it is not UTF-8.
    """
    try:
        text = yaml.dump(dict(body), Dumper=DUMPER, sort_keys=False, default_flow_style=None, width=110)
    except UnicodeEncodeError as error:
        raise UserError(f"texts and paths of data must be UTF-8, got {error.object!r}") from None
    return str(text).encode()


def read_body(folder: Path) -> dict[str, Any]:
    """What `sweep.yaml` says: the plan, `started` (ISO 8601, UTC), and the environment of the first start.

    Raises:
        UserError: no such file, or nothing that nnexp wrote.
    """
    path = folder / FILE
    try:
        body = load_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{folder} holds no sweep: it has no {FILE}") from None
    except (yaml.YAMLError, ValueError, OSError, RecursionError) as error:
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(body, dict):
        raise UserError(f"{path} is no plan that nnexp wrote")
    for key, kind in KINDS.items():
        if not isinstance(body.get(key), kind):
            raise UserError(f"{path} is no plan that nnexp wrote: {key} is {body.get(key)!r:.40}")
    try:
        check_name(body["name"])
    except UserError as error:
        raise UserError(f"{path} is no plan that nnexp wrote: {error}") from None
    for name in (body["sweep_id"], *body["runs"]):  # names of files, too
        if not isinstance(name, str) or not re.fullmatch(r"\w+", name):
            raise UserError(f"{path} is no plan that nnexp wrote: {name!r:.40} is no id")
    return body


def read_plan(folder: Path) -> Plan:
    """The plan as it was when the sweep started. Raises as `read_body`."""
    body = read_body(folder)
    try:
        plan = _plan(body)
    except UserError as error:
        raise UserError(f"{folder / FILE}: {error}") from None
    except Exception as error:  # whatever a value makes of it that nnexp has not written
        raise UserError(f"{folder / FILE} is no plan that this nnexp wrote: {error!r}") from None
    if len(plan.runs) != len(body["runs"]) or plan.baseline not in range(len(plan.points)):
        raise UserError(f"{folder / FILE} is no plan that this nnexp wrote: its parts do not fit")
    return plan


def _body(plan: Plan) -> dict[str, Any]:
    """Plain values, for YAML."""
    first = plan.runs[0]
    shared = {name: value for name, value in first.settings.items() if name not in (*plan.axes, "seed")}
    body: dict[str, Any] = {
        "name": plan.name,
        "sweep_id": plan.sweep_id,
        "question": plan.question,
        "axes": list(plan.axes),
        "points": [dict(point) for point in plan.points],
        "baseline": plan.baseline,
        "seeds": list(plan.seeds),
        "numerics": plan.numerics,
        "timing": plan.timing,
        "target": plan.target,
        "claims": list(plan.claims),
        "runs": [run.run_id for run in plan.runs],
        "settings": shared,
        "places": {"root": first.data.root, "path": first.data.path},
    }
    plain: dict[str, Any] = json.loads(json.dumps(body))  # tuples become lists
    return plain


def _plan(body: Mapping[str, Any]) -> Plan:
    runs: list[Run] = []
    points: list[dict[str, Any]] = []
    ids = iter(body["runs"])
    for number, point in enumerate(body["points"]):
        settings = body["settings"] | point
        data = DataSpec(
            name=settings["data"],
            **{k: v for k, v in settings.items() if k not in HYPERPARAMETERS and k != "data"},
            **body["places"],
        )
        values = {k: v for k, v in settings.items() if k in HYPERPARAMETERS}
        for seed in body["seeds"]:
            runs.append(Run(next(ids), Hyperparameters(**values, seed=seed), data, number))
        points.append({axis: runs[-1].settings[axis] for axis in body["axes"]})
    return Plan(
        name=body["name"],
        question=body["question"],
        axes=tuple(body["axes"]),
        points=tuple(points),
        seeds=tuple(body["seeds"]),
        runs=tuple(runs),
        baseline=body["baseline"],
        sweep_id=body["sweep_id"],
        numerics=body["numerics"],
        timing=body["timing"],
        target=body["target"],
        claims=tuple(body["claims"]),
    )
