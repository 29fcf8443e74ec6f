"""Models are files that hold arrays and text: what is read is what was written, and nothing is executed."""

import io
import json
import pickle
from itertools import product

import numpy as np
import pytest

from nnexp.errors import UserError
from nnexp.nn import Hyperparameters, Model, train
from nnexp.sweep.store.model_file import load_model, save_model
from tests.nn.driving import random_data, same_bits

DATA = random_data(np.random.default_rng(0), n=20, d=3, classes=4)


def trained(**knobs) -> Model:
    h = Hyperparameters(**{"hidden_size": 5, "epochs": 2} | knobs)
    [result] = train([h], DATA)
    return Model(result.weights, result.biases, h)


@pytest.mark.parametrize(
    "knobs",
    [
        {"dtype": "float32"},
        {"dtype": "float64", "learning_rate": 0.1 + 0.2, "monitor": ("test",)},
        {"hidden_layers": 0},
        {"hidden_size": [7, 2, 5]},
        {"hidden_layers": 12, "optimizer": "adam", "seed": 2**63 - 1},
    ],
    ids=str,
)
def test_a_saved_model_loads_bit_for_bit(tmp_path, knobs):
    model = trained(**knobs)
    save_model(tmp_path / "model", model)
    loaded = load_model(tmp_path / "model")
    assert same_bits(loaded.weights, model.weights)
    assert same_bits(loaded.biases, model.biases)
    assert loaded.hyperparameters == model.hyperparameters


def test_a_model_may_be_saved_to_an_open_file(tmp_path):
    model, buffer = trained(), io.BytesIO()
    save_model(buffer, model)
    (tmp_path / "model.npz").write_bytes(buffer.getvalue())
    assert same_bits(load_model(tmp_path / "model.npz").weights, model.weights)


def test_a_model_file_is_readable_without_nnexp(tmp_path):
    model = trained(hidden_layers=2)
    save_model(tmp_path / "model.npz", model)
    with np.load(tmp_path / "model.npz", allow_pickle=False) as file:
        assert set(file.files) == {"hyperparameters"} | {
            f"{kind}_{layer}" for kind, layer in product(("weights", "biases"), (1, 2, 3))
        }
        assert json.loads(str(file["hyperparameters"]))["hidden_layers"] == 2
        assert file["weights_3"].tobytes() == model.weights[2].tobytes()


class Bomb:
    """Whoever unpickles it runs its code."""

    def __reduce__(self):
        return pytest.fail, ("a pickle was opened",)


def test_a_file_with_objects_is_refused_unopened(tmp_path):
    path = tmp_path / "model.npz"
    np.savez(path, weights_1=np.array([Bomb()]), biases_1=np.zeros(1), hyperparameters=np.array("{}"))
    with pytest.raises(
        UserError, match=r"must be a model file written by nnexp, got: Python objects in weights_1"
    ):
        load_model(path)
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(UserError, match="must be a model file written by nnexp"):
        load_model(path)


def damaged_files() -> dict[str, bytes]:
    whole, array, nameless, listed = io.BytesIO(), io.BytesIO(), io.BytesIO(), io.BytesIO()
    save_model(whole, trained())
    np.save(array, np.eye(2))
    np.savez(nameless, weights_1=np.eye(2), biases_1=np.zeros(2))
    np.savez(listed, weights_1=np.eye(2), biases_1=np.zeros(2), hyperparameters=np.array("3"))
    content = whole.getvalue()
    middle = len(content) // 3
    return {
        "empty": b"",
        "text": b"hello, world",
        "cut": content[: len(content) // 2],
        "flipped": content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :],
        "array": array.getvalue(),
        "nameless": nameless.getvalue(),
        "not a mapping": listed.getvalue(),
    }


@pytest.mark.parametrize("damage", damaged_files())
def test_a_file_that_is_no_model_is_refused_by_name(tmp_path, damage):
    path = tmp_path / "model.npz"
    path.write_bytes(damaged_files()[damage])
    with pytest.raises(UserError) as error:
        load_model(path)
    assert str(error.value).startswith(f"{path} must be a model file written by nnexp, got")
    assert "\n" not in str(error.value)


def test_a_model_of_an_unknown_hyperparameter_is_refused(tmp_path):
    save_model(tmp_path / "model.npz", trained())
    with np.load(tmp_path / "model.npz") as file:
        arrays = dict(file)
    arrays["hyperparameters"] = np.array('{"learning_rte": 1}')
    np.savez(tmp_path / "model.npz", **arrays)
    with pytest.raises(
        UserError, match="unknown hyperparameter 'learning_rte'; did you mean 'learning_rate'"
    ):
        load_model(tmp_path / "model.npz")


def test_a_file_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "model.npz")
