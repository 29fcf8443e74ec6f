"""DataSpec: what is accepted, what is refused and in which words, what belongs to the identity."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnexp.data import DataSpec
from nnexp.errors import UserError


@pytest.mark.parametrize(
    ("knob", "value", "message"),
    [
        ("name", 3, "data must be the name of a data set, got 3"),
        ("train_size", 0, "train_size must be an integer >= 1 or null (all), got 0"),
        ("train_size", True, "got True"),
        ("train_size", 10.0, "got 10.0"),
        ("train_size", "10", "got '10'"),
        ("validation_size", -5, "validation_size must be an integer >= 1 or null (all), got -5"),
        ("classes", 3, "classes must be a list of at least 2 integer labels or null (all), got 3"),
        ("classes", "01", "got '01'"),
        ("classes", [], "got []"),
        ("classes", [4], "got [4]"),
        ("classes", [1, 2.5], "got [1, 2.5]"),
        ("classes", [1, True], "got [1, True]"),
        ("classes", [3, 8, 3], "classes must differ, got [3, 8, 3]"),
        ("scale", 0, "data.scale must be a finite number > 0"),
        ("scale", -1.0, "got -1.0"),
        ("scale", float("nan"), "got nan"),
        ("scale", float("inf"), "got inf"),
        ("scale", True, "got True"),
        ("scale", "255", "got '255'"),
        ("expand", "shift", "unknown data.expand 'shift'; did you mean 'shifts'? (choices: none, shifts)"),
        ("expand", None, "unknown data.expand None"),
        ("augment", "elastics", "did you mean 'elastic'?"),
        ("augment", ["rotate"], "(choices: affine, affine_elastic, elastic, none, rotate, rotate_elastic)"),
        ("rotation", 360, "data.rotation must be a number >= 0 and < 360, got 360"),
        ("zoom", -0.1, "data.zoom must be a number >= 0 and < 1, got -0.1"),
        ("shear", "0.2", "data.shear must be a finite number >= 0, got '0.2'"),
        ("shift", float("inf"), "data.shift must be a finite number >= 0, got inf"),
        ("root", 5, "data.root must be a path or null, got 5"),
        ("path", b"x.npz", "data.path must be a path or null, got b'x.npz'"),
        ("path", "", "data.path must be a path or null, got ''"),
        ("path", "x\0.npz", "data.path must be a path or null, got 'x\\x00.npz'"),
    ],
)
def test_unfit_values_are_refused_in_one_line(knob: str, value: object, message: str) -> None:
    wrong: dict[str, Any] = {knob: value}
    with pytest.raises(UserError) as error:
        DataSpec(**wrong)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_values_are_made_exact() -> None:
    given: dict[str, Any] = {
        "train_size": np.int64(100),
        "classes": [np.uint8(3), 8],
        "scale": 255,
        "root": Path("/folder"),
    }
    spec = DataSpec(**given)
    assert spec == DataSpec(train_size=100, classes=(3, 8), scale=255.0, root="/folder")
    assert (type(spec.train_size), type(spec.scale), type(spec.root)) == (int, float, str)
    assert all(type(label) is int for label in spec.classes or ())
    assert hash(spec) == hash(DataSpec(**given))


def test_identity_is_every_knob_but_the_places() -> None:
    spec = DataSpec(name="mnist", train_size=1000, classes=(3, 8), scale=255.0, expand="shifts", root="/a")
    assert spec.identity() == {
        "name": "mnist",
        "train_size": 1000,
        "validation_size": None,
        "classes": [3, 8],
        "scale": 255.0,
        "expand": "shifts",
        "augment": "none",
        "rotation": 0.0,
        "zoom": 0.0,
        "shear": 0.0,
        "shift": 0.0,
    }
    assert json.loads(json.dumps(spec.identity())) == spec.identity()


@pytest.mark.parametrize("place", ["root", "path"])
def test_places_do_not_change_the_identity(place: str) -> None:
    here: dict[str, Any] = {place: "/here"}
    there: dict[str, Any] = {place: "/there"}
    assert DataSpec(**here).identity() == DataSpec(**there).identity()


def test_places_are_the_same_from_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ada")
    spec = DataSpec(name="file", path="own/x.npz", root="~/data")
    assert (spec.path, spec.root) == (str(tmp_path / "own" / "x.npz"), "/home/ada/data")
