"""How large the parts are that a network is judged on."""

import pytest

from nnexp.data import DataSpec, Sizes, judged, load, sizes_of
from tests.results.sweeps import SIZES


@pytest.mark.parametrize("name", ["digits", "synthetic", "nand"])
def test_sizes_count_the_loaded_parts(name: str) -> None:
    data = load(DataSpec(name=name)).data
    labels = data.validation.labels.tolist()
    most = max(labels.count(label) for label in set(labels))
    assert sizes_of(data) == Sizes(len(labels), len(data.test.labels), data.n_classes, most) == SIZES[name]


def test_what_is_shown_in_training_does_not_change_what_a_network_is_judged_on() -> None:
    assert judged(DataSpec(train_size=100, expand="shifts", augment="elastic")) == judged(DataSpec())
    assert len({judged(DataSpec(**knob)) for knob in ({}, {"classes": (0, 1)}, {"validation_size": 9})}) == 3
