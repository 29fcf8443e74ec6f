import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnexp.tracking.views import TAG, newest_view, sweep_page, views
from tests.tracking.samples import a_plan


def state(tag: str) -> dict[str, Any]:
    """What MLflow's UI restores from a saved view."""
    return dict(json.loads(json.loads(tag)["state"]))


def test_a_sweep_has_a_view_of_its_points_and_one_of_its_runs() -> None:
    by_point, by_run = views(a_plan("seen"), "PARENT", 17).items()
    assert (by_point[0], by_run[0]) == (f"{TAG}id-seen", f"{TAG}id-seen-runs")
    assert json.loads(by_point[1])["name"] == "id-seen by point"
    points, runs = state(by_point[1]), state(by_run[1])
    assert points["groupBy"]["groupByKeys"] == [{"mode": "param", "groupByData": "batch_size"}]
    assert points["orderByKey"] == "metrics.`point`"  # parameters would sort as text
    assert runs["groupBy"] is None
    for shown in (points, runs):
        assert shown["searchFilter"] == "tags.`mlflow.parentRunId` = 'PARENT'"
        assert shown["selectedColumns"][:3] == [
            "params.`batch_size`",
            "params.`seed`",
            "metrics.`validation/accuracy`",
        ]
    kinds = [chart["type"] for chart in runs["compareRunCharts"]]
    assert kinds == ["LINE", "PARALLEL"]
    assert runs["compareRunCharts"][1]["selectedParams"] == ["batch_size"]


def words(value: object) -> Iterator[str]:
    """Every key and every text of a JSON value that is one word."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for item in value:
            yield from words(item)
    elif isinstance(value, str) and value.isidentifier():
        yield value


def test_the_views_are_written_in_the_words_of_the_installed_mlflow_s_ui() -> None:
    """They are what its UI saves, which no call of its client makes: another version may have other words."""
    import mlflow

    plan = a_plan("worded")
    ours = {word for tag in views(plan, "P", 1).values() for word in words(state(tag))}
    ours |= set(re.findall(r"\w+", sweep_page("", "7", "key").partition("?")[2]))
    of_the_sweep = {*plan.axes, "nnexp", "Sweep", "P", "key"}
    scripts = (Path(mlflow.__file__).parent / "server" / "js" / "build" / "static" / "js").glob("*.js")
    text = "\n".join(path.read_text(encoding="utf-8") for path in scripts)
    assert TAG in text
    known = set(re.findall(r"\w+", text))
    missing = {word for word in ours - of_the_sweep if word not in known}
    assert not missing, f"the UI of MLflow {mlflow.__version__} does not know {missing}: see its saved views"


def test_views_stay_within_what_an_experiment_s_tag_may_hold() -> None:
    plan = replace(a_plan("wide"), axes=tuple(f"hyperparameter_{number}" for number in range(20)))
    assert max(map(len, views(plan, "f" * 32, 1).values())) < 20_000


def test_a_run_alone_has_no_views() -> None:
    assert views(replace(a_plan("single"), axes=()), "PARENT", 17) == {}


def test_the_newest_sweep_of_an_experiment_is_shown_and_views_of_users_are_not() -> None:
    older, newer = views(a_plan("older"), "P", 5), views(a_plan("newer"), "Q", 9)
    theirs = {f"{TAG}mine": json.dumps({"name": "mine", "createdAt": 99, "state": "{}"})}
    assert newest_view(newer | older | theirs) == "id-newer"
    assert newest_view(theirs) is None


def test_addresses_open_the_view_for_model_training() -> None:
    home = "http://127.0.0.1:5000"
    assert sweep_page(home, "7", None) == f"{home}/#/experiments/7/runs?workflowType=machine_learning"
    assert "viewStateShareKey=abc&compareRunsMode=CHART&" in sweep_page(home, "7", "abc")
