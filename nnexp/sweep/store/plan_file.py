"""The frozen question: `sweep.yaml` in a sweep's folder. With the rounds beside it, it tells, without any
configuration, what every run is.

Its first lines, up to `points:`, are the head: all that a list of sweeps says, and quickly read.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from nnexp.errors import UserError
from nnexp.files import replacing
from nnexp.sweep.question.names import check_name
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.seeds import UntilDecided, seed_rule, seeds_in
from nnexp.sweep.store.plan_values import HOME, plan_of, values_of
from nnexp.sweep.store.rounds_file import FILE as ROUNDS
from nnexp.sweep.store.rounds_file import freeze_rounds, read_rounds
from nnexp.yaml_text import load_yaml

FILE = "sweep.yaml"
FORMAT = 3
AFTER_HEAD, LAST = "\npoints:", "\nenvironment:"  # so begin the first line behind the head, and the last key
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times as fast, where PyYAML was built with it
KINDS = {
    **dict.fromkeys(("name", "sweep_id", "started", "question"), str),
    **dict.fromkeys(("data", "axes"), list),
    "seeds": list | dict,
    "changed": dict,
}


class OtherVersionError(UserError):
    """A plan that another version of nnexp wrote."""


class Head(NamedTuple):
    """What a sweep is, in short. `started`: for the first time, ISO 8601, UTC; `data`: its data sets;
    `changed`: settings of all runs that are not at their default; `seeds`: those that were asked for last."""

    name: str
    sweep_id: str
    started: str
    question: str
    data: tuple[str, ...]
    axes: tuple[str, ...]
    changed: Mapping[str, Any]
    seeds: tuple[int, ...] | UntilDecided


def write_plan(plan: Plan, environment: Mapping[str, Any], folder: Path) -> bool:
    """Freeze `plan` in `folder`, its rounds first; whether it was not there so. The first start is kept.

    Raises as `body_text`.
    """
    path, started, damaged = folder / FILE, datetime.now(UTC).isoformat(), False
    old: Mapping[str, Any] = {}
    try:
        old = read_body(folder) if path.exists() else {}
        started = old.get("started", started)
    except OtherVersionError:
        started = str(_raw_body(folder).get("started", started))
    except UserError:
        damaged = True
    body = {"format": FORMAT} | values_of(plan, started)
    content = body_text(body | {"environment": dict(environment)})
    if damaged:  # kept beside the new one
        path.rename(path.with_suffix(".damaged"))
    freeze_rounds(plan, folder)
    if old and body | {"environment": old.get("environment")} == old:
        return False
    with replacing(path) as file:
        file.write(content)
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


def read_head(folder: Path) -> Head:
    """The head of the sweep in `folder`. Raises as `read_body`."""
    body = _valid_body(folder, head_only=True)
    values = (body[name] for name in Head._fields)
    head = Head._make(tuple(value) if isinstance(value, list) else value for value in values)
    return head._replace(seeds=_rule(body, folder))


def read_body(folder: Path) -> dict[str, Any]:
    """What `sweep.yaml` says: the plan, `started` (ISO 8601, UTC), and the environment of the last change.

    Raises:
        UserError: no such file, or nothing that nnexp wrote.
        OtherVersionError: another version of nnexp wrote it.
    """
    return _valid_body(folder)


def own_name(folder: Path) -> str:
    """NAME/ID of the sweep in `folder` as its plan says, whatever version of nnexp wrote it.

    Raises:
        UserError: it has no plan.
    """
    body = _raw_body(folder)
    return f"{body.get('name')}/{body.get('sweep_id')}"


def read_plan(folder: Path, *, all_seeds: bool = False) -> Plan:
    """The plan as it was frozen last: with the seeds that were asked for then, or with all of its rounds.

    Raises as `read_body`.
    """
    body, path, rounds = read_body(folder), folder / FILE, read_rounds(folder)
    keys = [key for each in rounds for key in each.runs]
    if HOME in body:  # a search that was killed between its two files has a round that this plan lacks
        keys = [key for key in keys if key.point < len(body["points"])]
    ids = {(key.point, key.seed): key.run_id for key in keys}
    rule, known = _rule(body, folder), dict.fromkeys(key.seed for key in keys)
    of_all, seeds = seeds_in(rule, known)
    if all_seeds:
        of_all, seeds = (), list(known)
    try:
        wanted = {(point, seed) for point in range(len(body["points"])) for seed in of_all}
        plan = plan_of(body, rule, seeds, ids) if wanted <= ids.keys() else None
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except Exception as error:  # whatever a value makes of it that nnexp has not written
        raise UserError(f"{path} is no plan that this nnexp wrote: {error!r}") from None
    if plan is None:
        raise UserError(f"{path} has runs that {ROUNDS} lacks: the sweep's own command brings them back")
    if plan.baseline not in range(len(plan.points)) or any(point >= len(plan.points) for point, _ in ids):
        raise UserError(f"{path} is no plan that this nnexp wrote: its parts do not fit")
    return replace(plan, floors=next((each.floors for each in reversed(rounds) if each.runs), {}))


def points_in(folder: Path) -> list[dict[str, Any]]:
    """The points of the sweep in `folder`, as far as they are frozen; none if there is no whole plan."""
    try:
        body = read_body(folder)
    except UserError:
        return []
    return [{axis: point[axis] for axis in body["axes"]} for point in body["points"]]


def _valid_body(folder: Path, *, head_only: bool = False) -> dict[str, Any]:
    body, wrong = _raw_body(folder, head_only), f"{folder / FILE} is no plan that nnexp wrote"
    if "sweep_id" in body and body.get("format") != FORMAT:
        raise OtherVersionError(
            f"{folder / FILE} was written by another version of nnexp: the sweep's own command writes it "
            "anew, and keeps the runs whose formulas are the same"
        )
    for key, kind in KINDS.items():
        if not isinstance(body.get(key), kind):
            raise UserError(f"{wrong}: {key} is {body.get(key)!r:.40}")
    try:
        check_name(body["name"])
    except UserError as error:
        raise UserError(f"{wrong}: {error}") from None
    if not re.fullmatch(r"\w+", body["sweep_id"]):  # the name of a folder, too
        raise UserError(f"{wrong}: {body['sweep_id']!r:.40} is no id")
    return body


def _raw_body(folder: Path, head_only: bool = False) -> dict[str, Any]:
    path = folder / FILE
    try:
        head, mark, rest = path.read_text(encoding="utf-8").partition(AFTER_HEAD)
        body = load_yaml(head if head_only and LAST in rest else head + mark + rest)
    except FileNotFoundError:
        raise UserError(f"{folder} holds no sweep: it has no {FILE}") from None
    except (yaml.YAMLError, ValueError, OSError, RecursionError) as error:
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(body, dict) or LAST not in rest:
        raise UserError(f"{path} is no plan that nnexp wrote, or no whole one")
    return body


def _rule(body: Mapping[str, Any], folder: Path) -> tuple[int, ...] | UntilDecided:
    """The seeds that a plan says."""
    try:
        rule = seed_rule(body["seeds"], 0)
    except UserError as error:
        raise UserError(f"{folder / FILE}: {error}") from None
    return rule if isinstance(rule, UntilDecided) else tuple(rule)
