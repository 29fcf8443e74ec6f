"""A sweep trains by the engine that its runs name, with the same promises."""

import io
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from nnexp.config import Execution
from nnexp.config.backend import Backend
from nnexp.data import load
from nnexp.errors import UserError
from nnexp.experiment.workers import Workers
from nnexp.nn import engines as engines_of_the_core
from nnexp.nn import train
from nnexp.sweep.pool import engines, premises
from nnexp.sweep.pool.cut import ACCELERATOR, make_stacks
from nnexp.sweep.pool.datasets import Datasets
from nnexp.sweep.pool.estimate import parameters
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.stacks import Stack
from nnexp.sweep.pool.worker import train_stack
from nnexp.sweep.question.plan import Plan
from tests.sweep.attempts import attempt, found_now, results
from tests.sweep.pool.test_launch import launched
from tests.sweep.samples import plan

MISSING = "engine=jax needs JAX: pip install 'nnexp[jax]'"


def compiled_plan(**base: Any) -> Plan:
    axes = {"learning_rate": [0.1, 1.0], "dropout": [0.0, 0.3]}
    return plan(axes, seeds=[0, 1], engine="jax", epochs=6, hidden_size=20, **base)


@pytest.fixture
def no_jax(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (engines, engines_of_the_core):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    engines.engine_facts.cache_clear()
    yield
    engines.engine_facts.cache_clear()


def workers(made: Plan, **execution: Any) -> Workers:
    return Workers(made, Execution(**execution), Path(), Datasets(), Console(file=io.StringIO()))


@pytest.mark.usefixtures("no_jax")
def test_without_jax_one_line_says_what_to_install() -> None:
    made = compiled_plan()
    with pytest.raises(UserError) as error:
        workers(made).number(len(made.runs))
    assert str(error.value) == MISSING
    assert workers(made).number(0) == 0, "a finished sweep is read without"
    with pytest.raises(UserError, match="engine=jax needs JAX"):
        train([made.runs[0].hyperparameters], load(made.runs[0].data).data)


@pytest.mark.usefixtures("no_jax")
def test_a_worker_without_jax_refuses_compiled_runs(tmp_path: Path) -> None:
    made = compiled_plan()
    board, expected = Board(tmp_path / "board", len(made.runs)), premises.premises(made)
    with pytest.raises(premises.PremiseError, match="this worker lacks a library: engine=jax needs JAX"):
        train_stack(Stack(made.runs[:1], (0,)), load(made.runs[0].data), expected, board)


def test_stacks_are_of_one_engine() -> None:
    made = plan({"engine": ["numpy", "jax"], "learning_rate": [0.1, 1.0]}, seeds=range(3))
    stacks = make_stacks(made.runs, range(len(made.runs)), 1, load)
    kinds = [{run.hyperparameters.engine for run in stack.runs} for stack in stacks]
    assert sorted(map(sorted, kinds)) == [["jax"], ["numpy"]]


def test_stacks_for_an_accelerator_are_wide() -> None:
    """Those of NumPy's runs beside them are not; and weights must have room."""
    made = plan({"engine": ["numpy", "jax"]}, seeds=range(100), hidden_size=30)
    stacks = make_stacks(made.runs, range(200), 1, load, accelerated={"jax"})
    sizes = {name: [len(s.runs) for s in stacks if s.engine == name] for name in ("numpy", "jax")}
    assert sizes["jax"] == [100]
    assert max(sizes["numpy"]) <= 16
    large = plan({}, seeds=range(100), engine="jax", hidden_size=100_000)
    stacks = make_stacks(large.runs, range(100), 1, load, accelerated={"jax"})
    assert max(len(stack.runs) for stack in stacks) < 100


def test_an_epoch_on_an_accelerator_is_short_however_small_its_mini_batches() -> None:
    """A stop may cost it: 60 s on a card four times as slow as the one that was measured."""
    weights = 4 * (784 * 100 + 100 * 10)
    assert ACCELERATOR.for_runs(weights, steps=500) == ACCELERATOR.memory // weights
    assert 0 < ACCELERATOR.for_runs(weights, steps=50_000) * weights * 50_000 * 1e-11 <= 60
    assert ACCELERATOR.for_runs(10**9, steps=50_000) == 1


def test_stacks_of_small_mini_batches_are_narrower_on_an_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    made = plan({"batch_size": [1, 10]}, seeds=range(100), engine="jax")
    examples = len(load(made.runs[0].data).data.training.labels)
    weights = 4 * parameters(made.runs[0].hyperparameters, load(made.runs[0].data).data)
    room = ACCELERATOR._replace(passes=40 * weights * examples)
    monkeypatch.setattr("nnexp.sweep.pool.cut.ACCELERATOR", room)
    stacks = make_stacks(made.runs, range(200), 1, load, accelerated={"jax"})
    sizes = [(stack.runs[0].hyperparameters.batch_size, len(stack.runs)) for stack in stacks]
    assert sorted(sizes) == [(1, 20), (1, 40), (1, 40), (10, 100)]


def pretend(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    """As if JAX was installed, and this process had such a device."""
    facts = {"jax": "0.0", "device": device}
    for module in (engines, premises):
        monkeypatch.setattr(module, "engine_facts", lambda name: facts if name == "jax" else {})
    monkeypatch.setattr(engines_of_the_core, "find_spec", lambda name: True)


@pytest.mark.parametrize(("device", "usual"), [("cpu", 2), ("A Card", 0)])
def test_one_process_trains_on_an_accelerator_if_no_number_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, device: str, usual: int
) -> None:
    pretend(monkeypatch, device)
    made = compiled_plan()
    monkeypatch.setattr("nnexp.experiment.workers.worker_count", lambda n_jobs, *_: n_jobs or 2)
    monkeypatch.setattr("nnexp.sweep.pool.dask.find_spec", lambda name: True)
    assert workers(made).number(8) == usual
    assert workers(made, n_jobs=3).number(8) == 3
    assert workers(made, backend=Backend(name="dask")).number(8) == max(1, usual), "a cluster that is started"
    assert workers(plan({"learning_rate": [0.1, 1.0]})).number(4) == 2, "NumPy's have no use for it"


def test_a_worker_with_another_device_refuses_unless_that_is_wished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, "A Card")
    expected = premises.premises(compiled_plan())
    premises.check_premises(expected, "jax")
    pretend(monkeypatch, "cpu")
    premises.check_premises(expected, "numpy")
    with pytest.raises(premises.PremiseError, match="this worker's device is cpu, the parent's A Card"):
        premises.check_premises(expected, "jax")
    premises.check_premises(replace(expected, mixed=True), "jax")


