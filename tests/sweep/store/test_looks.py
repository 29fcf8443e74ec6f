"""A look at the claims is noted once for what it rests on."""

from dataclasses import replace
from pathlib import Path

from nnexp.sweep.question.seeds import UntilDecided
from nnexp.sweep.store.looks import FILE, looks_text, note_look, note_on_looks, read_looks
from nnexp.sweep.store.rounds_file import freeze_rounds
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
    assert note_look(tmp_path, MADE, 0, {"a": "not judged"}) == ""  # no run has ended
    assert note_look(tmp_path, MADE, 3, {"a": "not judged"}) == ""  # cut before any claim could be judged
    assert read_looks(tmp_path) == []
    assert not (tmp_path / FILE).exists()


def test_a_further_look_says_which_it_is_and_what_it_reached(tmp_path: Path) -> None:
    folder = tmp_path / MADE.name / MADE.sweep_id
    (folder / "records").mkdir(parents=True)
    more, most = (replace(MADE, seeds=tuple(range(n))) for n in (5, 9))
    looks = [(MADE, 3, "undecided"), (more, 5, "undecided"), (most, 9, "reproduced")]
    for made, runs, verdict in looks:
        note_look(folder, made, runs, {"a": verdict})
    assert note_on_looks(folder, MADE, 3, {"a": "undecided"}) == ""
    assert note_on_looks(folder, more, 5, {"a": "undecided"}).startswith("Look 2, after 3 seeds: 95 % hold")
    third = note_on_looks(folder, most, 9, {"a": "reproduced"})
    assert third.startswith("Look 3, after 3 seeds, 5 seeds: ")
    assert "Not so at the first: a." in third
    assert note_on_looks(folder, replace(most, claims=()), 9, {}).startswith("Look 4, after")
    assert note_on_looks(folder, replace(most, until=UntilDecided(5, 9)), 9, {"a": "reproduced"}) == ""


def test_a_committee_that_is_tried_on_test_data_is_a_look_without_verdicts(tmp_path: Path) -> None:
    folder = tmp_path / MADE.name / MADE.sweep_id
    (folder / "records").mkdir(parents=True)
    more = replace(MADE, seeds=tuple(range(5)))
    for _ in range(2):
        assert note_look(folder, MADE, 3, {}, committee="momentum=0.9") == ""
    (look,) = read_looks(folder)
    assert look["committee"] == "momentum=0.9"
    told = note_on_looks(folder, more, 5, {"a": "reproduced"})
    assert told.startswith("Look 2, after 3 seeds: ")
    assert "Not so at the first" not in told  # when no claim was judged
    note_look(folder, MADE, 3, {"a": "reproduced"})  # the same runs and seeds: no further look
    told = note_on_looks(folder, more, 5, {"a": "reproduced"})
    assert told.startswith("Look 2, after 3 seeds: ")
    assert "Not so at the first" not in told


def test_looks_before_a_sweep_was_widened_count_and_are_published(tmp_path: Path) -> None:
    wider = replace(plan({"momentum": [0.0, 0.5, 0.9]}, seeds=range(3)), sweep_id="b0000000")
    sweeps = (replace(wider, points=wider.points[:2], runs=wider.runs[:6], sweep_id="a0000000"), wider)
    strange = replace(plan({"momentum": [0.3]}, seeds=range(4)), sweep_id="c0000000")
    for made in (*sweeps, strange):
        (tmp_path / made.name / made.sweep_id / "records").mkdir(parents=True)
        freeze_rounds(made, tmp_path / made.name / made.sweep_id)
        note_look(tmp_path / made.name / made.sweep_id, made, len(made.runs), {"a": "undecided"})
    folders = [tmp_path / made.name / made.sweep_id for made in sweeps]
    assert note_on_looks(folders[0], sweeps[0], 6, {"a": "undecided"}) == ""
    told = note_on_looks(folders[1], sweeps[1], 9, {"a": "reproduced"})
    assert told.startswith("Look 2, after 3 seeds in a0000000: ")
    published = tmp_path / "published" / wider.name
    published.mkdir(parents=True)
    (published / FILE).write_bytes(looks_text(folders[1], wider))
    (published / "rounds.jsonl").write_bytes((folders[1] / "rounds.jsonl").read_bytes())
    assert note_on_looks(published, wider, 9, {"a": "reproduced"}) == told
    for folder in folders:
        (folder / FILE).unlink()  # as in another's copy of the repository
    assert note_on_looks(folders[1], wider, 9, {"a": "reproduced"}) == told


def test_marks_are_a_look_once_all_runs_have_ended(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    made = plan({"momentum": [0.0, 0.5]}, seeds=range(3))
    note_look(tmp_path, made, 5, {})
    assert read_looks(tmp_path) == []
    note_look(tmp_path, made, 6, {})
    assert [(look["runs"], look["verdicts"]) for look in read_looks(tmp_path)] == [(6, {})]


def test_a_look_that_cannot_be_noted_is_told(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / FILE).mkdir()
    problem = note_look(tmp_path, MADE, 3, {"a": "reproduced"})
    assert problem.startswith("This look could not be noted in ")
    assert problem.endswith("Is a directory")
