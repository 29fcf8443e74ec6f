"""How MLflow's UI shows a sweep: saved views, which are tags of the experiment, listed under "Views".

They are written as the UI of MLflow 3.17 saves them, because its client has no call for it; without them a
sweep opens as a list without its axes (a test holds that the installed UI knows every word).
"""

import json
from collections.abc import Sequence
from typing import Any

from nnexp.sweep.question.plan import Plan

TAG = "mlflow.sharedViewState."
FIGURES = ("validation/accuracy", "training/accuracy", "training/cost")  # a column and a chart each
SECTION = "nnexp"
DRAWN_RUNS = 100  # that the UI draws, and groups, at most
# Columns in MLflow's names, with their widths in pixels: its own are too narrow for our names.
FIXED = {"attributes.`Run Name`": 240, "runDateAndNestInfo": 125}
PARAM, METRIC = 105, 135
# Links that open the UI for model training: without these words it opens the one for language models.
TRAINING = "workflowType=machine_learning"


def views(plan: Plan, parent: str, created: int) -> dict[str, str]:
    """Tags that make two views of a sweep: `ID by point`, means over seeds, and `ID by run`, the best first.

    `parent`: its run in MLflow. `created`: milliseconds since 1970. A sweep without axes has no views.
    """
    if not plan.axes:
        return {}
    keys = [{"mode": "param", "groupByData": axis} for axis in plan.axes]
    grouped = {
        "orderByKey": "metrics.`point`",
        "orderByAsc": True,
        "groupBy": {"aggregateFunction": "average", "groupByKeys": keys},
        "runsHiddenMode": "FIRST_20_RUNS",
        "compareRunCharts": [_curves(name) for name in FIGURES],
    }
    single = {
        "orderByKey": "metrics.`validation/accuracy`",
        "orderByAsc": False,
        "groupBy": None,
        "runsHiddenMode": "FIRST_10_RUNS",
        "compareRunCharts": [_curves(FIGURES[0]), _parallel(plan.axes)],
    }
    both = {plan.sweep_id: ("by point", grouped), f"{plan.sweep_id}-runs": ("by run", single)}
    return {
        TAG + key: json.dumps(
            {
                "name": f"{plan.sweep_id} {name}",
                "createdAt": created,
                "state": json.dumps(_shared(plan, parent) | state),
            }
        )
        for key, (name, state) in both.items()
    }


def mean_view(plan: Plan, curves: Sequence[str], created: int) -> dict[str, str]:
    """A tag that makes a view of a large sweep's page alone, its mean `curves` in one chart: `ID means`.

    Of a smaller one the UI itself draws means by point: it has all of its runs at hand.
    """
    if len(plan.runs) <= DRAWN_RUNS:
        return {}
    chart = _curves(FIGURES[0]) | {"metricKey": curves[0], "selectedMetricKeys": list(curves)}
    shared = _shared(plan, "")
    [section] = shared["compareRunSections"]
    state = shared | {
        "compareRunSections": [section | {"columns": 1, "cardHeight": 440}],  # for a legend of long names
        "searchFilter": f"tags.`nnexp.sweep_id` = '{plan.sweep_id}'",
        "selectedColumns": [],
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "groupBy": None,
        "runsHiddenMode": "FIRST_10_RUNS",
        "compareRunCharts": [chart | {"displayName": f"{FIGURES[0]}, means of points"}],
    }
    view = {"name": f"{plan.sweep_id} means", "createdAt": created, "state": json.dumps(state)}
    return {f"{TAG}{plan.sweep_id}-means": json.dumps(view)}


def sweep_page(home: str, experiment: str, view: str | None) -> str:
    """The address of an experiment's runs in the UI at `home`: the charts of a view, or the plain list."""
    state = "" if view is None else f"viewStateShareKey={view}&compareRunsMode=CHART&"
    return f"{home}/#/experiments/{experiment}/runs?{state}{TRAINING}"


def newest_view(tags: dict[str, str]) -> str | None:
    """The key of the newest sweep's view in an experiment's tags, of means or by point; None without one."""
    times = {
        name.removeprefix(TAG): json.loads(value)["createdAt"]
        for name, value in tags.items()
        if name.startswith(TAG) and f"{name}-runs" in tags
    }
    newest = max(times, key=times.__getitem__, default=None)
    return f"{newest}-means" if f"{TAG}{newest}-means" in tags else newest


def _shared(plan: Plan, parent: str) -> dict[str, Any]:
    """What both views show: the runs of one sweep, the axes and figures as columns, charts of ours first."""
    params = [f"params.`{name}`" for name in (*plan.axes, "seed")]
    metrics = [f"metrics.`{name}`" for name in (*FIGURES, "seconds")]
    widths = FIXED | dict.fromkeys(params, PARAM) | dict.fromkeys(metrics, METRIC)
    section = {"uuid": SECTION, "name": "Sweep", "display": True, "isReordered": False, "deleted": False}
    return {
        "searchFilter": f"tags.`mlflow.parentRunId` = '{parent}'",
        "selectedColumns": [*params, *metrics],
        "columnOrder": list(widths),
        "columnWidths": widths,
        "compareRunSections": [section],
        "isAccordionReordered": True,
    }


def _chart(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "uuid": f"{SECTION}-{name}",
        "type": kind,
        "metricSectionId": SECTION,
        "runsCountToCompare": 10,
        "deleted": False,
        "isGenerated": False,
        "displayName": name,
        **more,
    }


def _curves(metric: str) -> dict[str, Any]:
    """A metric by epoch, a line for each run or point."""
    return _chart(
        "LINE",
        metric,
        metricKey=metric,
        selectedMetricKeys=[metric],
        xAxisKey="step",
        xAxisScaleType="linear",
        scaleType="linear",
        lineSmoothness=0,
        range={},
        yAxisKey="metric",
        yAxisExpressions=[],
        useGlobalXaxisKey=True,
        useGlobalLineSmoothing=True,
    )


def _parallel(axes: Sequence[str]) -> dict[str, Any]:
    """Parallel coordinates: the axes, then what was learned, a line for each run."""
    metrics = ["training/accuracy", "validation/accuracy"]
    name = "axes and accuracies"
    return _chart("PARALLEL", name, selectedParams=list(axes), selectedMetrics=metrics, showAllRuns=True)