def test_a_sweep_without_compiled_runs_loads_no_jax(tmp_path: Path) -> None:
    script = (
        "import sys; from nnexp.cli import main; "
        "status = main(['tracking=none', 'epochs=1', 'pictures=false', 'data=synthetic']); "
        "sys.exit(status or 'jax' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True)


def outcomes(made: Plan, tmp_path: Path) -> Sequence[Any]:
    board = Board(tmp_path / "board", len(made.runs))
    stack = Stack(made.runs, tuple(range(len(made.runs))))
    return train_stack(stack, load(made.runs[0].data), premises.premises(made), board)


def test_every_record_of_a_compiled_run_names_its_device(tmp_path: Path) -> None:
    jax = pytest.importorskip("jax", reason="JAX is not installed (the extra `jax`)")
    for outcome in outcomes(compiled_plan(), tmp_path):
        assert outcome.status == "finished", outcome.traceback
        assert outcome.machine == {"jax": jax.__version__, "device": jax.devices()[0].device_kind}
    (tmp_path / "board").unlink()
    assert not any(outcome.machine for outcome in outcomes(plan({}), tmp_path))


def test_neither_workers_nor_stacks_change_a_bit(tmp_path: Path) -> None:
    pytest.importorskip("jax", reason="JAX is not installed (the extra `jax`)")
    made = compiled_plan()
    one, two = launched(made, tmp_path / "one", workers=0), launched(made, tmp_path / "two", workers=2)
    assert set(one) == set(two) == {run.run_id for run in made.runs}
    for run_id, outcome in one.items():
        a, b = outcome.result, two[run_id].result
        assert a is not None, outcome.traceback
        assert b is not None, two[run_id].traceback
        assert a.history | {"seconds": []} == b.history | {"seconds": []}
        assert all((W == V).all() for W, V in zip(a.weights, b.weights, strict=True))


def test_what_was_cut_goes_on_to_the_bytes_of_an_undisturbed_sweep(tmp_path: Path) -> None:
    """Cut in good order, and not; in other stacks than before."""
    pytest.importorskip("jax", reason="JAX is not installed (the extra `jax`)")
    made, folder, whole = compiled_plan(patience=3), tmp_path / "cut" / "id", tmp_path / "whole" / "id"
    attempt(made, folder, 2, kill=True)
    attempt(made, folder, 3, workers=1)
    assert found_now(made, folder).marks
    attempt(made, folder, workers=3)
    attempt(made, whole)
    assert results(made, folder) == results(made, whole)


def test_what_is_compiled_is_kept_for_the_next_process(tmp_path: Path) -> None:
    pytest.importorskip("jax", reason="JAX is not installed (the extra `jax`)")
    script = (
        "import sys, time; from pathlib import Path; from nnexp.nn.compiled import prepared, train; "
        "from tests.nn.compiled_cases import small_data; from nnexp.nn import Hyperparameters; "
        "prepared(Path(sys.argv[1])); train([Hyperparameters(epochs=1)], small_data())"
    )
    kept = []
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script, str(tmp_path / "kept")], check=True)
        kept.append({path.name for path in (tmp_path / "kept").glob("*-cache")})
    assert kept[0] == kept[1]
    assert any(name.startswith("jit_train_epoch") for name in kept[0])
