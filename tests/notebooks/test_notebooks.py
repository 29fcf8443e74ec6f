"""The lab book's notebooks run on freshly trained sweeps, and what is committed of them can be read."""

import re
from pathlib import Path

import pytest
from nbformat import NotebookNode

import nnexp
from nnexp.config import conf_dir, load_config
from nnexp.data import load
from nnexp.sweep.question.planner import make_plan
from tests.notebooks.execution import (
    NOTEBOOKS,
    SWEEPS,
    code_of,
    executed,
    lines_that_load,
    loaded_by,
    name_of,
    published_texts,
    read,
)

MOST = 300_000  # bytes of a notebook
ABOUT_DIGITS = {"book/newton_digits"}  # a mini-batch can be the whole set there
ABSOLUTE = re.compile(r"(?<![\w.:/])/(?:\w[\w.-]*/)+\w|[A-Z]:\\")
# What makes a sweep small: little data, few seeds. Axes, epochs and claims stay as its file has them.
SEEDS = ("data=digits", "sweep.seeds=3")
SMALL = (*SEEDS, "train_size=300", "validation_size=100")
SECOND_ORDER = (
    "sweep.points=[{optimizer:sgd,momentum:0.0,batch_size:300,learning_rate:3.0,epochs:40},"
    "{optimizer:newton_cg,momentum:0.0,batch_size:300,learning_rate:1.0,epochs:10},"
    "{optimizer:sgd,momentum:0.9,batch_size:10,learning_rate:0.2,epochs:10}]",
    "sweep.baseline={optimizer:sgd,momentum:0.0,batch_size:300}",
)
OTHERWISE: dict[str, tuple[str, ...]] = {  # where these do not fit: a sweep of the size of data or of batches
    "book/bad_hyperparameters": (
        *SEEDS,
        "sweep.points=[{train_size:100,learning_rate:10.0,lambda_l2:1000.0},"
        "{train_size:100,learning_rate:1.0,lambda_l2:20.0}]",
    ),
    "book/batch_time": (*SMALL, "sweep.zip.batch_size=[1,10,100]", "sweep.zip.epochs=[2,4,8]"),
    "book/batch_time_scaled": (
        *SMALL,
        "sweep.zip.batch_size=[1,10,100]",
        "sweep.zip.learning_rate=[0.05,0.5,5.0]",
    ),
    "book/expansion": (
        *SEEDS,
        "sweep.points=[{train_size:100,expand:none,epochs:10},{train_size:100,expand:shifts,epochs:2}]",
    ),
    "book/gradient_training": (*SMALL, "batch_size=300"),
    "book/large_batches": (*SMALL, "sweep.zip.batch_size=[10,100,300]"),
    "book/more_data": (
        *SEEDS,
        *("sweep.zip.train_size=[100,200,300]", "sweep.zip.epochs=[30,15,10]"),
        *("sweep.zip.lambda_l2=[0.01,0.02,0.03]", "sweep.baseline={train_size:300}"),
    ),
    "book/newton": (*SMALL, *SECOND_ORDER),
    "book/newton_digits": (*SMALL, *SECOND_ORDER),
    "book/vanishing_gradient": (*SMALL, "batch_size=300"),
    "best/distorted": (
        *("data=digits", "train_size=300", "validation_size=100", "sweep.seeds=3", "epochs=3"),
        "sweep.stages=[{name:amplitudes,axes:{shift:[0.5,1.0]}}]",
    ),
    "best/plain": (*SMALL, "epochs=3", "sweep.stages=[{name:regularization,axes:{dropout:[0.2,0.5]}}]"),
    "tuned/strategy": (
        *SMALL,
        "sweep.stages=[{name:rate,axes:{learning_rate:[0.1,1.0]}},{name:width,axes:{hidden_size:[5,10]}}]",
    ),
}
FILES = sorted(
    path.relative_to(conf_dir() / "sweep").with_suffix("").as_posix()
    for path in (conf_dir() / "sweep").rglob("*.yaml")
)
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)


def printed(notebook: NotebookNode) -> str:
    """All text in its outputs."""
    outputs = [output for cell in code_of(notebook) for output in cell.outputs]
    told = [output.text for output in outputs if "text" in output]
    told += [text for o in outputs for kind, text in o.get("data", {}).items() if kind.startswith("text/")]
    return "\n".join(told)


def test_every_sweep_of_the_project_has_a_notebook() -> None:
    assert {name for name in FILES if not name.startswith("book/")} <= {name_of(path) for path in NOTEBOOKS}


@each_notebook
def test_what_is_committed_was_executed_from_top_to_bottom_without_an_error(path: Path) -> None:
    cells = code_of(read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert all(cell.outputs for cell in cells)
    kinds = {(output.output_type, output.get("name")) for cell in cells for output in cell.outputs}
    assert kinds <= {("execute_result", None), ("display_data", None), ("stream", "stdout")}


@each_notebook
def test_what_is_committed_is_small_and_tells_nothing_of_the_machine(path: Path) -> None:
    assert path.stat().st_size < MOST
    assert not ABSOLUTE.search(printed(read(path)))


@each_notebook
def test_it_is_about_the_sweep_of_its_name_on_its_data_and_says_how_to_train_it(path: Path) -> None:
    notebook, name = read(path), name_of(path)
    data = "digits" if name in ABOUT_DIGITS else "mnist"
    assert loaded_by(notebook)[0] == name
    assert all(f', data="{data}")' in line for line in lines_that_load(notebook))
    assert name in FILES
    assert re.search(rf"^<sweep {name}/\w{{8}} on {data}: ", printed(notebook), re.M)
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert f"python -m nnexp +sweep={name}" in prose


@each_notebook
def test_its_table_and_verdicts_are_those_that_are_published(path: Path) -> None:
    name = name_of(path)
    if not (SWEEPS / "published" / name / "history.csv.gz").exists():
        pytest.skip("its sweep is not published")
    notebook, shown = read(path), set()
    for number, now in published_texts(notebook, path).items():
        cell = notebook.cells[number]
        assert cell.outputs[0].data["text/plain"] == str(now)
        shown.add(cell.source.partition("(")[0])
    assert shown == {"sweep.table", "sweep.claims"}


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_every_sweep_can_be_made_small(name: str) -> None:
    config = load_config([f"+sweep={name}", *OTHERWISE.get(name, SMALL)])
    plan = make_plan(config.question, config.hyperparameters, config.data, load)
    assert len(plan.points) > 1 or config.question.stages
    assert all(run.data.train_size in range(1, 301) for run in plan.runs)


@pytest.mark.slow
@each_notebook
def test_it_runs_on_a_freshly_trained_sweep(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    notebook = read(path)
    for cell in code_of(notebook):
        cell.source = cell.source.replace(', data="mnist")', ', data="digits")')
    for name in (name for name in loaded_by(notebook) if name in FILES):  # the others are their stages
        words = OTHERWISE.get(name, SMALL)
        nnexp.run_sweep(name, *words, tracking="none", pictures=False, n_jobs=1)
    place = tmp_path / "sweeps" / path.parent.relative_to(SWEEPS)
    done = executed(notebook, place)
    assert all(cell.outputs for cell in code_of(done))
    assert not ABSOLUTE.search(printed(done))
