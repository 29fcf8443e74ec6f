"""A study is published with its stages, if all of them are what its file asks."""

import shutil
from pathlib import Path

import pytest

from nnexp import cli, load_sweep
from tests.experiment.test_study import QUIET, STUDY, write

PUBLISHED = Path("sweeps/published/study")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study that has been carried out; tests work on copies."""
    place = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        write(STUDY)
        assert cli.main(["+sweep=study", *QUIET, "n_jobs=1"]) == 0
    return place


@pytest.fixture(autouse=True)
def _with_a_study(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(trained, tmp_path / "study")
    monkeypatch.chdir(tmp_path / "study")


def test_its_stages_and_their_trials_are_published_with_it() -> None:
    trained = {name: load_sweep(name).table() for name in ("study", "study/finer", "study/size")}
    assert cli.main(["publish", "study"]) == 0
    homes = {path.parent.relative_to(PUBLISHED).as_posix() for path in PUBLISHED.rglob("summary.csv")}
    assert homes == {".", "signal", "finer", "epochs", "size", "size/trials"}
    for folder in Path("sweeps").iterdir():  # what was trained is away
        if folder.name != "published":
            folder.rename(folder.name)
    assert {name: load_sweep(name).table() for name in trained} == trained
    assert "Stage epochs: epochs=" in trained["study"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("times: [0.3, 1, 3]", "times: [0.3, 1, 10]"),
        ("name: signal", "name: sign"),
        ("budget: 4", "budget: 5"),
        ("epochs: 6, patience: 2", "epochs: 6, patience: 3"),
    ],
)
def test_a_study_is_not_published_once_its_file_asks_something_else(
    before: str, after: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert before in STUDY
    write(STUDY.replace(before, after))
    assert cli.main(["publish", "study"]) == 2
    assert "differs from its sweep file in the stages" in capsys.readouterr().err
    assert not PUBLISHED.exists()
