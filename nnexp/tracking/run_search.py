"""Runs of a store by MLflow's client: searched, told apart, deleted."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from nnexp.tracking.database import LoggedRun

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

SEARCH_PAGE = 1000
LEFT = "nnexp.left"  # tag of a run that another one stands for


def by_run_id(runs: Iterable["Run"]) -> dict[str, LoggedRun]:
    """Those of MLflow's runs that stand for one of ours, by our run_id."""
    return {
        run_id: LoggedRun(run.info.run_id, run.info.start_time, run.info.status != "RUNNING")
        for run in runs
        if (run_id := run.data.tags.get("nnexp.run_id")) and LEFT not in run.data.tags
    }


def search(client: "MlflowClient", experiment: str, which: str) -> Iterator["Run"]:
    """All runs of an experiment for which `which`, a filter as MLflow reads it, holds."""
    token: str | None = None
    while token != "":
        page = client.search_runs([experiment], which, max_results=SEARCH_PAGE, page_token=token)
        yield from page
        token = page.token or ""


def delete_run(client: "MlflowClient", experiment: str, mlflow_run_id: str) -> None:
    """Delete a run and every model of it, also one that was cut before the run knew of it."""
    delete_models(client, experiment, mlflow_run_id)
    client.delete_run(mlflow_run_id)


def delete_models(client: "MlflowClient", experiment: str, mlflow_run_id: str) -> None:
    """Delete every model of a run."""
    its = f"source_run_id = '{mlflow_run_id}'"
    for model in client.search_logged_models([experiment], its):
        client.delete_logged_model(model.model_id)
