"""The runs of a sweep by point: which did best."""

import numpy as np

from nnexp.results.by_point import best_run
from nnexp.results.tables import make_tables
from tests.results.judged import ACCURACIES
from tests.results.sweeps import make_plan, make_records


def test_the_best_run_is_the_best_of_the_best_point() -> None:
    """The mean of the second point is highest, whatever single run elsewhere did better."""
    plan = make_plan({"batch_size": [1, 10, 1000]}, seeds=3)
    tables = make_tables(plan, make_records(plan, [[0.5, 0.99, 0.5], *ACCURACIES[1:]]), {})
    assert best_run(plan, tables.runs) == plan.runs[5]
    none = make_tables(plan, make_records(plan, np.full((3, 3), None)), {})
    assert best_run(plan, none.runs) is None
