"""How large the parts are that a network is judged on."""

import numpy as np
import pytest

from nnexp.data import DataSpec, Sizes, judged, load, sizes_of
from tests.results.sweeps import SIZES


@pytest.mark.parametrize("name", ["digits", "synthetic"])
def test_sizes_count_the_loaded_parts(name: str) -> None:
    data = load(DataSpec(name=name)).data
    labels = data.validation.labels.tolist()
    most = max(labels.count(label) for label in set(labels))
    assert sizes_of(data) == Sizes(len(labels), len(data.test.labels), most) == SIZES[name]


def test_chance_is_the_share_of_the_most_frequent_class() -> None:
    data = load(DataSpec()).data
    labels = np.repeat([0, 1, 2], [2, 7, 1])
    some = data._replace(
        validation=data.validation._replace(inputs=data.validation.inputs[:10], labels=labels)
    )
    assert sizes_of(some).chance == 0.7


def test_what_is_shown_in_training_does_not_change_what_a_network_is_judged_on() -> None:
    assert judged(DataSpec(train_size=100, expand="shifts", augment="elastic")) == judged(DataSpec())
    assert len({judged(DataSpec(**knob)) for knob in ({}, {"classes": (0, 1)}, {"validation_size": 9})}) == 3
