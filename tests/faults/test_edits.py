"""Files edited while a sweep runs, the sweep started once more: what was planned is what counts."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.faults.driving import (
    QUIET,
    ROOT,
    WAITS,
    Ended,
    read_until,
    records,
    run,
    start,
    sweep_folder,
    tables,
)

pytestmark = pytest.mark.slow


def test_a_sweep_file_edited_meanwhile_changes_nothing_of_what_was_planned(tmp_path: Path) -> None:
    file = tmp_path / "conf" / "sweep" / "mine.yaml"
    file.parent.mkdir(parents=True)
    body = {"epochs": 60, "batch_size": 5, "sweep": {"axes": {"learning_rate": [0.1, 0.5]}, "seeds": 4}}
    file.write_text("# @package _global_\n" + yaml.safe_dump(body))
    words = ["+sweep=mine", "data=synthetic", "tracking=none", "n_jobs=2", "pictures=false"]
    with start(words, tmp_path) as process:
        read_until(process, "mine:")
        file.write_text("# @package _global_\n" + yaml.safe_dump(body | {"epochs": 1}))
        shown = process.communicate(timeout=120)[0]
    assert process.returncode == 0, shown
    frozen = yaml.safe_load((sweep_folder(tmp_path, "mine") / "sweep.yaml").read_text())
    assert frozen["settings"]["epochs"] == 60
    assert len(tables(tmp_path, "mine")["history.csv"].splitlines()) == 1 + 8 * 60


# Six stacks at least, the smallest batch first; the code is edited when the third begins.
UNLIKE = ["data=synthetic", "epochs=20", "n_jobs=2", "tracking=none", "pictures=false"]
UNLIKE += ["-m", "batch_size=5,10,15,20,25,30", "seed=0,1"]
EDITED = "batch_size=15 seed=0"


@pytest.fixture
def costs(tmp_path: Path) -> Path:
    """A file of a copy of the numerical core, in `tmp_path`/code."""
    for part in ("nnexp", "conf"):
        shutil.copytree(ROOT / part, tmp_path / "code" / part)
    return tmp_path / "code" / "nnexp" / "nn" / "costs.py"


def test_code_edited_meanwhile_ends_the_sweep_and_what_was_recorded_stays(
    tmp_path: Path, costs: Path
) -> None:
    code = str(tmp_path / "code")
    ended = run(UNLIKE, tmp_path, PYTHONPATH=code, NNEXP_FAULT=f"edits {EDITED}", NNEXP_EDITED=str(costs))
    assert ended.status == 1, ended.shown
    assert "the code changed while the sweep ran: start again" in ended.shown
    assert "Traceback" not in ended.shown
    done = len(records(tmp_path))
    assert 0 < done < 12
    costs.write_text(costs.read_text().replace("EXTRA = 1", "# a comment changes nothing"))
    again = run(UNLIKE, tmp_path, PYTHONPATH=code)
    assert again.status == 0, again.shown
    assert f"{done} done" in again.shown


def test_code_saved_by_half_fails_no_run(tmp_path: Path, costs: Path) -> None:
    """A worker dies, and the one in its place cannot import the core."""
    fault = {"NNEXP_FAULT": f"half_edits {EDITED}", "NNEXP_EDITED": str(costs)}
    ended = run(UNLIKE, tmp_path, PYTHONPATH=str(tmp_path / "code"), **fault)
    assert ended.status == 1, ended.shown
    assert "the code changed while the sweep ran: start again" in ended.shown
    assert "failed" not in ended.shown
    assert "Traceback" not in ended.shown


def test_the_same_sweep_started_twice_at_once_is_trained_once(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    gate = tmp_path / "gate"
    with start(QUIET, tmp_path, NNEXP_FAULT=WAITS, NNEXP_GATE=str(gate)) as first:
        read_until(first, "multirun:")
        second = run(QUIET, tmp_path)
        gate.touch()
        shown = first.communicate(timeout=120)[0]
    assert second.status == 2, second.shown
    assert f"is being trained by process {first.pid} on" in second.shown
    assert first.returncode == 0, shown
    assert tables(tmp_path) == undisturbed
    assert "all done" in run(QUIET, tmp_path).shown


def without_its_temporary_folder(words: list[str], folder: Path) -> Ended:
    """A sweep whose temporary folder is removed after its first run."""
    gate = folder / "gate"
    with start(words, folder, NNEXP_FAULT=WAITS, NNEXP_GATE=str(gate)) as process:
        read_until(process, "[")
        for scratch in (folder / "scratch").iterdir():
            while scratch.exists():  # files come and go meanwhile
                shutil.rmtree(scratch, ignore_errors=True)
        gate.touch()
        shown = process.communicate(timeout=120)[0]
    return Ended(process.returncode, shown)


def test_a_temporary_folder_removed_in_mid_sweep_fails_no_run(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    ended = without_its_temporary_folder(QUIET, tmp_path)
    assert ended.status == 1, ended.shown
    assert "the temporary folder of the sweep was removed while it ran" in ended.shown
    assert "failed" not in ended.shown
    assert "Traceback" not in ended.shown
    done = len(records(tmp_path))
    assert 0 < done < 12
    again = run(QUIET, tmp_path)
    assert f"{done} done" in again.shown
    assert tables(tmp_path) == undisturbed


def test_training_in_one_process_needs_no_temporary_folder(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    ended = without_its_temporary_folder([*QUIET, "n_jobs=1"], tmp_path)
    assert ended.status == 0, ended.shown
    assert tables(tmp_path) == undisturbed
