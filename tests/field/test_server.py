"""compose.yaml's server, really: four sweeps at once, a restart, a wrong password, a full disk."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from mlflow import MlflowClient

from tests.browser.driving import browsing
from tests.faults.driving import (
    ENDLESS,
    RUNS,
    SWEEP,
    WAITS,
    read_until,
    records,
    run,
    start,
    sweep_folder,
    tables,
    wait_for,
)
from tests.field.clusters import why_not
from tests.field.dask_parts import cluster, wait_for_workers, worker
from tests.field.stack import ADMIN, SECRETS, Stack, postgres, server
from tests.tracking.conftest import free_port

pytestmark = [
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a disk of its own"),
]
BOB = {"MLFLOW_TRACKING_USERNAME": "bob", "MLFLOW_TRACKING_PASSWORD": "bob-S3cret/@x-long"}
EVERY_SECRET = [*SECRETS.values(), BOB["MLFLOW_TRACKING_PASSWORD"]]
ARTIFACTS = "64m"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A database, and a place for the server's files whose artifacts are on a disk of their own."""
    for module in ("psycopg", "flask_wtf"):
        pytest.importorskip(module, reason="not installed: pip install -e '.[server]'")
    folder = tmp_path_factory.mktemp("stack")
    (folder / "artifacts").mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ARTIFACTS}", "tmpfs", folder / "artifacts"], check=True
    )
    with ExitStack() as stack:
        stack.callback(subprocess.run, ["umount", "--lazy", folder / "artifacts"], check=True)
        yield Stack(folder, free_port(), stack.enter_context(postgres()))


@pytest.fixture(scope="module")
def bob(stack: Stack) -> None:
    """A second person, whom the administrator lets in."""
    with server(stack) as address:
        body = {"username": BOB["MLFLOW_TRACKING_USERNAME"], "password": BOB["MLFLOW_TRACKING_PASSWORD"]}
        request = Request(f"{address}/api/2.0/mlflow/users/create", json.dumps(body).encode())
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", f"Basic {_pair(ADMIN)}")
        urlopen(request).close()


def _pair(who: dict[str, str]) -> str:
    return base64.b64encode(":".join(who.values()).encode()).decode()


def words(stack: Stack, name: str) -> list[str]:
    return [*SWEEP, f"sweep.name={name}", "tracking=server", f"tracking.uri={stack.address}"]


