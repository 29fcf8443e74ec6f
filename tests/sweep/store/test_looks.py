"""A look at the claims is noted once for what it rests on."""

from dataclasses import replace
from pathlib import Path

from nnexp.sweep.store.looks import FILE, note_look, read_looks
from tests.sweep.samples import plan

MADE = replace(plan({}, seeds=range(3)), claims=({"id": "a", "check": {"left": 1}},))


def test_the_same_look_is_noted_once_and_another_is_another(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    more_seeds = replace(MADE, seeds=(0, 1, 2, 3))
    other_claim = replace(MADE, claims=({"id": "a", "check": {"left": 2}},))
    looks = [
        (MADE, 2, {"a": "undecided"}),
        (MADE, 3, {"a": "undecided"}),
        (MADE, 3, {"a": "reproduced"}),
        (more_seeds, 3, {"a": "reproduced"}),
        (other_claim, 3, {"a": "reproduced"}),
    ]
    for _ in range(2):
        for made, runs, verdicts in looks:
            assert note_look(tmp_path, made, runs, verdicts) == ""
    noted = read_looks(tmp_path)
    assert [(look["seeds"], look["runs"], look["verdicts"]["a"]) for look in noted] == [
        (len(made.seeds), runs, verdicts["a"]) for made, runs, verdicts in looks
    ]
    assert len({look["claims"] for look in noted}) == 2
    assert sorted(look["time"] for look in noted) == [look["time"] for look in noted]


def test_what_is_no_look_leaves_no_file(tmp_path: Path) -> None:
    assert note_look(tmp_path, MADE, 3, {"a": "reproduced"}) == ""  # published: no records
    (tmp_path / "records").mkdir()
    assert note_look(tmp_path, MADE, 3, {}) == ""
    assert not (tmp_path / FILE).exists()


def test_a_look_that_cannot_be_noted_is_told(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / FILE).mkdir()
    problem = note_look(tmp_path, MADE, 3, {"a": "reproduced"})
    assert problem.startswith("This look at the claims could not be noted in ")
    assert problem.endswith("Is a directory")
