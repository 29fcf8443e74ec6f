"""What is odd about a data set, in words for people: it can be trained on, but hardly as it was meant."""

import numpy as np

from nnexp.data.dataset import Dataset, DataSpec

USUAL_SIZE = 3.0  # root mean square of inputs: pixels in 0..1 have some 0.3, standardized values 1
EXAMPLES = 1_000  # that are looked at


def advice(spec: DataSpec, dataset: Dataset) -> list[str]:
    """A line for each thing that the user should know before training."""
    return [*_large_inputs(spec, dataset), *_classes_without_examples(spec, dataset)]


def _large_inputs(spec: DataSpec, dataset: Dataset) -> list[str]:
    """Pixels in 0..255 drive sigmoids into saturation, and nothing else would say so."""
    inputs = dataset.data.training.inputs[:EXAMPLES]
    if np.sqrt(np.mean(np.square(inputs, dtype=np.float64))) <= USUAL_SIZE:
        return []
    largest = float(np.abs(inputs).max())
    return [
        f"data={spec.name}: inputs go up to {largest:g}, but networks learn well from inputs of about 0..1; "
        f"data.scale={largest * dataset.scale:g} divides all of them, "
        "and columns of different units are better standardized one by one"
    ]


def _classes_without_examples(spec: DataSpec, dataset: Dataset) -> list[str]:
    """The first `train_size` examples may lack a class, whose output unit then learns to be silent."""
    missing = sorted(set(range(dataset.data.n_classes)) - set(dataset.data.training.labels.tolist()))
    if not missing:
        return []
    classes = missing if spec.classes is None else [spec.classes[label] for label in missing]
    return [
        f"data={spec.name}: the first {spec.train_size} training examples hold none of the classes "
        f"{', '.join(map(str, classes))}"
    ]
