"""A run's id changes with everything that can change its result, and with nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from nnexp.data import DataSpec, load
from nnexp.nn import Hyperparameters
from nnexp.sweep.question.identity import digest_of_code, run_id
from tests.sweep.samples import plan

CODE = '''
"""What the module does."""


def double(x: float) -> float:
    """Twice x."""
    return 2 * x  # exact
'''


def test_everything_that_decides_a_result_counts() -> None:
    data = load(DataSpec(name="synthetic"))
    home = (Hyperparameters(), DataSpec(), data, "code")
    others = [
        (Hyperparameters(learning_rate=0.51), DataSpec(), data, "code"),
        (Hyperparameters(seed=1), DataSpec(), data, "code"),
        (Hyperparameters(monitor=("test",)), DataSpec(), data, "code"),
        (Hyperparameters(), DataSpec(train_size=10), data, "code"),
        (Hyperparameters(), DataSpec(expand="shifts"), data, "code"),
        (Hyperparameters(), DataSpec(), replace(data, digest="other"), "code"),
        (Hyperparameters(), DataSpec(), replace(data, scale=17.0), "code"),
        (Hyperparameters(), DataSpec(), replace(data, data=data.data._replace(n_classes=11)), "code"),
        (Hyperparameters(), DataSpec(), data, "other code"),
    ]
    assert len({run_id(*what) for what in [home, *others]}) == 1 + len(others)


def test_one_value_has_one_id_however_it_is_written() -> None:
    assert plan({"learning_rate": [1]}).sweep_id == plan({"learning_rate": [1.0]}).sweep_id
    assert plan({}, seeds=[0]).runs[0].run_id == plan({"hidden_size": [5]}, seeds=[0]).runs[0].run_id


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (("2 * x  # exact", "x * 2  # exact"), True),
        (("2 * x", "2 * x + 0.0"), True),
        (("# exact", "# a comment"), False),
        (("Twice x.", "x, doubled."), False),
        (("What the module does.", "Another docstring."), False),
        (("2 * x  # exact", "(\n        2 * x\n    )"), False),
    ],
)
def test_code_counts_and_comments_docstrings_and_layout_do_not(
    tmp_path: Path, change: tuple[str, str], counts: bool
) -> None:
    file = tmp_path / "module.py"
    file.write_text(CODE)
    before = digest_of_code([file])
    file.write_text(CODE.replace(*change))
    assert (digest_of_code([file]) != before) is counts
