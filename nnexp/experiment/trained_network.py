"""A trained network as a notebook sees it: it answers."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnexp.errors import UserError
from nnexp.nn import Model, outputs_of


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained network that answers. `run_id`, `label`: which run it is, and what varies there.

    `scale`: what the inputs were divided by in training.
    """

    run_id: str
    label: str
    model: Model = field(repr=False)
    scale: float

    def probabilities(self, inputs: ArrayLike) -> NDArray[np.floating]:
        """The outputs (n, C) for `inputs (n, d)`, scaled as the training data were; with `output: identity`
        they are no probabilities, nor with `step`, where they are the weighted inputs: a unit fires above 0.

        Raises:
            UserError: the inputs have another shape, or are pixels that were not divided by `scale`.
        """
        array, first = np.asarray(inputs), self.model.weights[0]
        if array.ndim != 2 or array.shape[1] != first.shape[1]:
            raise UserError(f"inputs must have the shape (n, {first.shape[1]}), got {array.shape}")
        largest = array.max(initial=0)
        if self.scale != 1 and largest > 1 and np.array_equal(array, np.rint(array)):
            raise UserError(
                f"inputs must be divided by {self.scale:g}, as the training data were, "
                f"got whole numbers up to {largest:g}"
            )
        return outputs_of(self.model, array.astype(first.dtype))

    def predict(self, inputs: ArrayLike) -> NDArray[np.integer]:
        """The labels (n,) of `inputs (n, d)`: the largest output. Raises as `probabilities`."""
        return np.asarray(self.probabilities(inputs).argmax(axis=1))
