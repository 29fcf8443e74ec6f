"""The two sweeps of a tuned one, as commands treat them: NAME/trials, and NAME that rests on it."""

import shutil
from pathlib import Path

import pytest

from nnexp import load_sweep
from nnexp.commands import watch
from nnexp.commands.arguments import parse_arguments
from nnexp.labbook.published_results import read_published, why_stale
from nnexp.labbook.sweep_files import read_sweep_files
from nnexp.sweep.store.lock import held
from nnexp.sweep.store.plan_file import read_plan
from tests.commands.conftest import Command, only
from tests.experiment.test_tuning import QUIET, SEARCH, TUNED

PUBLISHED = Path("sweeps", "published")


@pytest.fixture(scope="module")
def trained_tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of a tuned sweep and of a search, both trained; tests work on copies."""
    from nnexp import cli

    place = tmp_path_factory.mktemp("tuned")
    (place / "conf" / "sweep").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for name, text in {"mine": TUNED, "hunt": SEARCH}.items():
            Path("conf/sweep", f"{name}.yaml").write_text(text)
            assert cli.main([f"+sweep={name}", *QUIET, "n_jobs=1"]) == 0
    return place


@pytest.fixture(autouse=True)
def _tuned(trained_tuned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(trained_tuned, tmp_path / "tuned")
    monkeypatch.chdir(tmp_path / "tuned")


@pytest.mark.parametrize("name", ["mine", "hunt"])
def test_trials_are_published_along_and_found_by_the_published_answer(nnexp: Command, name: str) -> None:
    answer = nnexp("summary", name)[1]
    status, shown, error = nnexp("publish", name)
    assert (status, error) == (0, "")
    home = PUBLISHED / name / "trials"
    files = ["history.csv.gz", "rounds.jsonl", "runs.csv", "summary.csv", "sweep.yaml"]
    assert sorted(path.name for path in home.iterdir()) == files
    assert all(str(home / file) in shown for file in files)
    for folder in Path("sweeps").glob(f"{name}/*"):
        shutil.rmtree(folder)
    assert nnexp("summary", name)[1] == answer
    assert len(load_sweep(name).trials.runs) == len(load_sweep(f"{name}/trials").runs)
    published, damaged = read_published("sweeps", [name, f"{name}/trials"])
    assert (len(published), damaged) == (2, {})


def test_trials_that_train_now_are_watched_by_the_name_of_the_whole() -> None:
    (trials,) = Path("sweeps/mine/trials").iterdir()
    words = parse_arguments("watch", ["mine"])
    with held(trials):
        assert watch.watched_by("mine", words).folder == trials
    assert watch.watched_by("mine", words).folder.parent == Path("sweeps/mine")


def test_the_report_of_trials_says_what_trains_them_again(nnexp: Command) -> None:
    assert nnexp("report", "mine/trials", "--to", "trials.html")[0] == 0
    page = Path("trials.html").read_text()
    assert "The first command, with the words that mine was begun with, trains every run of it" in page
    assert "python -m nnexp +sweep=mine data=synthetic\nnnexp report mine/trials\n" in page
    Path("conf/sweep/mine.yaml").unlink()
    nnexp("report", "mine/trials", "--to", "trials.html")
    assert "+sweep" not in Path("trials.html").read_text().partition("How to make it again")[2]


def test_an_answer_without_its_trials_is_not_published(nnexp: Command) -> None:
    shutil.rmtree("sweeps/mine/trials")
    status, _, error = nnexp("publish", "mine")
    assert status == 2
    assert "mine rests on the trials mine/trials/" in error
    assert not PUBLISHED.exists()


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [("high: 10", "high: 5", "what is tuned"), ("epochs: 2", "epochs: 3", "epochs")],
)
def test_what_the_sweep_file_has_changed_is_told_before_it_is_published(
    nnexp: Command, before: str, after: str, what: str
) -> None:
    for name in ("mine", "hunt"):
        file = Path("conf/sweep", f"{name}.yaml")
        file.write_text(file.read_text().replace(before, after))
        status, _, error = nnexp("publish", name)
        assert status == 2
        assert f"differs from its sweep file in {what}" in error


def test_trials_stay_when_their_sweep_goes_and_it_is_said(nnexp: Command) -> None:
    trials = f"mine/trials/{only(Path('sweeps/mine/trials')).name}"
    status, shown, _ = nnexp("rm", "mine", "--yes")
    assert status == 0
    assert f"stay: nnexp rm {trials} removes them" in shown
    assert [path.name for path in Path("sweeps/mine").iterdir()] == ["trials"]


def test_what_rests_on_trials_is_named_before_they_go(nnexp: Command) -> None:
    _, shown, _ = nnexp("rm", "mine/trials", "--yes")
    assert "rests on mine/trials/" in shown
    status, answer, _ = nnexp("summary", "mine")
    assert status == 0
    assert "is not here: how the settings did cannot be said" in answer


def test_who_removes_both_hears_nothing_of_trials(nnexp: Command) -> None:
    _, shown, _ = nnexp("rm", "mine", "mine/trials", "--yes")
    assert "trials of" not in shown
    assert "rests on" not in shown
    assert not Path("sweeps/mine").exists()


def test_every_command_takes_trials_by_their_name(nnexp: Command) -> None:
    for words in (["show"], ["status"], ["summary"], ["export"], ["sync"], ["compare", "mine"], ["retry"]):
        status, shown, error = nnexp(*words, "mine/trials")
        assert (status, error) == (0, ""), words
        assert "*best" not in shown.replace("*best", "", words[0] == "compare")
    assert "mine/trials/" in nnexp("list")[1]
    assert not list(Path("sweeps/mine/trials").rglob("*.png"))


def test_trials_of_other_formulas_make_the_published_answer_stale(nnexp: Command) -> None:
    assert nnexp("publish", "mine")[0] == 0
    files = read_sweep_files("sweeps", pytest.fail)
    assert why_stale(["mine"], read_published("sweeps", ["mine"])[0], files) == ""
    path = PUBLISHED / "mine" / "trials" / "sweep.yaml"
    numerics = read_plan(path.parent).numerics
    path.write_text(path.read_text().replace(numerics, numerics[::-1]))
    reason = why_stale(["mine"], read_published("sweeps", ["mine"])[0], files)
    assert reason == "mine/trials was trained with other code of the numerical core"
    shutil.rmtree(path.parent)
    reason = why_stale(["mine"], read_published("sweeps", ["mine"])[0], files)
    assert reason.startswith("mine rests on mine/trials/")
