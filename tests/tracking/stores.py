"""Whole stores to compare: every row of every table, and every file, with ids and clock times masked."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ID = re.compile(r"(m-)?\b[0-9a-f]{32}\b")
# What is of the moment, and the order in which MLflow gave numbers.
OF_THE_MOMENT = (
    *("creation_time", "last_update_time", "creation_timestamp_ms", "last_updated_timestamp_ms"),
    *("deleted_time", "experiment_id"),
)
Contents = Mapping[str, Counter[Any]]


def contents(uri: str, place: str) -> Contents:
    """Every row of every table but the experiments' own; `place`: where this store has its files."""
    from sqlalchemy import MetaData, create_engine

    engine, meta = create_engine(uri), MetaData()
    meta.reflect(engine)
    with engine.connect() as connection:
        found = {
            name: Counter(_masked(row, place) for row in connection.execute(table.select()).mappings())
            for name, table in meta.tables.items()
            if name not in ("experiments", "experiment_tags", "sqlite_stat1")
        }
    engine.dispose()
    return found


def files(folder: Path) -> Counter[tuple[str, str]]:
    """Every file below: its masked name and masked text (its length where it is no text)."""
    return Counter(
        (ID.sub("ID", str(path.relative_to(folder))), _text(path, folder))
        for path in folder.rglob("*")
        if path.is_file()
    )


def assert_equal(one: tuple[Contents, Counter[Any]], other: tuple[Contents, Counter[Any]]) -> None:
    """Two stores, each by its contents and its files; what differs is named."""
    for table in one[0]:
        assert one[0][table] - other[0][table] == other[0][table] - one[0][table] == Counter(), table
    assert one[1] - other[1] == other[1] - one[1] == Counter()


def _text(path: Path, folder: Path) -> str:
    if path.suffix == ".npz":
        return path.read_bytes().hex()
    text = re.sub("utc_time_created: .*", "", path.read_text(encoding="utf-8"))
    return ID.sub("ID", text.replace(folder.as_uri(), "PLACE"))


def _masked(row: Mapping[str, Any], place: str) -> frozenset[tuple[str, Any]]:
    masked = {
        name: ID.sub("ID", v.replace(place, "PLACE")) if isinstance(v, str) else v for name, v in row.items()
    }
    masked |= {name: "MOMENT" for name in OF_THE_MOMENT if row.get(name) is not None}
    if row.get("status") == "RUNNING":  # the sweep's own page
        masked["start_time"] = "MOMENT"
    return frozenset(masked.items())
