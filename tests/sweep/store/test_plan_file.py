"""The frozen plan tells, without any configuration, what every run of a sweep is."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from nnexp.data import DataSpec
from nnexp.errors import UserError
from nnexp.sweep.question.rounds import grown, so_far
from nnexp.sweep.question.seeds import UntilDecided
from nnexp.sweep.store.folder import find_sweep, open_sweep, settle
from nnexp.sweep.store.lines import append_line
from nnexp.sweep.store.lock import held
from nnexp.sweep.store.plan_file import (
    FILE,
    OtherVersionError,
    body_text,
    read_body,
    read_head,
    read_plan,
    write_plan,
)
from nnexp.sweep.store.rounds_file import FILE as ROUNDS
from nnexp.sweep.store.rounds_file import read_rounds
from tests.sweep.samples import plan


def test_a_plan_comes_back_whole(tmp_path: Path) -> None:
    planned = plan(
        {"classes": [[0, 1, 2], None], "learning_rate": [1e-7, 0.1], "initializer": ["he_normal"]},
        seeds=(4, 7),
        baseline={"learning_rate": 0.1},
        data=DataSpec(name="synthetic", root="/somewhere", train_size=200),
        monitor=("test", "weight_norm"),
        lambda_l2=1e22,
    )
    write_plan(planned, {"host": "here"}, tmp_path)
    assert read_plan(tmp_path) == planned


@pytest.mark.parametrize(
    ("sizes", "layers"),
    [
        ([[20, 10], 30, [10, 20, 30]], 1),
        ([30, [20, 10]], 2),
        ([[20, 10], [10, 20]], 1),
        ([[20, 10], [9, 9, 9]], 1),
    ],
)
def test_layers_of_any_size_come_back(tmp_path: Path, sizes: list[object], layers: int) -> None:
    planned = plan({"hidden_size": sizes, "learning_rate": [0.1]}, hidden_layers=layers)
    write_plan(planned, {}, tmp_path)
    assert read_plan(tmp_path) == planned


def test_a_plan_until_decided_comes_back_with_the_seeds_that_each_point_has(tmp_path: Path) -> None:
    whole = plan({"learning_rate": [0.1, 0.5]}, seeds=UntilDecided(2, 9))
    now, rounds = so_far(whole, []), []
    for undecided in ({1}, {1}, {0}):
        write_plan(now, {}, tmp_path)
        rounds = read_rounds(tmp_path)
        assert read_plan(tmp_path) == so_far(whole, rounds) == now
        now = grown(whole, now, undecided) or now
    assert [len(each.runs) for each in rounds] == [4, 1, 1]
    assert read_head(tmp_path).seeds == UntilDecided(2, 9)
    assert read_plan(tmp_path, all_seeds=True).runs == read_plan(tmp_path).runs
    write_plan(so_far(plan({"learning_rate": [0.1, 0.5]}, seeds=UntilDecided(2, 3)), rounds), {}, tmp_path)
    assert [len(runs) for runs in read_plan(tmp_path).runs_by_point] == [2, 3]
    (tmp_path / ROUNDS).unlink()
    with pytest.raises(UserError, match="the sweep's own command brings them back"):
        read_plan(tmp_path)


def test_claims_and_target_come_back_too(tmp_path: Path) -> None:
    claims = ({"id": "A", "text": "yes", "check": [{"left": {"sd": {"best": "x"}}, "low": 1e-9}]},)
    planned = replace(plan({"learning_rate": [0.1]}), claims=claims, target=0.95)
    write_plan(planned, {}, tmp_path)
    assert read_plan(tmp_path) == planned
    changed = replace(planned, claims=())
    write_plan(changed, {}, tmp_path)
    assert read_plan(tmp_path) == changed


def test_a_plan_that_says_the_same_keeps_its_first_start_and_environment(tmp_path: Path) -> None:
    planned = plan({"learning_rate": [0.1]})
    write_plan(planned, {"host": "one"}, tmp_path)
    first = read_body(tmp_path)
    write_plan(planned, {"host": "one"}, tmp_path)
    assert read_body(tmp_path) == first
    write_plan(plan({"learning_rate": [0.1]}), {"host": "two"}, tmp_path)
    again = read_body(tmp_path)
    assert (again["started"], again["environment"]) == (first["started"], {"host": "one"})


@pytest.mark.parametrize("text", ["", "name: x", "a: [", "format: 3\npoints: 3", "[1]", "\udcff"])
def test_what_is_no_plan_is_an_error_for_people(tmp_path: Path, text: str) -> None:
    (tmp_path / "sweep.yaml").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UserError, match=r"sweep\.yaml (is no plan|cannot be read)"):
        read_plan(tmp_path)


def damaged(folder: Path, **values: object) -> None:
    """A plan in `folder` in which these stand instead."""
    write_plan(plan({"learning_rate": [0.1, 0.5]}, seeds=(0, 1)), {}, folder)
    (folder / "sweep.yaml").write_bytes(body_text(read_body(folder) | values))


@pytest.mark.parametrize(
    "values",
    [
        {"seeds": [0, 1, 2]},
        {"seeds": "01"},
        {"seeds": None},
        {"seeds": {"from": 2}},
        {"question": 5},
        {"started": 5},
        {"points": [{}]},
        {"points": [1, 2]},
        {"points": []},
        {"settings": {}},
        {"settings": {"data": "synthetic", "epochs": "many"}},
        {"baseline": 2},
        {"baseline": None},
        {"places": []},
        {"claims": 1},
        {"axes": ["learning"]},
    ],
)
def test_a_plan_of_which_a_part_does_not_fit_is_an_error_for_people(
    tmp_path: Path, values: dict[str, object]
) -> None:
    damaged(tmp_path, **values)
    with pytest.raises(UserError, match=r"sweep\.yaml"):
        read_plan(tmp_path)


@pytest.mark.parametrize(
    "values",
    [
        {"name": "../../evil"},
        {"name": "/evil"},
        {"name": "published/x"},
        {"name": ""},
        {"name": 1},
        {"sweep_id": "../evil"},
    ],
)
def test_a_plan_names_no_place_outside_its_own(tmp_path: Path, values: dict[str, object]) -> None:
    """A received one might."""
    damaged(tmp_path, **values)
    for read in (read_plan, read_body):
        with pytest.raises(UserError, match=r"sweep\.yaml is no plan that nnexp wrote"):
            read(tmp_path)


def test_a_round_names_no_place_outside_its_own(tmp_path: Path) -> None:
    write_plan(plan({}, seeds=[0]), {}, tmp_path)
    for key in ({"run_id": "../../evil"}, {"point": "0"}, {"point": -1}, {"seed": None}, {"more": 1}):
        (tmp_path / ROUNDS).unlink()
        run = {"run_id": "a", "point": 0, "seed": 0} | key
        append_line(tmp_path / ROUNDS, {"round": 1, "rule": "grid", "runs": [run]})
        with pytest.raises(UserError, match=r"rounds\.jsonl is no file of rounds that nnexp wrote"):
            read_plan(tmp_path)


def test_a_folder_without_a_plan_is_an_error_for_people(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no sweep"):
        open_sweep(tmp_path)


@pytest.mark.parametrize("change", [{"question": "\udcff?"}, {"name": "ok", "question": "a\ud800b"}])
def test_a_text_that_is_no_utf8_is_refused_and_leaves_nothing(tmp_path: Path, change: dict[str, str]) -> None:
    planned = replace(plan({"learning_rate": [0.1]}), **change)  # type: ignore[arg-type]
    sweep = find_sweep(tmp_path / "sample" / planned.sweep_id, planned)
    with pytest.raises(UserError, match="texts and paths of data must be UTF-8"), held(sweep.folder):
        settle(sweep, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line", ["", "format: 1\n", "format: 4\n"])
def test_a_plan_of_another_version_is_told_apart_from_a_damaged_one(tmp_path: Path, line: str) -> None:
    write_plan(plan({"learning_rate": [0.1]}), {}, tmp_path)
    file = tmp_path / FILE
    text = re.sub("started: .*", "started: '2026-01-02'", file.read_text())
    file.write_text(text.replace("format: 3\n", line))
    for read in (read_plan, read_head, read_body):
        with pytest.raises(OtherVersionError, match="another version of nnexp: the sweep's own command"):
            read(tmp_path)
    write_plan(plan({"learning_rate": [0.1]}), {}, tmp_path)
    assert read_body(tmp_path)["started"] == "2026-01-02"
    assert not file.with_suffix(".damaged").exists()


def test_a_plan_that_lacks_the_sizes_of_its_data_is_told(tmp_path: Path) -> None:
    write_plan(plan({"learning_rate": [0.1]}), {}, tmp_path)
    file = tmp_path / FILE
    file.write_text(file.read_text().replace("of: {data: synthetic,", "of: {data: other,"))
    with pytest.raises(UserError, match="is no plan that this nnexp wrote"):
        read_plan(tmp_path)


def test_the_head_says_what_a_list_shows_and_is_read_without_the_rest(tmp_path: Path) -> None:
    made = plan({"learning_rate": [0.1], "data": ["digits", "synthetic"]}, seeds=[3, 1], hidden_size=7)
    question = "What: points:\n\npoints: none?"
    write_plan(replace(made, question=question), {}, tmp_path)
    file = tmp_path / FILE
    text = file.read_text()
    file.write_text(text[: text.index("\npoints:")] + "\npoints: {\nenvironment: {}")
    head = read_head(tmp_path)
    assert head._asdict() == {
        "name": "sample",
        "sweep_id": made.sweep_id,
        "started": head.started,
        "question": question,
        "data": ("digits", "synthetic"),
        "axes": ("learning_rate", "data"),
        "changed": {"hidden_size": 7, "epochs": 2},
        "seeds": (3, 1),
    }
    with pytest.raises(UserError, match="cannot be read"):
        read_plan(tmp_path)
