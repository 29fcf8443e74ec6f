"""Networks that fit a multiprocessor of an NVIDIA card: it trains one for an epoch without leaving it.

The weights of a small network, which each step reads and writes, stay in the multiprocessor's shared memory;
`on_chip.cu` is the kernel, CuPy compiles it. It computes what `epoch.train_epoch` does, to rounding.
"""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from nnexp.nn.arrays import round_up
from nnexp.nn.compiled.epoch import Part, Recipe, State
from nnexp.nn.compiled.rates import Rates
from nnexp.nn.compiled.units import Array
from nnexp.nn.hyperparameters import Hyperparameters

SHARED_BYTES = 227 * 1024  # what a block may have on cards of compute capability 9.0
SUMS = 64  # that a thread holds in its registers
THREADS = 640  # so few that each has the registers for that
AHEAD = 32  # mini-batches whose rows are fetched at once, in `on_chip.cu`


class Kernel(NamedTuple):
    """The constants of `on_chip.cu`."""

    D: int
    H: int
    HIDDEN: int
    C: int
    B: int
    UNITS: int
    PARTS: int
    CUTS: int
    T: int

    @classmethod
    def of(cls, inputs: int, hidden: int, classes: int, B: int, T: int = THREADS) -> "Kernel":
        """For a network of these sizes: a warp makes as many sums as a thread holds, and none is idle."""
        D, units = round_up(inputs, 4), min(SUMS // B, hidden)
        H = round_up(hidden, units)

        def share(cuts: int) -> float:  # of the weights' update that falls to the busiest thread
            return round_up(D // 2 * cuts, T) / cuts

        cuts = min((c for c in range(1, units + 1) if units % c == 0), key=share)
        return cls(D, H, hidden, classes, B, units, max(1, T // 32 // (H // units)), cuts, T)

    @property
    def shared_bytes(self) -> int:
        """What a block needs of shared memory: W1, two mini-batches of inputs, and `struct Shared`."""
        D, H, _, C, B, _, parts, *_ = self
        small = H * round_up(B, 4) + parts * H * B + H * B + C * B + 2 * C * H + H + C + 2 * AHEAD * B
        return 4 * (H * D + 2 * B * D + small)


def fits(run: Hyperparameters, inputs: int, classes: int) -> bool:
    """Whether the kernel trains such runs: plain sgd, one hidden layer, sigmoids, cross-entropy, L2, float32.

    Whether the device is an NVIDIA card of compute capability 9.0 or later is not asked.
    """
    formulas = (
        "hidden_layers",
        "activation",
        "output",
        "cost",
        "optimizer",
        "momentum",
        "lambda_l1",
        "dtype",
    )
    plain = Hyperparameters()
    for name in (*formulas, "dropout", "input_dropout", "max_norm"):
        if getattr(run, name) != getattr(plain, name):
            return False
    _, hidden, _ = run.layer_sizes(inputs, classes)
    return (
        run.batch_size <= SUMS
        and Kernel.of(inputs, hidden, classes, run.batch_size).shared_bytes <= SHARED_BYTES
    )


def train_epoch(
    state: State, examples: Part, order: Array, rates: Rates, recipe: Recipe, kernel: Kernel | None = None
) -> State:
    """One pass, as `epoch.train_epoch` makes it. `kernel`: other constants than those of `Kernel.of`."""
    import cupy

    (W1, b1), (W2, b2) = state.layers
    (K, hidden, inputs), C = W1.shape, W2.shape[1]
    kernel = kernel or Kernel.of(inputs, hidden, C, recipe.batch_size)
    H, D = kernel.H, kernel.D
    jax.block_until_ready((state.layers, order))
    own = [
        padded(array, shape)
        for array, shape in [(W1, (K, H, D)), (b1, (K, 1, H)), (W2, (K, C, H)), (b2, (K, 1, C))]
    ]
    X, y, rows = (
        padded(examples.inputs, (len(examples.inputs), D)),
        examples.labels,
        jnp.asarray(order, jnp.int32),
    )
    eta = jnp.ravel(rates.learning_rate)
    decay = jnp.ravel(1 - rates.learning_rate * (0 if rates.l2 is None else rates.l2))
    S, n = rows.shape
    arrays = [cupy.from_dlpack(array) for array in (y, rows, eta, decay)]
    labels, rows, eta, decay = arrays
    arguments = (*own, X, labels, rows, cupy.int64(n if S > 1 else 0), cupy.int32(n), eta, decay)
    compiled(kernel)((K,), (kernel.T,), arguments, shared_mem=kernel.shared_bytes)
    cupy.cuda.get_current_stream().synchronize()
    W1, b1, W2, b2 = own
    cut = [W1[:, :hidden, :inputs], b1[:, :, :hidden], W2[:, :, :hidden], b2]
    W1, b1, W2, b2 = (jnp.from_dlpack(cupy.ascontiguousarray(array)) for array in cut)
    steps = -(-n // recipe.batch_size)
    return State([(W1, b1), (W2, b2)], state.memory, state.steps + steps, state.keys)


def padded(array: Array, shape: tuple[int, ...]) -> Any:
    """A copy for CuPy, with zeros behind."""
    import cupy

    own = cupy.from_dlpack(array)
    room = cupy.zeros(shape, own.dtype)
    room[tuple(slice(size) for size in array.shape)] = own
    return room


@cache
def compiled(kernel: Kernel) -> Any:
    """The kernel for these constants."""
    import cupy

    constants = "".join(f"constexpr int {name} = {value};\n" for name, value in kernel._asdict().items())
    text = constants + Path(__file__).with_suffix(".cu").read_text(encoding="utf-8")
    function = cupy.RawKernel(text, "epoch", options=("--std=c++17",))
    function.max_dynamic_shared_size_bytes = kernel.shared_bytes
    return function
