"""The sweep file that asks a frozen question again."""

from collections.abc import Mapping
from typing import Any

from nnexp.sweep.question.plan import Plan, is_of_trials
from nnexp.sweep.question.points import DATA_KNOBS, ROOT_DATA
from nnexp.sweep.question.seeds import as_written
from nnexp.sweep.question.stages import is_of_stage
from nnexp.sweep.question.tuning import SEARCH
from nnexp.sweep.question.tuning import as_written as written_tuning
from nnexp.sweep.store.plan_file import body_text

STAGES = "# The settings were taken from the stages of a study, which this file does not repeat.\n"


def sweep_file(plan: Plan) -> str:
    """The text of a file for `conf/sweep`; empty for trials and stages, which another sweep makes again.

    Points stand one by one, whatever axes they came from.
    """
    if is_of_trials(plan) or is_of_stage(plan):
        return ""
    base = _base(plan.changed, plan.runs[0].data.path)
    data = [{"override /data": str(plan.changed["data"])}] if "data" in plan.changed else []
    body: dict[str, Any] = {"defaults": data} if data else {}
    text = body_text(_literal(body | base | {"sweep": _question(plan)})).decode()
    return "# @package _global_\n" + STAGES * bool(plan.stages) + text


def _base(changed: Mapping[str, Any], path: str | None) -> dict[str, Any]:
    """The settings of all runs, as a configuration file nests them."""
    nested = {name for name in DATA_KNOBS if name not in ROOT_DATA}
    base = {name: value for name, value in changed.items() if name not in {"data", "monitor", *nested}}
    knobs = {name: value for name, value in changed.items() if name in nested}
    if path:
        knobs["path"] = path
    monitors = {name: True for name in changed.get("monitor", ())}
    return base | ({"data": knobs} if knobs else {}) | ({"monitor": monitors} if monitors else {})


def _question(plan: Plan) -> dict[str, Any]:
    """What stands under `sweep`."""
    tuning = written_tuning(plan.tuning) if plan.tuning else {}
    body: dict[str, Any] = {"name": plan.name, "question": plan.question}
    if plan.axes and SEARCH not in tuning:
        body |= {"points": list(plan.points), "baseline": plan.points[plan.baseline]}
    body |= {"seeds": as_written(plan.until or plan.seeds)} | tuning
    body |= {"timing": True} if plan.timing else {}
    body |= {"target": plan.target} if plan.target is not None else {}
    return body | ({"claims": list(plan.claims)} if plan.claims else {})


def _literal(value: Any) -> Any:
    """Plain values; no text in them is an interpolation."""
    if isinstance(value, Mapping):
        return {str(key): _literal(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_literal(each) for each in value]
    return value.replace("${", r"\${") if isinstance(value, str) else value
