"""Every run of a sweep by column, for a table that the reader searches and sorts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnexp.pages.numbers import short
from nnexp.results.by_point import stuck_ids
from nnexp.results.columns import TO_TARGET
from nnexp.sweep.question.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

# Test figures of single runs are left out: who sorts by them chooses by the test set.
FIGURES = (
    *("final_validation_accuracy", "best_validation_accuracy", "best_epoch", "final_training_accuracy"),
    *("final_validation_cost", "final_training_cost", "penalty", "epochs_done", *TO_TARGET, "seconds"),
)
FIGURE_DIGITS = 6
EXACT = 17  # digits that tell any two numbers apart


def run_table(plan: Plan, runs: pd.DataFrame) -> dict[str, Any]:
    """`rows`: how many; `columns`: each `{name, values}` of numbers (with `decimals`,
    if that many are shown), or `{name, words, codes}` of texts."""
    stuck = stuck_ids(plan, runs) if len(runs) else frozenset()
    status = runs["status"].mask(runs["run_id"].isin(list(stuck)), "stuck").str.replace("_", " ")
    names = [*plan.axes, *plan.tuned, "seed"]
    columns = [{"name": "run", "texts": runs["run_id"].tolist()}, _words("status", status)]
    columns += [_setting(name, runs[name]) for name in names]
    figures = [name for name in FIGURES if name in runs and runs[name].notna().any()]
    return {"rows": len(runs), "columns": columns + [_figure(name, runs[name]) for name in figures]}


def _setting(name: str, values: pd.Series) -> dict[str, Any]:
    """Exact; a missing one is `null`, as on the command line."""
    if values.dtype == "string" or values.isna().any():
        return _words(name, values)
    return {"name": name, "values": short(values.to_numpy(float), EXACT)}


def _figure(name: str, values: pd.Series) -> dict[str, Any]:
    """Accuracies in per cent."""
    numbers, words = values.to_numpy(float, na_value=float("nan")), name.replace("_", " ")
    if name.endswith("accuracy"):
        return {"name": f"{words} (%)", "values": short(100 * numbers, FIGURE_DIGITS), "decimals": 2}
    return {"name": words, "values": short(numbers, FIGURE_DIGITS)}


def _words(name: str, values: pd.Series) -> dict[str, Any]:
    """Texts, each written once."""
    texts = values.astype(object).where(values.notna(), "null").map(str)
    codes = {word: code for code, word in enumerate(dict.fromkeys(texts))}
    return {"name": name, "words": list(codes), "codes": [codes[text] for text in texts]}
