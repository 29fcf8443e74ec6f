"""A trained network that answers, in a notebook."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnexp.errors import UserError
from nnexp.nn import Model, predict


@dataclass(frozen=True)
class Network:
    """A trained network that answers. `run_id`, `label`: which run it is, and what varies there."""

    run_id: str
    label: str
    model: Model = field(repr=False)

    def probabilities(self, inputs: ArrayLike) -> NDArray[np.floating]:
        """The outputs (n, C) for `inputs (n, d)`, scaled as the training data were; with `output: identity`
        they are no probabilities.

        Raises:
            UserError: the inputs have another shape.
        """
        given, first = np.asarray(inputs), self.model.weights[0]
        if given.ndim != 2 or given.shape[1] != first.shape[1]:
            raise UserError(f"inputs must have the shape (n, {first.shape[1]}), got {given.shape}")
        settings = self.model.hyperparameters
        return predict(
            self.model.weights,
            self.model.biases,
            given.astype(first.dtype),
            activation=settings.activation,
            output=settings.output,
        )

    def predict(self, inputs: ArrayLike) -> NDArray[np.integer]:
        """The labels (n,) of `inputs (n, d)`: the largest output. Raises as `probabilities`."""
        return np.asarray(self.probabilities(inputs).argmax(axis=1))
