"""Networks that fit a multiprocessor of an NVIDIA card: it trains one for an epoch without leaving it.

The weights of a small network, which each step reads and writes, stay in the multiprocessor's shared memory;
`on_chip.cu` is the kernel, CuPy compiles it. It computes what `epoch.train_epoch` does, to rounding.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from nnexp.nn.arrays import round_up
from nnexp.nn.compiled.epoch import Part, Recipe, State
from nnexp.nn.compiled.network import Layers
from nnexp.nn.compiled.rates import Rates
from nnexp.nn.compiled.units import Array
from nnexp.nn.hyperparameters import Hyperparameters

# A multiprocessor of compute capability 9.0 (H100, H200), on which the kernel is tested.
CAPABILITY, SHARED_BYTES, REGISTERS = "9.0", 227 * 1024, 65_536
SUMS = 64  # that a thread holds in its registers
THREADS = (
    REGISTERS // (SUMS + 36) // 32 * 32
)  # whole warps, so few that each thread has registers for the rest
AHEAD = 32  # mini-batches whose rows are fetched at once, in `on_chip.cu`
# The kernel has only the default of each of these.
FORMULAS = (
    *("activation", "output", "cost", "optimizer", "momentum", "lambda_l1", "dtype"),
    *("dropout", "input_dropout", "max_norm"),
)


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


def serves(runs: Sequence[Hyperparameters], layers: Layers) -> bool:
    """Whether the kernel trains this stack, and on this device."""
    return fits(runs, layers) and is_at_hand()


def is_at_hand() -> bool:
    """Whether the device is a card on which the kernel is tested, and CuPy is installed."""
    device = jax.devices()[0]
    return getattr(device, "compute_capability", None) == CAPABILITY and find_spec("cupy") is not None


def fits(runs: Sequence[Hyperparameters], layers: Layers) -> bool:
    """Whether the kernel trains such runs: plain sgd, one hidden layer, sigmoids, cross-entropy, L2, float32;
    and whether their weights have room in a multiprocessor."""
    plain, B = Hyperparameters(), runs[0].batch_size
    if any(getattr(run, name) != getattr(plain, name) for run in runs for name in FORMULAS):
        return False
    if len(layers) != 2 or B > SUMS:
        return False
    _, hidden, inputs = layers[0][0].shape
    return Kernel.of(inputs, hidden, layers[1][0].shape[1], B).shared_bytes <= SHARED_BYTES


def train_epoch(
    state: State, examples: Part, order: Array, rates: Rates, recipe: Recipe, kernel: Kernel | None = None
) -> State:
    """One pass, as `epoch.train_epoch` makes it. `kernel`: other constants than those of `Kernel.of`."""
    import cupy

    (W1, b1), (W2, b2) = state.layers
    (K, hidden, inputs), C = W1.shape, W2.shape[1]
    kernel = kernel or Kernel.of(inputs, hidden, C, recipe.batch_size)
    H, D = kernel.H, kernel.D
    shapes = [(K, H, D), (K, 1, H), (K, C, H), (K, 1, C)]
    own = [padded(array, shape) for array, shape in zip((W1, b1, W2, b2), shapes, strict=True)]
    X = padded(examples.inputs, (len(examples.inputs), D))
    decay = 1 - rates.learning_rate * (0 if rates.l2 is None else rates.l2)
    given = (examples.labels, order, jnp.ravel(rates.learning_rate), jnp.ravel(decay))
    labels, rows, eta, decay = (lent(array) for array in given)
    S, n = rows.shape
    arguments = (*own, X, labels, rows, cupy.int64(n if S > 1 else 0), cupy.int32(n), eta, decay)
    compiled(kernel)((K,), (kernel.T,), arguments, shared_mem=kernel.shared_bytes)
    cupy.cuda.get_current_stream().synchronize()
    W1, b1, W2, b2 = own
    cut = [W1[:, :hidden, :inputs], b1[:, :, :hidden], W2[:, :, :hidden], b2]
    W1, b1, W2, b2 = (jnp.from_dlpack(cupy.ascontiguousarray(array)) for array in cut)
    steps = -(-n // recipe.batch_size)
    return State([(W1, b1), (W2, b2)], state.memory, state.steps + steps, state.keys)


def lent(array: Array) -> Any:
    """The same memory for CuPy, which does not wait for JAX."""
    import cupy

    array.block_until_ready()
    return cupy.from_dlpack(array)


def padded(array: Array, shape: tuple[int, ...]) -> Any:
    """A copy for CuPy, with zeros behind."""
    import cupy

    own = lent(array)
    room = cupy.zeros(shape, own.dtype)
    room[tuple(slice(size) for size in array.shape)] = own
    return room


@cache
def compiled(kernel: Kernel) -> Any:
    """The kernel for these constants."""
    import cupy

    constants = ["constexpr int " + name + " = " + str(value) for name, value in kernel._asdict().items()]
    text = ";\n".join([*constants, ""]) + Path(__file__).with_suffix(".cu").read_text(encoding="utf-8")
    function = cupy.RawKernel(text, "epoch", options=("--std=c++17",))
    function.max_dynamic_shared_size_bytes = kernel.shared_bytes
    return function
