"""digits, nand and synthetic: data that needs no file of the user's."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnexp.data import DataSpec, bundled, load
from nnexp.errors import UserError

COMPARE = """
import sys
from nnexp.data import DataSpec, load
data = load(DataSpec(name="digits")).data
heavy = [name for name in ("sklearn", "scipy", "pooch", "pandas", "mlflow", "hydra") if name in sys.modules]
assert not heavy, heavy

import numpy as np
from sklearn.datasets import load_digits
theirs = load_digits()
order = np.random.default_rng(0).permutation(1797)
ours = [np.concatenate([part[i] for part in data[:3]]) for i in (0, 1)]
assert [len(part.labels) for part in data[:3]] == [1200, 300, 297]
assert np.array_equal(ours[0], theirs.data[order] / 16)
assert np.array_equal(ours[1], theirs.target[order])
print("same")
"""


def test_digits_are_scikit_learns_permuted_and_read_without_importing_it() -> None:
    # In a process of its own: importing scikit-learn here would hide that nnexp does not.
    done = subprocess.run([sys.executable, "-c", COMPARE], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("same\n", 0), done.stderr


def test_digits_digest_covers_the_values_in_file_order() -> None:
    dataset = load(DataSpec(name="digits"))
    order = np.random.default_rng(0).permutation(1797)
    inputs, labels = np.empty((1797, 64), np.uint8), np.empty(1797, np.uint8)
    inputs[order] = np.concatenate([part.inputs * 16 for part in dataset.data[:3]])
    labels[order] = np.concatenate([part.labels for part in dataset.data[:3]])
    written = b"inputs |u1 (1797, 64)\n" + inputs.tobytes() + b"labels |u1 (1797,)\n" + labels.tobytes()
    assert dataset.digest == hashlib.sha256(written).hexdigest()


def test_digits_without_scikit_learn_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [finder for finder in sys.meta_path if "Path" in str(finder)])
    monkeypatch.delitem(sys.modules, "sklearn", raising=False)
    with pytest.raises(UserError, match=r"data=digits needs scikit-learn's digits\.csv\.gz"):
        bundled.digits(DataSpec())


def test_digits_without_the_file_says_where_it_looked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sklearn").mkdir()
    (tmp_path / "sklearn" / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "sklearn", raising=False)
    with pytest.raises(UserError, match="install scikit-learn") as error:
        bundled.digits(DataSpec())
    assert str(tmp_path) in str(error.value)


def test_nand_is_the_gate_three_times() -> None:
    dataset = load(DataSpec(name="nand"))
    for part in dataset.data[:3]:
        assert {(*bits, label) for bits, label in zip(part.inputs.tolist(), part.labels, strict=True)} == {
            (0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 0)
        }  # fmt: skip
    assert (dataset.data.n_classes, dataset.scale, dataset.image_shape) == (2, 1, None)


def test_synthetic_is_the_same_every_time_whatever_the_global_seed() -> None:
    first = load(DataSpec(name="synthetic"))
    state = np.random.get_state()  # noqa: NPY002  the global generator is what must not matter
    try:
        np.random.seed(1)  # noqa: NPY002
        second = load(DataSpec(name="synthetic"))
    finally:
        np.random.set_state(state)  # noqa: NPY002
    assert first.digest == second.digest
    assert first.data.training.inputs.tobytes() == second.data.training.inputs.tobytes()


def test_synthetic_has_ten_equal_classes_that_can_be_learned() -> None:
    data = load(DataSpec(name="synthetic")).data
    for part, per_class in ((data.training, 100), (data.validation, 25), (data.test, 25)):
        assert np.bincount(part.labels).tolist() == [per_class] * 10
        assert part.inputs.min() >= 0
        assert part.inputs.max() <= 1
    # The nearest class mean is right far more often than chance (.1), and not always.
    means = np.stack([data.training.inputs[data.training.labels == c].mean(axis=0) for c in range(10)])
    distances = ((data.test.inputs[:, None] - means) ** 2).sum(axis=2)
    accuracy = np.mean(distances.argmin(axis=1) == data.test.labels)
    assert 0.7 < accuracy < 1
