"""Disks that are full or read-only, records that are damaged: told, and no other record is harmed."""

import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.driving import QUIET, RUNS, records, run, tables

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_told_and_harms_no_record(
    tmp_path: Path, small_disk: Path, undisturbed: dict[str, str]
) -> None:
    words = [*QUIET, f"sweeps_dir={small_disk}"]
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 900_000)
    ended = run(words, tmp_path)
    assert ended.status == 1, ended.shown
    assert "No space left on device" in ended.shown
    assert "Traceback" not in ended.shown
    (folder,) = (small_disk / "multirun").iterdir()
    recorded = sorted((folder / "records").glob("*.json"))
    assert 0 < len(recorded) < RUNS
    assert not [path for path in folder.rglob("*.tmp")]
    before = {path: path.read_bytes() for path in recorded}
    filler.unlink()
    again = run(words, tmp_path)
    assert again.status == 0, again.shown
    assert f"{len(recorded)} done, {RUNS - len(recorded)} to train" in again.shown
    assert {path: path.read_bytes() for path in recorded} == before
    shutil.copytree(small_disk / "multirun", tmp_path / "sweeps" / "multirun")
    assert tables(tmp_path) == undisturbed


def test_on_a_full_disk_a_finished_sweep_answers_and_can_be_removed(
    tmp_path: Path, small_disk: Path, ended_well: Path
) -> None:
    shutil.copytree(ended_well / "sweeps", small_disk, dirs_exist_ok=True)
    with suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
    place = f"sweeps_dir={small_disk}"
    for words in ([*QUIET, place], ["summary", "multirun", place], ["status", "multirun", place]):
        answered = run(words, tmp_path)
        assert answered.status == 0, answered.shown
        assert "Traceback" not in answered.shown
    removed = run(["rm", "multirun", "--yes", place], tmp_path)
    assert removed.status == 0, removed.shown
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_a_read_only_folder_is_told_before_training_and_still_gives_its_answer(
    tmp_path: Path, ended_well: Path
) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a disk here")
    try:
        words = [*QUIET, f"sweeps_dir={place}"]
        shutil.copytree(ended_well / "sweeps", place, dirs_exist_ok=True)
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        answered = run(words, tmp_path)
        assert answered.status == 0, answered.shown
        assert "Validation accuracy after the last epoch" in answered.shown
        refused = run([*words, "mode=force"], tmp_path)
        assert refused.status == 2, refused.shown
        assert "not read-only or full" in refused.shown
        assert "Traceback" not in refused.shown
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("seed", range(3))
def test_damaged_records_are_set_aside_and_trained_again(
    tmp_path: Path, ended_well: Path, undisturbed: dict[str, str], seed: int
) -> None:
    shutil.copytree(ended_well / "sweeps", tmp_path / "sweeps")
    rng = random.Random(seed)
    *victims, weightless = rng.sample(sorted(records(tmp_path)), 4)
    weightless.with_suffix(".npz").write_bytes(b"")
    for victim, how in zip(victims, ("cut", "flip", "empty"), strict=True):
        content = bytearray(victim.read_bytes())
        if how == "flip":
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        victim.write_bytes(content[: rng.randrange(1, len(content))] if how == "cut" else content)
        if how == "empty":
            victim.write_bytes(b"")
    again = run(QUIET, tmp_path)
    assert again.status == 0, again.shown
    for victim in [*victims, weightless]:
        assert f"The record of run {victim.stem} is damaged" in again.shown
        assert victim.with_suffix(".damaged").exists()
    assert "8 done, 4 to train" in again.shown
    assert tables(tmp_path) == undisturbed
