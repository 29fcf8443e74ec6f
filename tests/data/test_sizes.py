"""The sizes that are written down are those of the data sets."""

import pytest

from nnexp.data import DataSpec, load, sizes_of


def test_the_sizes_of_digits_are_those_of_its_parts() -> None:
    data, sizes = load(DataSpec()).data, sizes_of(DataSpec())
    assert sizes is not None
    assert (sizes.validation, sizes.test) == (len(data.validation.labels), len(data.test.labels))
    assert sizes.classes == len(set(data.test.labels.tolist()))


@pytest.mark.parametrize("spec", [DataSpec(classes=(0, 1)), DataSpec(name="file", path="x.npz")])
def test_other_sizes_are_not_known(spec: DataSpec) -> None:
    assert sizes_of(spec) is None


def test_a_part_of_the_validation_set_counts() -> None:
    sizes = sizes_of(DataSpec(name="mnist", validation_size=500))
    assert sizes is not None
    assert (sizes.validation, sizes.test) == (500, 10_000)
