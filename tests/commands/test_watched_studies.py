"""Who watches a name sees what trains now of it, and in the end its answer."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from nnexp.commands.arguments import Arguments
from nnexp.commands.lookup import name_of
from nnexp.commands.watch import watched_by
from nnexp.experiment import followed, watching
from nnexp.experiment.watching import Watched
from nnexp.sweep.question.plan import StageResult, with_seed
from nnexp.sweep.question.stages import FIRST_SEED
from nnexp.sweep.store.folder import Sweep
from nnexp.sweep.store.lock import held
from nnexp.sweep.store.plan_file import read_plan, write_plan
from tests.results.judged import sweep_of


def test_a_stage_is_followed_by_the_next_one_and_by_the_answer_that_rests_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (as_stage(sweep_of(tmp_path, name=f"study/{name}")) for name in ("first", "second"))
    for record in [*first.glob("records/*"), *second.glob("records/*")]:
        record.unlink()
    watched, place = Watched(first, str(tmp_path), "study"), str(tmp_path)
    with held(first):
        version = watched.state()["version"]
    assert watched.state()["name"] == f"study/first/{first.name}"
    with held(second):
        assert watched.state()["name"] == f"study/second/{second.name}"
        assert watched.state()["version"] != version
    answer = sweep_of(tmp_path, name="study")
    rests = tuple(StageResult(part.parent.name, name_of(part, place), {}, "") for part in (first, second))
    write_plan(replace(answer.plan, stages=rests), {}, answer.folder)
    assert watched.state()["name"] == f"study/second/{second.name}"  # a later stage may be about to begin
    monkeypatch.setattr(watching, "QUIET", 0.0)
    assert watched.state()["name"] == f"study/{answer.folder.name}"
    assert b"Claims and verdicts" in watched.page()


def below(place: Path, **settings: str) -> Arguments:
    """What stands behind the command, for sweeps below `place`."""
    return Arguments((), {"sweeps_dir": str(place), **settings}, frozenset())


def as_stage(sweep: Sweep) -> Path:
    """The folder of a sweep, as that of a stage."""
    plan, seeds = sweep.plan, tuple(FIRST_SEED + seed for seed in sweep.plan.seeds)
    runs = tuple(
        replace(run, hyperparameters=with_seed(run.hyperparameters, FIRST_SEED + run.seed))
        for run in plan.runs
    )
    (sweep.folder / "rounds.jsonl").unlink()
    write_plan(replace(plan, runs=runs, seeds=seeds), {}, sweep.folder)
    return sweep.folder


def test_a_sweep_that_others_name_is_watched_although_another_of_its_name_trains(tmp_path: Path) -> None:
    folder = sweep_of(tmp_path).folder
    other = tmp_path / "known" / "b1234567"
    shutil.copytree(folder, other)
    with held(other):
        for name, seen in (("known", other), (f"known/{folder.name}", folder)):
            assert Watched(folder, str(tmp_path), name).state()["name"] == f"known/{seen.name}"


@pytest.mark.parametrize(
    ("words", "followed"), [("known", "known"), ("known/{0}", "known/{0}"), ("known/{1}", "known/{0}")]
)
def test_a_name_is_followed_and_an_id_or_its_beginning_is_not(
    words: str, followed: str, tmp_path: Path
) -> None:
    folder = sweep_of(tmp_path).folder
    names = folder.name, folder.name[:4]
    watched = watched_by(words.format(*names), below(tmp_path))
    assert (watched.folder, watched.name) == (folder, followed.format(*names))


def test_a_sweep_below_that_is_no_part_is_not_followed(tmp_path: Path) -> None:
    folder, below_it = sweep_of(tmp_path).folder, sweep_of(tmp_path, name="known/other").folder
    with held(below_it):
        assert Watched(folder, str(tmp_path), "known").state()["name"] == f"known/{folder.name}"


def test_where_nothing_can_rest_on_a_sweep_no_plan_of_others_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = sweep_of(tmp_path).folder
    shutil.copytree(folder, folder.with_name("b1234567"))
    read = list[Path]()
    monkeypatch.setattr(watching, "QUIET", 0.0)
    for module in (watching, followed):
        monkeypatch.setattr(module, "read_plan", lambda place: read.append(place) or read_plan(place))
    watched = Watched(folder, str(tmp_path), "known")
    watched.state()
    watched.state()
    assert read == [folder]


def test_of_a_study_that_has_not_begun_itself_the_last_stage_is_shown(tmp_path: Path) -> None:
    as_stage(sweep_of(tmp_path, name="study/first"))
    last = as_stage(sweep_of(tmp_path, name="study/second"))
    assert watched_by("study", below(tmp_path)).folder == last


def test_with_a_data_set_another_of_the_name_may_train_on_another_one(tmp_path: Path) -> None:
    folder = sweep_of(tmp_path).folder
    other = tmp_path / "known" / "b1234567"
    shutil.copytree(folder, other)
    plan = other / "sweep.yaml"
    plan.write_text(plan.read_text().replace("data: [digits]", "data: [mnist]"))
    with held(other):
        for data, seen in (("digits", folder), ("mnist", other)):
            watched = watched_by("known", below(tmp_path, data=data))
            watched.state()
            assert watched.folder == seen
