"""What `run` and `run_sweep` take, and where they may be called: another Hydra app, threads, a notebook."""

import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nnexp
from tests.processes import hears_signals

QUIET = {"tracking": "none", "pictures": False, "n_jobs": 1}
SMALL = {"data": "synthetic", "epochs": 2, "hidden_size": 5, **QUIET}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("axis", "values", "expected"),
    [
        ("learning_rate", np.geomspace(0.01, 1, 3), [0.01, 0.1, 1.0]),
        ("learning_rate", pd.Series([0.1, 0.5]), [0.1, 0.5]),
        ("learning_rate", {"low": 0.1, "high": 0.3, "count": 3}, [0.1, 0.2, 0.3]),
        ("batch_size", range(10, 40, 10), [10, 20, 30]),
        ("batch_size", np.array([10, 20]), [10, 20]),
        ("activation", ("relu", "tanh"), ["relu", "tanh"]),
    ],
)
def test_values_of_an_axis_may_be_whatever_holds_several(
    axis: str, values: object, expected: list[object]
) -> None:
    done = nnexp.run(**SMALL, **{f"sweep.axes.{axis}": values})
    assert done.runs[axis].tolist() == pytest.approx(expected)


def test_groups_of_keys_may_be_dictionaries_and_numbers_numpys() -> None:
    words = {"axes": {"momentum": [0.0, 0.5]}, "seeds": np.int64(3), "question": "Does it's #1 \\ help?"}
    done = nnexp.run(**SMALL, sweep=words, learning_rate=np.float32(0.5), monitor={"weight_norm": True})
    assert (len(done.runs), done.plan.question) == (6, "Does it's #1 \\ help?")
    assert "weight_norm_1" in done.history


def test_the_values_of_a_sweep_are_replaced() -> None:
    done = nnexp.run_sweep("batch_size", **SMALL, batch_size=[20, 50], **{"sweep.seeds": 1})
    assert done.runs["batch_size"].tolist() == [20, 50]


def test_threads_may_train_at_the_same_time() -> None:
    with ThreadPoolExecutor(2) as pool:
        rates = [0.1, 0.2]
        runs = list(pool.map(lambda rate: nnexp.run(**SMALL, learning_rate=rate).runs, rates))
    assert [frame["learning_rate"].tolist() for frame in runs] == [[0.1], [0.2]]


def python(script: str) -> "subprocess.Popen[str]":
    given = f"import nnexp\nSMALL, QUIET = {SMALL!r}, {QUIET!r}\n"
    command = [sys.executable, "-c", given + textwrap.dedent(script)]
    return subprocess.Popen(command, stdout=-1, stderr=subprocess.STDOUT, text=True, preexec_fn=hears_signals)


def test_a_hydra_app_may_train() -> None:
    Path("app.yaml").write_text("rate: 0.25")
    script = """
        import os, hydra
        from hydra.core.hydra_config import HydraConfig
        @hydra.main(version_base="1.3", config_path=os.getcwd(), config_name="app")
        def main(config):
            done = nnexp.run(**SMALL, learning_rate=config.rate)
            print(done.runs["learning_rate"].tolist(), HydraConfig.get().job.config_name)
        main()
    """
    said = python(script).communicate()[0]
    assert said.splitlines()[-1] == "[0.25] app", said


def test_a_stop_in_a_notebook_keeps_finished_runs_and_the_notebook() -> None:
    script = """
        try:
            nnexp.run(**QUIET | {"n_jobs": 2}, data="synthetic", **{"sweep.axes.epochs": [1, 10**6]})
        except KeyboardInterrupt as stop:
            print("stopped:", len(nnexp.load_sweep("multirun").runs), "run")
    """
    with python(script) as notebook:
        assert notebook.stdout
        said = []
        for line in notebook.stdout:
            said.append(line)
            if line.startswith("[1/2]"):
                notebook.send_signal(signal.SIGINT)
        assert notebook.wait() == 0, said
    assert said[-1] == "stopped: 1 run\n", said
