"""What is written beside MLflow's client is written whole, or not at all."""

from pathlib import Path
from typing import Any

import pytest

from nnexp.tracking.database import Database
from tests.tracking.conftest import copy_store

RUN = "a" * 32
ROW = {"run_uuid": RUN, "key": "epochs", "value": "3"}


@pytest.mark.parametrize("other", [{"run_uuid": RUN, "key": "seed"}, {**ROW, "key": "seed", "step": 0}])
def test_rows_with_other_columns_than_the_first_are_refused(
    store: str, tmp_path: Path, other: dict[str, Any]
) -> None:
    runs = [{"runs": [{"run_uuid": RUN}]}, {"params": [ROW]}, {"params": [other]}]
    with Database(copy_store(store, tmp_path / "mlflow.db")) as database:
        with pytest.raises(ValueError, match=r"rows of params must have the columns"):
            database.insert(0, runs)
        assert database.taken([RUN]) == set()
        database.insert(0, runs[:2])
        assert database.taken([RUN]) == {RUN}
