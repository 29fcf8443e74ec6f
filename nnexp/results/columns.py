"""The columns of a sweep's tables: their names, order and dtypes.

Missing values are NA (an empty CSV cell): a failed run's metrics, a test cost that nobody asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_type_hints

from nnexp.data import DataSpec
from nnexp.nn import Hyperparameters
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.record import BEST, FINAL
from nnexp.text import spelled

if TYPE_CHECKING:
    import pandas as pd

# What a run ends with, in the order of the columns. `epochs_done`: the column `epochs` is the hyperparameter.
METRICS = (
    "epochs_done",
    *(f"final_{name}" for name in FINAL),
    "best_epoch",
    *(f"best_{name}" for name in BEST),
    *("test_cost", "test_accuracy", "seconds", "evaluation_seconds", "seconds_per_epoch"),
)
TO_TARGET = ("epochs_to_target", "seconds_to_target")  # only of a sweep that states a target
SUMMARY_PARTS = ("mean", "low", "high", "difference", "difference_low", "difference_high")
HISTORY = (
    *(f"{part}_{what}" for part in ("training", "validation", "test") for what in ("cost", "accuracy")),
    *("penalty", "seconds"),
)
TEXTS = (
    *("run_id", "mlflow_run_id", "status"),
    *("id", "text", "source", "published", "verdict", "effect_kind", "compared", "rel", "note"),
)
INTEGERS = (
    *("epoch", "epochs_done", "best_epoch", "epochs_to_target", "dead_classes", "seconds_shared_by"),
    *("n", "failed", "diverged", "pruned", "target_reached", "seeds_low", "seeds_high"),
)
HINTS = get_type_hints(DataSpec) | get_type_hints(Hyperparameters) | {"data": str}
SIZES_HINT = int | tuple[int, ...]
WHOLE_OR_LIST = tuple(name for name, hint in HINTS.items() if hint == SIZES_HINT)


def metric_names(plan: Plan) -> tuple[str, ...]:
    """The figures that a run of this sweep ends with."""
    return METRICS if plan.target is None else (*METRICS, *TO_TARGET)


def dtype_of(column: str) -> str:
    """The dtype of a column by its name, in frames and when CSV files are read: Int64, float64 or string.

    A column of `WHOLE_OR_LIST` is text in a table where one of its values is a list.
    """
    if column in TEXTS:
        return "string"
    if column in INTEGERS:
        return "Int64"
    kinds = {
        int: "Int64",
        int | None: "Int64",
        SIZES_HINT: "Int64",
        float: "float64",
        float | None: "float64",
    }
    return kinds.get(HINTS[column], "string") if column in HINTS else "float64"


def cell_value(value: object) -> str | None:
    """A setting as one types it on the command line; None (an empty cell) for none."""
    return None if value is None else spelled(value)


def frame(values: Mapping[str, Iterable[Any]]) -> pd.DataFrame:
    """Columns by name, each with its dtype."""
    import pandas as pd

    return pd.DataFrame({name: _column(name, column) for name, column in values.items()})


def _column(name: str, values: Iterable[Any]) -> pd.Series:
    import pandas as pd

    dtype = dtype_of(name)
    if name in WHOLE_OR_LIST:
        values = list(values)
        dtype = "string" if any(isinstance(value, tuple) for value in values) else dtype
    return pd.Series([cell_value(v) for v in values] if dtype == "string" else values, dtype=dtype)
