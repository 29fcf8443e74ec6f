"""Everything here takes servers, or minutes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.field.clusters import Cluster, cluster, why_not
from tests.tracking.conftest import first_log, server, store

__all__ = ["first_log", "server", "store"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.field)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A PostgreSQL cluster of our own."""
    pytest.importorskip("psycopg", reason="not installed: pip install 'psycopg[binary]'")
    if reason := why_not():
        pytest.skip(reason)
    with cluster() as made:
        yield made
