import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from nnexp.errors import UserError
from nnexp.tracking import new_store
from nnexp.tracking.client import session


@pytest.fixture(scope="module")
def two_stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """The cache folder, a store that MLflow made, and then one in another folder."""
    cache, one, two = (tmp_path_factory.mktemp(name) for name in ("cache", "one", "two"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(new_store, "cache_folder", lambda: cache / "nnexp")
        for folder in (one, two):
            patch.chdir(folder)
            with session("sqlite:///mlflow.db"):
                pass
            patch.setattr(new_store, "_migrate", _never)
    return cache / "nnexp", one, two


def _never(path: Path) -> None:
    raise AssertionError(f"{path} was made anew")


def _content(store: Path) -> list[str]:
    """All of a store, but for where and when it was made."""
    with closing(sqlite3.connect(store)) as database:
        database.execute("UPDATE experiments SET artifact_location = '', creation_time = 0")
        database.execute("UPDATE experiments SET last_update_time = 0")
        return list(database.iterdump())


def test_a_second_new_store_is_the_first_one_but_for_its_place(two_stores: tuple[Path, Path, Path]) -> None:
    _, one, two = two_stores
    assert str(one).encode() not in (two / "mlflow.db").read_bytes()
    assert _content(one / "mlflow.db") == _content(two / "mlflow.db")


def test_a_new_store_is_in_wal_mode(two_stores: tuple[Path, Path, Path]) -> None:
    for folder in two_stores[1:]:
        with closing(sqlite3.connect(folder / "mlflow.db")) as database:
            assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("damage", ["half", "page", "other", "missing"])
def test_a_store_that_was_kept_and_is_damaged_is_made_anew(
    damage: str, two_stores: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [whole] = two_stores[0].iterdir()
    content, kept = whole.read_bytes(), tmp_path / whole.name
    page = content[:200_000] + bytes(4096) + content[204_096:]
    if damage != "missing":
        damaged = {"half": content[: len(content) // 2], "page": page, "other": b"no database"}
        kept.write_bytes(damaged[damage])
    monkeypatch.setattr(new_store, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(new_store, "_migrate", lambda path: path.write_bytes(content))
    new_store.make_store(tmp_path / "mlflow.db")
    assert kept.read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["mlflow.db", kept.name])


def test_a_user_without_a_home_gets_a_store(
    two_stores: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [whole] = two_stores[0].iterdir()

    def homeless() -> Path:
        raise UserError("no home")

    monkeypatch.setattr(new_store, "cache_folder", homeless)
    monkeypatch.setattr(new_store, "_migrate", lambda path: path.write_bytes(whole.read_bytes()))
    new_store.make_store(tmp_path / "mlflow.db")
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]
