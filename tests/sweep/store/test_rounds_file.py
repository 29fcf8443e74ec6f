"""Rounds are written down before they train; what a crash leaves of the file is written again."""

import subprocess
import sys
from pathlib import Path

import pytest

from nnexp.errors import UserError
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.lines import append_line, read_lines
from nnexp.sweep.store.plan_file import read_plan, write_plan
from nnexp.sweep.store.rounds_file import FILE, freeze_rounds, read_rounds
from tests.sweep.samples import plan


def made(seeds: int) -> Plan:
    return plan({"learning_rate": [0.1, 0.5]}, seeds=range(seeds))


def test_a_grid_is_one_round_and_more_seeds_are_another(tmp_path: Path) -> None:
    freeze_rounds(made(2), tmp_path)
    first = read_rounds(tmp_path)
    freeze_rounds(made(2), tmp_path)
    assert read_rounds(tmp_path) == first
    freeze_rounds(made(4), tmp_path)
    one, two = read_rounds(tmp_path)
    assert [one] == first
    assert (one.number, one.rule, two.number, two.rule) == (1, "grid", 2, "grid")
    assert [(key.point, key.seed) for key in one.runs] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [(key.point, key.seed) for key in two.runs] == [(0, 2), (0, 3), (1, 2), (1, 3)]
    assert {key.run_id for key in (*one.runs, *two.runs)} == {run.run_id for run in made(4).runs}
    before = (tmp_path / FILE).read_bytes()
    freeze_rounds(made(3), tmp_path)
    assert (tmp_path / FILE).read_bytes() == before


@pytest.mark.parametrize("damage", ["torn", "no end of line", "flipped", "flipped in the first", "other"])
def test_a_round_that_is_not_whole_is_written_again(tmp_path: Path, damage: str) -> None:
    path = tmp_path / FILE
    for seeds in (2, 4):
        freeze_rounds(made(seeds), tmp_path)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    flipped = bytearray(whole)
    flipped[50 if damage == "flipped in the first" else first + 50] ^= 1
    path.write_bytes(
        {
            "torn": whole[: first + 40],
            "no end of line": whole[:-1],
            "other": whole[:first] + b'{"round": 2}\n',
        }.get(damage, bytes(flipped))
    )
    assert len(read_rounds(tmp_path)) == (0 if damage == "flipped in the first" else 1)
    freeze_rounds(made(4), tmp_path)
    keys = {key for each in read_rounds(tmp_path) for key in each.runs}
    assert {key.run_id for key in keys} == {run.run_id for run in made(4).runs}
    if damage != "flipped in the first":
        assert path.read_bytes() == whole


def test_a_plan_without_its_rounds_says_what_brings_them_back(tmp_path: Path) -> None:
    write_plan(made(2), {}, tmp_path)
    (tmp_path / FILE).unlink()
    with pytest.raises(
        UserError, match=r"has runs that rounds\.jsonl lacks: the sweep's own command brings them"
    ):
        read_plan(tmp_path)
    write_plan(made(2), {}, tmp_path)
    assert read_plan(tmp_path) == made(2)


def test_a_plan_has_the_seeds_that_were_asked_for_last_or_all(tmp_path: Path) -> None:
    for seeds in (4, 2):
        assert write_plan(made(seeds), {}, tmp_path)
    assert read_plan(tmp_path) == made(2)
    assert read_plan(tmp_path, all_seeds=True) == made(4)


def test_lines_grow_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    assert read_lines(path) == []
    lines = [{"a": 1.5, "b": "ä\n"}, {"a": None}]
    for line in lines:
        append_line(path, line)
    assert read_lines(path) == lines
    path.write_bytes(path.read_bytes() + b"torn")
    assert read_lines(path) == lines
    append_line(path, {"c": []})
    assert read_lines(path) == [*lines, {"c": []}]


def test_lines_behind_a_damaged_one_are_kept_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    for number in range(3):
        append_line(path, {"number": number})
    damaged = path.read_bytes().replace(b'"number": 1', b'"number": 7')
    path.write_bytes(damaged)
    append_line(path, {"number": 3})
    assert read_lines(path) == [{"number": 0}, {"number": 3}]
    assert path.with_suffix(".damaged").read_bytes() == damaged


def test_two_processes_that_add_lines_lose_none(tmp_path: Path) -> None:
    path, script = (
        tmp_path / "lines.jsonl",
        (
            "import sys; from pathlib import Path; from nnexp.sweep.store.lines import append_line\n"
            "for n in range(200): append_line(Path(sys.argv[1]), {'who': sys.argv[2], 'n': n})"
        ),
    )
    append_line(path, {"who": "first", "n": 0})
    processes = [subprocess.Popen([sys.executable, "-c", script, str(path), who]) for who in "ab"]
    assert [process.wait() for process in processes] == [0, 0]
    lines = read_lines(path)
    assert len(lines) == 401
    assert sorted((line["who"], line["n"]) for line in lines[1:]) == [
        (w, n) for w in "ab" for n in range(200)
    ]
