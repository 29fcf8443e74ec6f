"""Where sweeps are looked for."""

from pathlib import Path

from nnexp.sweep.store.folder import sweep_folders


def put(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "sweep.yaml").write_text("name: x")
    return folder


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