def children(stack: Stack, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Our ids of the runs below the page of the sweep in `folder`; all are finished and have their model."""
    for variable, value in ADMIN.items():
        monkeypatch.setenv(variable, value)
    client = MlflowClient(stack.address)
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    [page] = {
        line["mlflow_run_id"]
        for line in map(json.loads, (sweep_folder(folder, name) / "logged.jsonl").read_text().splitlines())
        if (line["run_id"], line["store"]) == (sweep_folder(folder, name).name, stack.address)
    }
    assert client.get_run(page).info.status == "FINISHED"
    found: list[Any] = client.search_runs([experiment.experiment_id], f"tags.`mlflow.parentRunId` = '{page}'")
    assert {one.info.status for one in found} == {"FINISHED"}
    for one in found[:2]:
        [model] = one.outputs.model_outputs
        assert "MLmodel" in [path.path for path in client.list_logged_model_artifacts(model.model_id)]
    return sorted(one.data.tags["nnexp.run_id"] for one in found)


def wanted(folder: Path, name: str) -> list[str]:
    ids = sorted(path.stem for path in records(folder, name))
    assert len(ids) == RUNS
    return ids


def secrets_in(place: Path) -> list[Path]:
    """Files that hold one of the passwords."""
    files = [path for path in place.rglob("*") if path.is_file()]
    return [path for path in files if any(secret.encode() in path.read_bytes() for secret in EVERY_SECRET)]


def test_four_sweeps_of_two_people_at_once_are_whole_and_no_password_is_written(
    stack: Stack, bob: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = {"a": ADMIN, "b": BOB, "c": ADMIN, "d": BOB}
    name = dict.fromkeys(who, "both") | {"c": "hers", "d": "his"}  # a and b make one experiment at once
    with server(stack) as address, ExitStack() as processes:
        started = {
            key: processes.enter_context(start(words(stack, name[key]), tmp_path / key, **who[key]))
            for key in who
        }
        shown = {key: process.communicate(timeout=400)[0] for key, process in started.items()}
        assert {key: process.returncode for key, process in started.items()} == dict.fromkeys(who, 0), shown
        viewer = f"nnexp ui tracking.uri={address}"
        assert all(f"MLflow: {viewer} shows the runs" in said for said in shown.values()), shown
        pages = run(["ui", f"tracking.uri={address}"], tmp_path, **ADMIN)
        assert pages.status == 0
        assert f"hers: {address}/#/experiments/" in pages.shown
        for key in who:
            ids = children(stack, tmp_path / key, name[key], monkeypatch)
            assert ids == wanted(tmp_path / key, name[key])
        assert secrets_in(tmp_path) == []
        assert secrets_in(stack.folder) == []
        assert not any(secret in said for said in shown.values() for secret in EVERY_SECRET)
        client = MlflowClient(address)
        runs = client.search_runs([e.experiment_id for e in client.search_experiments()], max_results=1000)
        assert len(runs) == 4 * (RUNS + 1)
        assert "S3cret" not in repr([one.to_dictionary() for one in runs])


def test_a_server_that_restarts_in_mid_sweep_gets_every_run_once(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, asked = tmp_path / "gate", words(stack, "restarted")
    faults = {"NNEXP_FAULT": WAITS, "NNEXP_GATE": str(gate)}
    with server(stack):
        process = start(asked, tmp_path, **ADMIN, **faults)
        read_until(process, "[ 1/12]")
    with process:
        assert wait_for(lambda: len(records(tmp_path, "restarted")) > RUNS / 2, 60)
        with server(stack):
            gate.touch()
            shown = process.communicate(timeout=300)[0]
            assert process.returncode == 0, shown
            synced = run(["sync", "restarted"], tmp_path, **ADMIN, MLFLOW_TRACKING_URI=stack.address)
            assert synced.status == 0, synced.shown
            ids = children(stack, tmp_path, "restarted", monkeypatch)
            assert ids == wanted(tmp_path, "restarted")


def test_a_wrong_password_is_one_line_before_training(stack: Stack, tmp_path: Path) -> None:
    wrong = ADMIN | {"MLFLOW_TRACKING_PASSWORD": "nobody-knows"}
    with server(stack):
        refused = run(words(stack, "refused"), tmp_path, **wrong)
        nobody = run(words(stack, "refused"), tmp_path)
    assert (refused.status, refused.shown.count("\n")) == (2, 1)
    assert "refuses the user admin with this password (401)" in refused.shown
    assert (nobody.status, nobody.shown.count("\n")) == (2, 1)
    assert "wants a user and password (401): set MLFLOW_TRACKING_USERNAME and" in nobody.shown
    assert not (tmp_path / "sweeps").exists()
    assert "nobody-knows" not in refused.shown


def test_a_disk_that_is_full_of_models_costs_no_run_and_sync_brings_them_later(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filler = stack.folder / "artifacts" / "filler"
    left = shutil.disk_usage(stack.folder / "artifacts").free
    filler.write_bytes(b"x" * (left - 60_000))
    with server(stack):
        ended = run(words(stack, "full"), tmp_path, **ADMIN)
        assert ended.status == 0, ended.shown
        assert "not logged yet" in ended.shown
        assert "Traceback" not in ended.shown
        assert len(wanted(tmp_path, "full")) == RUNS
        filler.unlink()
        synced = run(["sync", "full"], tmp_path, **ADMIN, MLFLOW_TRACKING_URI=stack.address)
        assert synced.status == 0, synced.shown
        assert children(stack, tmp_path, "full", monkeypatch) == wanted(tmp_path, "full")


def test_a_sweep_moves_from_a_file_to_the_server_and_out_of_it(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = run([*SWEEP, "sweep.name=moved"], tmp_path)
    assert trained.status == 0, trained.shown
    with server(stack) as address:
        moved = run(["sync", "--to", address], tmp_path, **ADMIN)
        assert moved.status == 0, moved.shown
        assert f"{RUNS} runs uploaded to {address}" in moved.shown
        assert children(stack, tmp_path, "moved", monkeypatch) == wanted(tmp_path, "moved")
        again = run(["sync", "--to", address], tmp_path, **ADMIN)
        assert again.shown == "Nothing to upload: MLflow has every recorded run.\n"
        unnamed = run(["rm", "moved", "--mlflow", "--yes"], tmp_path, **ADMIN)
        assert (unnamed.status, "is named by the sweep's folder alone" in unnamed.shown) == (2, True)
        named = [f"tracking.uri={address}", "--yes", "--mlflow"]
        kept = run(["rm", "moved", *named, "--purge"], tmp_path, **ADMIN)
        assert (kept.status, "is a server: remove without it" in kept.shown) == (2, True)
        gone = run(["rm", "moved", *named], tmp_path, **ADMIN)
        assert (gone.status, f"{2 * RUNS} runs of MLflow went into its bin" in gone.shown) == (0, True), (
            gone.shown
        )


def test_a_sweep_on_a_cluster_that_loses_a_worker_and_its_client_is_whole_on_the_servers_pages(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="not installed: pip install -e '.[dask]'")
    pytest.importorskip("playwright.sync_api", reason="not installed: pip install -e '.[browser]'")
    gate = {"NNEXP_FAULT": WAITS, "NNEXP_GATE": str(tmp_path / "never")}
    assert run([*SWEEP, "sweep.name=story", "tracking=none"], tmp_path / "laptop").status == 0
    with server(stack) as address, cluster(0) as (scheduler, *_):
        asked = [*words(stack, "story"), "backend=dask", f"backend.scheduler={scheduler}"]
        with worker(scheduler, **gate) as victim, worker(scheduler, NNEXP_FAULT=ENDLESS):
            wait_for_workers(scheduler, 2)
            with start(asked, tmp_path, **ADMIN) as client:
                read_until(client, "[")
                victim.kill()
                read_until(client, "Worker")
                client.send_signal(signal.SIGINT)
                shown = client.communicate(timeout=60)[0]
            assert client.returncode == 130, shown
        assert len(records(tmp_path, "story")) < RUNS
        with worker(scheduler), worker(scheduler):
            wait_for_workers(scheduler, 2)
            ended = run(asked, tmp_path, **ADMIN)
        assert ended.status == 0, ended.shown
        assert tables(tmp_path, "story") == tables(tmp_path / "laptop", "story")
        assert children(stack, tmp_path, "story", monkeypatch) == wanted(tmp_path, "story")
        pages = run(["ui", f"tracking.uri={address}"], tmp_path, **ADMIN).shown
        [place] = re.findall(r"^ *story: (\S+)$", pages, re.MULTILINE)
        with browsing() as page:
            page.set_extra_http_headers({"Authorization": f"Basic {_pair(ADMIN)}"})
            page.goto(place)
            for text in ("Group: 5", "Group: 8", "batch_size=8 seed=2", "validation/accuracy"):
                page.get_by_text(text, exact=True).filter(visible=True).first.wait_for()


def test_a_cut_run_in_another_person_s_experiment_stays_and_is_logged_anew(
    stack: Stack, bob: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server(stack) as address:
        assert run(words(stack, "theirs"), tmp_path / "hers", **ADMIN).status == 0
        assert run(words(stack, "theirs"), tmp_path / "his", **BOB).status == 0
        log = sweep_folder(tmp_path / "his", "theirs") / "logged.jsonl"
        lines = log.read_text().splitlines()
        cut = json.loads(next(line for line in lines if '"started": "2' in line))
        for variable, value in ADMIN.items():
            monkeypatch.setenv(variable, value)
        MlflowClient(address).update_run(cut["mlflow_run_id"], status="RUNNING")
        log.write_text("".join(f"{line}\n" for line in lines if cut["mlflow_run_id"] not in line))
        synced = run(["sync", "theirs"], tmp_path / "his", **BOB, MLFLOW_TRACKING_URI=address)
        assert synced.status == 0, synced.shown
        assert "1 run uploaded" in synced.shown
        assert "stay beside the whole ones: the server lets others delete them" in synced.shown
        assert MlflowClient(address).get_run(cut["mlflow_run_id"]).info.status == "KILLED"
        new = json.loads(next(line for line in log.read_text().splitlines()[::-1] if cut["run_id"] in line))
        assert MlflowClient(address).get_run(new["mlflow_run_id"]).info.status == "FINISHED"
        again = run(["sync", "theirs"], tmp_path / "his", **BOB, MLFLOW_TRACKING_URI=address)
        assert again.shown == "Nothing to upload: MLflow has every recorded run.\n"
