"""The numerical core: feed-forward networks trained by mini-batch SGD with backpropagation.

After Nielsen, *Neural Networks and Deep Learning*, chapters 1-3 and 5 ("the book"). NumPy and one routine
of BLAS. Read `plain` first, which is the book's own loop; then activations, costs, blas, network, layers,
backprop, optimizers, stack, turns and training, which do the same fast; hessian and newton_cg add second
derivatives. `engines` chooses between this and `compiled`, the same by JAX.
`knobs` says what each hyperparameter means, `state` what a run is between two epochs.

Symbols and shapes, everywhere in this package:

    K                    runs in a stack; every array of parameters leads with this axis
    n, B, d, C           examples, examples in a mini-batch, inputs, classes (output units)
    l = 1..L             layers after the input; L is the output. Lists count from 0: weights[0] is W^1
    X  (K or 1, B, d)    inputs          Y  (K or 1, B, C)   one-hot targets
    W  (K, fan_out, fan_in)              b  (K, 1, fan_out)  weights w_jk and biases b_j of one layer
    z  (K, B, fan_out)   = a^(l-1) W^T + b                   logits at the output
    a  (K, B, fan_out)   = f(z), written over z              delta = dC/dz, the error of a layer
    flat (K, P)          all weights, then all biases; W and b are views of it

The objective is  J = mean cost over the mini-batch + lambda_l2/(2n) sum w^2 + lambda_l1/n sum |w|,
n = examples shown in one epoch; biases are never penalised. So lambda does not depend on the batch size.
"""

from nnexp.nn.answer import Answer
from nnexp.nn.engines import check_engine, train
from nnexp.nn.examples import Data, Examples
from nnexp.nn.hyperparameters import PER_RUN, Hyperparameters
from nnexp.nn.knobs import KNOBS, MONITORS, Knob
from nnexp.nn.model import Model, outputs_of, predict
from nnexp.nn.result import History, Result
from nnexp.nn.state import RunState
from nnexp.nn.validation import check_augmentation, check_fit

__all__ = [
    "KNOBS",
    "MONITORS",
    "PER_RUN",
    "Answer",
    "Data",
    "Examples",
    "History",
    "Hyperparameters",
    "Knob",
    "Model",
    "Result",
    "RunState",
    "check_augmentation",
    "check_engine",
    "check_fit",
    "outputs_of",
    "predict",
    "train",
]
