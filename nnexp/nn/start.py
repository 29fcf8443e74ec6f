"""The parameters that training starts with."""

from collections.abc import Sequence

from nnexp.nn.examples import Data
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.initializers import BIAS_INITIALIZERS, INITIALIZERS
from nnexp.nn.network import Parameters
from nnexp.nn.state import RunState, parameters_of
from nnexp.nn.streams import seed_of, stream
from nnexp.nn.validation import Initial, initial_parameters


def first_parameters(
    runs: Sequence[Hyperparameters], data: Data, initial: Initial | None, resume: Sequence[RunState] | None
) -> Parameters:
    """Fresh ones, the caller's, or those that training was left with."""
    if resume:
        return parameters_of(resume)
    return draw_parameters(runs, data) if initial is None else initial_parameters(initial, runs, data)


def draw_parameters(runs: Sequence[Hyperparameters], data: Data) -> Parameters:
    """Fresh parameters, each run's from its own seeds."""
    common = runs[0]
    sizes = common.layer_sizes(data.training.inputs.shape[1], data.n_classes)
    parameters = Parameters.zeros(sizes, len(runs), common.dtype)
    for k, run in enumerate(runs):
        rng = stream(seed_of(run, "weights"), "weights")
        for W in parameters.weights:
            W[k] = INITIALIZERS[run.initializer](rng, *W.shape[1:])
        rng = stream(seed_of(run, "biases"), "biases")
        for b in parameters.biases:
            b[k, 0] = BIAS_INITIALIZERS[run.bias_initializer](rng, b.shape[2])
    return parameters
