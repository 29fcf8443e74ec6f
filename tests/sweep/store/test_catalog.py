"""Which sweeps lie in a folder, how far they are, and which of them a name means."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nnexp.data import DataSpec
from nnexp.errors import UserError
from nnexp.sweep.question.seeds import UntilDecided
from nnexp.sweep.store.catalog import find_sweep_folder, is_finished, statuses_in, sweep_folders
from nnexp.sweep.store.plan_file import FILE, read_head, write_plan
from nnexp.sweep.store.record import Status
from nnexp.sweep.store.record_file import write
from nnexp.sweep.store.rounds_file import freeze_end
from tests.results.sweeps import make_record
from tests.sweep.samples import plan


def put(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "sweep.yaml").write_text("name: x")
    return folder


def stored(
    root: Path,
    rate: float,
    started: str,
    statuses: Sequence[Status] = (),
    name: str = "sample",
    **changes: Any,
) -> Path:
    """A sweep of two runs on disk, the first of them ended in these ways."""
    made = replace(plan({"learning_rate": [rate]}, **changes), name=name)
    folder = root / name / made.sweep_id
    (folder / "records").mkdir(parents=True)
    write_plan(made, {}, folder)
    text = (folder / FILE).read_text()
    (folder / FILE).write_text(re.sub("started: .*", f"started: '{started}'", text))
    for run, status in zip(made.runs, statuses, strict=False):
        write(folder / "records", make_record(run, status=status), None)
    return folder


DONE: tuple[Status, ...] = ("finished", "diverged")


def test_links_are_followed_each_once(tmp_path: Path) -> None:
    root, disk = tmp_path / "sweeps", tmp_path / "disk"
    put(disk / "a0000000")
    own = put(root / "deep" / "name" / "b0000000")
    (root / "name").symlink_to(disk)
    (root / "loop").symlink_to(root)
    (own / "back").symlink_to(root / "deep")
    found = {folder.relative_to(root).as_posix() for folder in sweep_folders(root)}
    assert {"name/a0000000", "deep/name/b0000000"} <= found
    assert len(found) < 6


def test_only_name_and_id_is_a_sweep(tmp_path: Path) -> None:
    root = put(tmp_path / "sweeps")
    put(root / "name")
    put(root / "published" / "name")
    sweep = put(root / "name" / "a0000000")
    put(sweep / "records" / "odd")
    assert sweep_folders(root) == [sweep]


def test_no_folder_of_sweeps_has_none(tmp_path: Path) -> None:
    assert sweep_folders(tmp_path / "nowhere") == []


def test_sweeps_come_in_the_order_of_their_start(tmp_path: Path) -> None:
    second, first = stored(tmp_path, 0.1, "2026-01-02"), stored(tmp_path, 0.2, "2026-01-01")
    damaged = put(tmp_path / "sample" / "zzz")
    assert sweep_folders(tmp_path) == [damaged, first, second]


def test_a_sweep_is_named_by_name_or_by_a_beginning_of_its_id_or_by_its_path(tmp_path: Path) -> None:
    folder, _ = stored(tmp_path, 0.1, "2026-01-01"), stored(tmp_path, 0.2, "2026-01-02", name="book/other")
    ids = (folder.name, folder.name[:3], f"{folder.name}/")
    for words in ("sample", "sample/", str(folder), *(f"sample/{name}" for name in ids)):
        assert find_sweep_folder(words, tmp_path) == (folder, "")


def test_what_names_no_sweep_is_told_with_the_close_ones(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no sweep in .* yet: python -m nnexp"):
        find_sweep_folder("sample", tmp_path)
    stored(tmp_path, 0.1, "2026-01-01")
    for words, message in (
        ("simple", "unknown sweep 'simple'; did you mean 'sample'? (choices: sample)"),
        ("sample/z", "unknown sweep 'sample/z'"),
        ("../sample", "unknown sweep '../sample'"),
        ("", "unknown sweep ''"),
    ):
        with pytest.raises(UserError, match=re.escape(message)):
            find_sweep_folder(words, tmp_path)


def test_a_beginning_of_several_ids_names_none(tmp_path: Path) -> None:
    for rate in range(1, 40):
        stored(tmp_path, rate, "2026-01-01")
    first = sorted(path.name[0] for path in (tmp_path / "sample").iterdir())[19]
    with pytest.raises(UserError, match=f"unknown sweep 'sample/{first}'; did you mean 'sample/{first}"):
        find_sweep_folder(f"sample/{first}", tmp_path)


def test_a_name_means_its_newest_finished_sweep_and_says_so(tmp_path: Path) -> None:
    done = stored(tmp_path, 0.1, "2026-01-02", DONE)
    stored(tmp_path, 0.2, "2026-01-01", DONE)
    stored(tmp_path, 0.3, "2026-01-03", ("finished",))  # a run is pending
    stored(tmp_path, 0.4, "2026-01-04", ("finished", "failed"))
    damaged = put(tmp_path / "sample" / "zzz")
    choice = find_sweep_folder("sample", tmp_path)
    assert choice == (done, f"sample means sample/{done.name}, the newest finished one of 5")
    assert find_sweep_folder(f"sample/{damaged.name}", tmp_path) == (damaged, "")


def test_a_sweep_whose_runs_were_pruned_is_finished(tmp_path: Path) -> None:
    assert is_finished(stored(tmp_path, 0.1, "2026-01-01", ("finished", "pruned")))
    assert not is_finished(stored(tmp_path, 0.2, "2026-01-01", ("pruned",)))


def test_a_name_without_a_finished_sweep_means_its_newest(tmp_path: Path) -> None:
    stored(tmp_path, 0.1, "2026-01-02", ("finished",))
    newest = stored(tmp_path, 0.2, "2026-01-03")
    choice = find_sweep_folder("sample", tmp_path)
    assert choice == (
        newest,
        f"sample means sample/{newest.name}, the newest of 2, none of which is finished",
    )


def test_a_name_without_a_sweep_means_published_results_where_they_will_do(tmp_path: Path) -> None:
    home = stored(tmp_path / "elsewhere", 0.1, "2026-01-01", name="book/old")
    published = tmp_path / "published" / "book" / "old"
    published.parent.mkdir(parents=True)
    home.rename(published)
    stored(tmp_path, 0.2, "2026-01-01")
    for words in ("book/old", "published/book/old"):
        assert find_sweep_folder(words, tmp_path, published=True).folder == published
    with pytest.raises(UserError, match="did you mean 'book/old'"):
        find_sweep_folder("book/odl", tmp_path, published=True)
    with pytest.raises(UserError, match=re.escape("unknown sweep 'book/old' (choices: sample)")):
        find_sweep_folder("book/old", tmp_path)


def test_a_sweep_on_the_data_that_are_asked_for_is_taken_before_a_newer_one(tmp_path: Path) -> None:
    digits = stored(tmp_path, 0.1, "2026-01-01", DONE, data=DataSpec(name="digits"))
    synthetic = stored(tmp_path, 0.1, "2026-01-02", DONE)
    home = stored(tmp_path / "elsewhere", 0.2, "2026-01-01", data=DataSpec(name="digits", train_size=90))
    assert find_sweep_folder("sample", tmp_path, data="digits").folder == digits
    assert find_sweep_folder("sample", tmp_path, data="synthetic").folder == synthetic
    message = (
        "sweep sample must be on mnist, and what is here is on digits, synthetic: the command that trained it"
    )
    with pytest.raises(UserError, match=re.escape(message)):
        find_sweep_folder("sample", tmp_path, data="mnist")
    (tmp_path / "published").mkdir()
    home.rename(tmp_path / "published" / "sample")
    (digits / FILE).unlink()
    choice = find_sweep_folder("sample", tmp_path, data="digits", published=True)
    assert choice.folder == tmp_path / "published" / "sample"


def test_statuses_are_those_of_the_seeds_that_were_asked_for_last(tmp_path: Path) -> None:
    folder = stored(tmp_path, 0.1, "2026-01-01", ("finished", "timed_out"), seeds=range(3))
    assert statuses_in(folder, read_head(folder)) == {"finished": 1, "timed_out": 1, "pending": 1}
    write_plan(plan({"learning_rate": [0.1]}, seeds=[0]), {}, folder)
    assert statuses_in(folder, read_head(folder)) == {"finished": 1}
    assert is_finished(folder)


def test_a_file_that_is_no_record_leaves_its_run_pending(tmp_path: Path) -> None:
    folder = stored(tmp_path, 0.1, "2026-01-01", DONE)
    assert is_finished(folder)
    next((folder / "records").glob("*.json")).write_text("{}")
    assert statuses_in(folder, read_head(folder))["pending"] == 1
    assert not is_finished(folder)


def test_a_sweep_whose_rounds_lack_a_seed_is_not_finished(tmp_path: Path) -> None:
    folder = stored(tmp_path, 0.1, "2026", ("finished",))
    write_plan(replace(plan({"learning_rate": [0.1]}, seeds=[0, 1, 2]), name="sample"), {}, folder)
    path = folder / "rounds.jsonl"
    for line in path.read_bytes().splitlines()[1:]:
        path.write_bytes(path.read_bytes().replace(line, line.replace(b"grid", b"grip")))
    with pytest.raises(
        UserError, match=r"rounds\.jsonl lacks seed \d: the sweep's own command brings it back"
    ):
        statuses_in(folder, read_head(folder))
    assert not is_finished(folder)


def test_a_sweep_until_decided_is_finished_when_no_round_is_to_come(tmp_path: Path) -> None:
    statuses: list[Status] = ["finished"] * 2
    folder = stored(tmp_path, 0.1, "2026", statuses, seeds=UntilDecided(2, 2))
    assert statuses_in(folder, read_head(folder)) == {"finished": 2}
    assert not is_finished(folder)
    freeze_end(folder)
    assert is_finished(folder)
    ended = (folder / "rounds.jsonl").read_bytes()
    freeze_end(folder)
    assert (folder / "rounds.jsonl").read_bytes() == ended
