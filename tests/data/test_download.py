"""Downloads, each from real HTTP servers on loopback."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nnexp.data import DataSpec, download, load
from nnexp.errors import UserError

from .conftest import Mirror

FILE = "train-labels-idx1-ubyte.gz"
GOOD = b"right content " * 100_000


@pytest.fixture
def mirrors(monkeypatch: pytest.MonkeyPatch, mirror: Mirror) -> Mirror:
    """One server stands for two mirrors, the folders `first/` and `second/`; the right MD5 is GOOD's."""
    addresses = (f"{mirror.address}first/", f"{mirror.address}second/")
    monkeypatch.setitem(download.MIRRORS, "mnist", addresses)
    monkeypatch.setitem(download.CHECKSUMS, "mnist", {FILE: hashlib.md5(GOOD).hexdigest()})
    return mirror


def files_under(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_file_comes_from_the_first_mirror_into_the_folder_of_its_data_set(
    mirrors: Mirror, tmp_path: Path
) -> None:
    mirrors.files = {f"first/{FILE}": GOOD, f"second/{FILE}": GOOD}
    path = download.download("mnist", FILE, tmp_path)
    assert path == tmp_path / "mnist" / FILE
    assert path.read_bytes() == GOOD
    assert mirrors.asked == [f"first/{FILE}"]
    assert files_under(tmp_path) == [f"mnist/{FILE}"]


@pytest.mark.parametrize("fault", ["missing", "wrong content", "dies in mid-file", "hangs"])
def test_the_next_mirror_is_tried_and_nothing_half_written_stays(
    mirrors: Mirror, tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirrors.files = {f"second/{FILE}": GOOD}
    if fault == "wrong content":
        mirrors.files[f"first/{FILE}"] = GOOD[:-1] + b"?"
    if fault == "dies in mid-file":
        mirrors.files[f"first/{FILE}"] = GOOD
        mirrors.dies_in.add(f"first/{FILE}")
    if fault == "hangs":
        monkeypatch.setattr(download, "TIMEOUT", 0.1)
        mirrors.hangs_in.add(f"first/{FILE}")
    path = download.download("mnist", FILE, tmp_path)
    assert path.read_bytes() == GOOD
    assert mirrors.asked == [f"first/{FILE}", f"second/{FILE}"]
    assert files_under(tmp_path) == [f"mnist/{FILE}"]


def test_when_all_mirrors_fail_the_error_tells_each_reason_and_what_to_do(
    mirrors: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("missing/", "wrong/", "dies/")
    closed = "http://127.0.0.1:9/"
    addresses = (*(f"{mirrors.address}{name}" for name in names), closed, "no-address/")
    monkeypatch.setitem(download.MIRRORS, "mnist", addresses)
    mirrors.files = {f"wrong/{FILE}": b"other", f"dies/{FILE}": GOOD}
    mirrors.dies_in.add(f"dies/{FILE}")
    with pytest.raises(UserError) as error:
        download.download("mnist", FILE, tmp_path)
    message = str(error.value)
    assert f"{FILE} is neither in {tmp_path / 'mnist'} nor in {tmp_path}" in message
    assert f"{mirrors.address}missing/ (HTTP status 404)" in message
    assert f"{mirrors.address}wrong/ (wrong MD5 sum)" in message
    assert f"{mirrors.address}dies/ (ChunkedEncodingError)" in message
    assert f"{closed} (ConnectionError)" in message
    assert f"put the four IDX files into {tmp_path / 'mnist'} or set data.root" in message
    assert "\n" not in message
    assert files_under(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_said_before_any_mirror_is_asked(
    mirrors: Mirror, tmp_path: Path
) -> None:
    (tmp_path / "mnist").write_text("a file where the folder should be")
    with pytest.raises(UserError, match=r"cannot be downloaded there \(File exists\); set data\.root"):
        download.download("mnist", FILE, tmp_path)
    assert mirrors.asked == []


def test_a_progress_bar_is_drawn_on_a_terminal(
    mirrors: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mirrors.files = {f"first/{FILE}": GOOD}
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    download.download("mnist", FILE, tmp_path)
    assert "100%" in capsys.readouterr().err


def test_a_data_set_is_downloaded_once_and_then_found(
    mirror: Mirror,
    packed_files: dict[str, bytes],
    offline: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mirror.files = dict(packed_files)
    sums = {name: hashlib.md5(content).hexdigest() for name, content in packed_files.items()}
    monkeypatch.setitem(download.MIRRORS, "mnist", (mirror.address,))
    monkeypatch.setitem(download.CHECKSUMS, "mnist", sums)
    spec = DataSpec(name="mnist", train_size=3, validation_size=2)
    first = load(spec)
    assert sorted(mirror.asked) == sorted(packed_files)
    assert files_under(offline) == sorted(f"mnist/{name}" for name in packed_files)
    mirror.asked.clear()
    assert load(spec).digest == first.digest
    assert mirror.asked == []


def test_offline_without_files_is_one_clear_line(offline: Path) -> None:
    with pytest.raises(UserError) as error:
        load(DataSpec(name="fashion_mnist"))
    message = str(error.value)
    assert "data=fashion_mnist" in message
    assert str(offline / "fashion_mnist") in message
    assert "http://127.0.0.1:9/ (ConnectionError)" in message
    assert "set data.root" in message
    assert not list(offline.iterdir())


def test_published_tables_name_every_file_of_both_data_sets() -> None:
    names = {
        f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
    }
    assert {name: set(sums) for name, sums in download.CHECKSUMS.items()} == {
        "mnist": names,
        "fashion_mnist": names,
    }
    everything = [md5 for sums in download.CHECKSUMS.values() for md5 in sums.values()]
    assert len(set(everything)) == 8
    assert all(len(md5) == 32 and int(md5, 16) for md5 in everything)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become a user without a home folder")
def test_a_user_without_a_home_folder_is_told_what_to_set() -> None:
    script = (
        "import os; from nnexp.data import DataSpec, load; import pooch; os.environ.pop('HOME', None); "
        "os.environ.pop('NNEXP_DATA', None); os.environ.pop('XDG_CACHE_HOME', None); os.setuid(54321); "
        "load(DataSpec(name='mnist'))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    last = ended.stderr.splitlines()[-1]
    assert last.startswith(
        "nnexp.errors.UserError: downloaded data are kept in the home folder, and this user "
    )
    assert last.endswith("set data.root or $NNEXP_DATA to a folder for them")
