"""The contenders of the core benchmark: each makes, for a shape, a function that times an epoch of a run."""

import os
import time
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core for all, whatever pools they start
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import numpy as np  # noqa: E402
from threadpoolctl import threadpool_info  # noqa: E402

from nnexp.nn import Data, Examples, Hyperparameters, train  # noqa: E402
from nnexp.nn.activations import ACTIVATIONS  # noqa: E402
from nnexp.nn.arrays import aligned  # noqa: E402
from nnexp.nn.backprop import Backprop  # noqa: E402
from nnexp.nn.batches import ReadyPart  # noqa: E402
from nnexp.nn.blas import gemm_of  # noqa: E402
from nnexp.nn.costs import OUTPUTS  # noqa: E402
from nnexp.nn.evaluation import evaluate  # noqa: E402
from nnexp.nn.kernels import one_blas_thread  # noqa: E402
from nnexp.nn.layers import forward, run_all, trained_layers  # noqa: E402
from nnexp.nn.network import Batch, Network, Parameters  # noqa: E402
from nnexp.nn.start import draw_parameters  # noqa: E402

Epoch = Callable[[], float]
N, STACK, RATE, LAMBDA = 50_000, 16, 0.1, 5.0


class Shape(NamedTuple):
    """Units per layer, and the mini-batch."""

    sizes: tuple[int, ...]
    batch_size: int

    def __str__(self) -> str:
        return "-".join(map(str, self.sizes)) + f" b{self.batch_size}"


SHAPES = (
    Shape((784, 30, 10), 10),
    Shape((784, 100, 10), 10),
    Shape((784, 100, 10), 100),
    Shape((784, 30, 30, 10), 10),
)


def kernel() -> str:
    """NumPy's BLAS and SciPy's, with their kernels."""
    libraries = [lib for lib in threadpool_info() if lib["user_api"] == "blas"]
    return ", ".join(f"{lib['internal_api']} {lib['version']} {lib['architecture']}" for lib in libraries)


@cache
def data() -> Data:
    """MNIST in float32, or random images of its size."""
    if os.environ.get("NNEXP_DATA"):
        from nnexp.data import load
        from nnexp.data.dataset import DataSpec

        parts = load(DataSpec(name="mnist")).data
        return Data(*[Examples(p.inputs.astype(np.float32), p.labels) for p in parts[:3]], 10)
    rng = np.random.default_rng(0)
    sets = [Examples(rng.random((n, 784), np.float32), rng.integers(0, 10, n)) for n in (N, 10_000, 10_000)]
    return Data(*sets, 10)


def timed(work: Callable[[], Any], runs: int = 1) -> float:
    """Seconds per run on one BLAS thread."""
    with one_blas_thread():
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) / runs


def settings(shape: Shape, **more: Any) -> Hyperparameters:
    """The benchmark's hyperparameters: one epoch, evaluated at its end (which is not counted)."""
    return Hyperparameters(
        hidden_layers=len(shape.sizes) - 2,
        hidden_size=shape.sizes[1],
        batch_size=shape.batch_size,
        learning_rate=RATE,
        lambda_l2=LAMBDA,
        epochs=1,
        **more,
    )


def ours(shape: Shape, seeds: tuple[int, ...]) -> Epoch:
    """`train`, as anyone calls it; its own clock leaves evaluation out."""
    runs = [settings(shape, seed=seed) for seed in seeds]

    def epoch() -> float:
        with one_blas_thread():
            return float(np.mean([result.seconds for result in train(runs, data())]))

    return epoch


def evaluation(shape: Shape, name: str) -> Epoch:
    """Cost and accuracy of one run over one part of the data."""
    network = Network(shape.sizes, ACTIVATIONS["sigmoid"], OUTPUTS["sigmoid", "cross_entropy"])
    drawn = draw_parameters([settings(shape)], data())
    part = ReadyPart.of(getattr(data(), name), 10, "float32")
    return lambda: timed(lambda: evaluate(network, drawn, part))


def parameters(shape: Shape, runs: int = 1) -> tuple[list[Any], list[Any]]:
    """Weights (runs, fan_out, fan_in) and biases (runs, 1, fan_out)."""
    rng = np.random.default_rng(1)
    pairs = list(zip(shape.sizes[:-1], shape.sizes[1:], strict=True))
    W = [(rng.standard_normal((runs, m, n)) / np.sqrt(n)).astype(np.float32) for n, m in pairs]
    return W, [rng.standard_normal((runs, 1, m)).astype(np.float32) for _, m in pairs]


def one_hot() -> Any:
    """Training targets (n, 10)."""
    return np.eye(10, dtype=np.float32)[data().training.labels]


def passes(shape: Shape, backward: bool) -> Epoch:
    """The forward pass of every mini-batch, alone or with the backward pass; no updates."""
    network = Network(shape.sizes, ACTIVATIONS["sigmoid"], OUTPUTS["sigmoid", "cross_entropy"])
    drawn = Parameters.zeros(shape.sizes, 1, np.float32)
    drawn.flat[:] = np.random.default_rng(2).standard_normal(drawn.flat.shape) / 28
    X, Y = data().training.inputs[None, :1000], one_hot()[None, :1000].astype(np.float32)
    starts = range(0, 1000, shape.batch_size)
    batches = [Batch(X[:, s : s + shape.batch_size], Y[:, s : s + shape.batch_size], [0]) for s in starts]
    layers = trained_layers(network, drawn, shape.batch_size)
    backprops = [Backprop(network, drawn, layers, batch) for batch in batches]
    if backward:
        calls = [backprop.calls + backprop.gradients(drawn, [-1e-9], [1.0]) for backprop in backprops]
    else:
        calls = [forward(backprop.gemm, layers, backprop.batch.X_columns) for backprop in backprops]

    def all_batches() -> None:
        for step in range(N // shape.batch_size):
            run_all(calls[step % len(calls)])

    return lambda: timed(all_batches)


def bare_products(shape: Shape) -> Epoch:
    """The matrix products of all steps and nothing else, with NumPy's `matmul` and its `out`."""
    W, g, a, delta = floor_arrays(shape)
    W_T = [w.swapaxes(1, 2) for w in W.weights]
    delta_T = [d.swapaxes(1, 2) for d in delta]
    inputs = floor_inputs(shape)

    def products() -> None:
        for step in range(N // shape.batch_size):
            x = inputs[step % len(inputs)]
            for layer in range(len(a)):
                below = a[layer - 1] if layer else x
                np.matmul(below, W_T[layer], a[layer])
                np.matmul(delta_T[layer], below, g.weights[layer])
                if layer:
                    np.matmul(delta[layer], W.weights[layer], delta[layer - 1])

    return lambda: timed(products)


def bare_steps(shape: Shape) -> Epoch:
    """The same products by BLAS itself, those of the update added to the weights: what a step cannot do
    without."""
    W, _, a, delta = floor_arrays(shape)
    gemm, columns = gemm_of(np.float32), [x[0].T for x in floor_inputs(shape)]
    a_T, delta_T = [x[0].T for x in a], [d[0].T for d in delta]
    W_T = [w[0].T for w in W.weights]

    def products() -> None:
        for step in range(N // shape.batch_size):
            x = columns[step % len(columns)]
            for layer in range(len(a)):
                below = a_T[layer - 1] if layer else x
                gemm(1, W_T[layer], below, 0, a_T[layer], 1, 0, 1)
                if layer:
                    gemm(1, W_T[layer], delta_T[layer], 0, delta_T[layer - 1], 0, 0, 1)
                gemm(-1e-9, below, delta_T[layer], 1, W_T[layer], 0, 1, 1)

    return lambda: timed(products)


def floor_arrays(shape: Shape) -> tuple[Parameters, Parameters, list[Any], list[Any]]:
    """Weights, gradients, activations and errors of one run."""
    W, g = (Parameters.zeros(shape.sizes, 1, np.float32) for _ in range(2))
    shapes = [(1, shape.batch_size, units) for units in shape.sizes[1:]]
    a, delta = ([aligned(buffer, np.float32) for buffer in shapes] for _ in range(2))
    for array in (W.flat, *a, *delta):
        array[:] = np.random.default_rng(2).random(array.shape) / 100
    return W, g, a, delta


def floor_inputs(shape: Shape) -> list[Any]:
    """Mini-batches of the first 1,000 images, (1, B, 784)."""
    X = aligned((1, 1000, 784), np.float32)
    X[:] = data().training.inputs[:1000]
    return [X[:, start : start + shape.batch_size] for start in range(0, 1000, shape.batch_size)]


def book(shape: Shape) -> Epoch:
    """The book's algorithm, example by example in float64 (network2.py), on 1,000 examples, times 50."""
    weights, biases = ([p[0].astype(np.float64) for p in ps] for ps in parameters(shape))
    biases = [b.T for b in biases]
    n, B = 1000, shape.batch_size
    xs, ys = (a[:n, :, np.newaxis].astype(np.float64) for a in (data().training.inputs, one_hot()))

    def gradient(x: Any, y: Any) -> tuple[list[Any], list[Any]]:
        activations = [x]
        for w, b in zip(weights, biases, strict=True):
            activations.append(1.0 / (1.0 + np.exp(-(np.dot(w, activations[-1]) + b))))
        delta = activations[-1] - y
        nabla_b, nabla_w = [delta], [np.dot(delta, activations[-2].T)]
        for layer in range(2, len(shape.sizes)):
            a = activations[-layer]
            delta = np.dot(weights[-layer + 1].T, delta) * a * (1 - a)
            nabla_b.insert(0, delta)
            nabla_w.insert(0, np.dot(delta, activations[-layer - 1].T))
        return nabla_b, nabla_w

    def epoch() -> None:
        order = np.random.default_rng(0).permutation(n)
        for start in range(0, n, B):
            sum_b, sum_w = [np.zeros(b.shape) for b in biases], [np.zeros(w.shape) for w in weights]
            for i in order[start : start + B]:
                nabla_b, nabla_w = gradient(xs[i], ys[i])
                sum_b = [s + d for s, d in zip(sum_b, nabla_b, strict=True)]
                sum_w = [s + d for s, d in zip(sum_w, nabla_w, strict=True)]
            keep = 1 - RATE * LAMBDA / N
            weights[:] = [keep * w - RATE / B * s for w, s in zip(weights, sum_w, strict=True)]
            biases[:] = [b - RATE / B * s for b, s in zip(biases, sum_b, strict=True)]

    return lambda: timed(epoch) * N / n


def scikit_learn(shape: Shape) -> Epoch:
    """`MLPClassifier`: one pass of plain SGD (softmax and log-loss, its only choice)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        shape.sizes[1:-1],
        activation="logistic",
        solver="sgd",
        alpha=LAMBDA / N * shape.batch_size,
        batch_size=shape.batch_size,
        learning_rate_init=RATE,
        max_iter=1,
        momentum=0,
    )
    inputs, labels = data().training

    def epoch() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(inputs, labels)

    return lambda: timed(epoch)


def pytorch(shape: Shape) -> Epoch:
    """Eager PyTorch: `nn.Sequential`, `BCEWithLogitsLoss`, `SGD` with weight decay on the weights."""
    import torch

    torch.set_num_threads(1)
    layers: list[Any] = []
    for fan_in, fan_out in zip(shape.sizes[:-1], shape.sizes[1:], strict=True):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.Sigmoid()]
    model = torch.nn.Sequential(*layers[:-1])
    weights = [p for p in model.parameters() if p.ndim == 2]
    biases = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": weights, "weight_decay": LAMBDA / N}, {"params": biases}]
    optimizer = torch.optim.SGD(groups, lr=RATE)
    loss = torch.nn.BCEWithLogitsLoss(reduction="sum")
    X, Y = torch.from_numpy(data().training.inputs.copy()), torch.from_numpy(one_hot())

    def epoch() -> None:
        for indices in torch.randperm(N).split(shape.batch_size):
            optimizer.zero_grad()
            (loss(model(X[indices]), Y[indices]) / len(indices)).backward()
            optimizer.step()

    return lambda: timed(epoch)


def jax(shape: Shape, runs: int = 1, *, own_orders: bool = False) -> Epoch:
    """JAX at its best: one jitted `scan` over mini-batches, rows gathered inside it, gradients by hand and
    weights (fan_out, fan_in), which is a good deal faster than the usual way; `vmap` over a stack."""
    import jax

    X, Y = jax.numpy.asarray(data().training.inputs), jax.numpy.asarray(one_hot())
    B, keep = shape.batch_size, 1 - RATE * LAMBDA / N

    def step(theta: Any, rows: Any) -> tuple[Any, None]:
        activations = [X[rows]]
        for W, b in theta:
            activations.append(jax.nn.sigmoid(activations[-1] @ W.T + b))
        delta, stepped = (activations[-1] - Y[rows]) * (RATE / B), []
        for layer in range(len(theta) - 1, -1, -1):
            (W, b), a = theta[layer], activations[layer]
            stepped.insert(0, (keep * W - delta.T @ a, b - delta.sum(axis=0)))
            delta = (delta @ W) * a * (1 - a)
        return stepped, None

    W, b = parameters(shape, runs)
    theta = [(w, c[:, 0]) for w, c in zip(W, b, strict=True)]
    return scanned(step, theta, B, runs, own_orders)


def usual_jax(shape: Shape) -> Epoch:
    """JAX as it is usually written: `x @ W` with weights (fan_in, fan_out), and `jax.grad`."""
    import jax

    X, Y = jax.numpy.asarray(data().training.inputs), jax.numpy.asarray(one_hot())
    B, keep = shape.batch_size, 1 - RATE * LAMBDA / N

    def loss(theta: Any, a: Any, y: Any) -> Any:
        for W, b in theta[:-1]:
            a = jax.nn.sigmoid(a @ W + b)
        z = a @ theta[-1][0] + theta[-1][1]
        return (jax.nn.softplus(z) - y * z).sum() / B

    def step(theta: Any, rows: Any) -> tuple[Any, None]:
        grads = jax.grad(loss)(theta, X[rows], Y[rows])
        pairs = zip(theta, grads, strict=True)
        return [(keep * W - RATE * dW, b - RATE * db) for (W, b), (dW, db) in pairs], None

    W, b = parameters(shape)
    theta = [(w.swapaxes(1, 2), c[:, 0]) for w, c in zip(W, b, strict=True)]
    return scanned(step, theta, B, 1, own_orders=False)


def scanned(step: Any, theta: Any, B: int, runs: int, own_orders: bool) -> Epoch:
    """An epoch of a JAX step: compiled scan, parameters donated, orders from NumPy (faster than JAX's)."""
    import jax

    def pass_over(theta: Any, order: Any) -> Any:
        return jax.lax.scan(step, theta, order.reshape(-1, B))[0]

    mapped = jax.vmap(pass_over, in_axes=(0, 0 if own_orders else None)) if runs > 1 else pass_over
    compiled = jax.jit(mapped, donate_argnums=0)
    arrays = jax.tree.map(lambda p: jax.numpy.asarray(p if runs > 1 else p[0]), theta)
    rng, state = np.random.default_rng(0), [arrays]

    def epoch() -> None:
        order = np.stack([rng.permutation(N) for _ in range(runs)]) if own_orders else rng.permutation(N)
        state[0] = jax.block_until_ready(compiled(state[0], order.astype(np.int32)))

    return lambda: timed(epoch, runs)


CONTENDERS: dict[str, Callable[[Shape], Epoch]] = {
    "book": book,
    "scikit-learn": scikit_learn,
    "PyTorch": pytorch,
    "JAX, as usual": usual_jax,
    "JAX": jax,
    "JAX vmap 16, one order": lambda shape: jax(shape, STACK),
    "JAX vmap 16, own orders": lambda shape: jax(shape, STACK, own_orders=True),
    "bare products": bare_products,
    "bare steps": bare_steps,
    "ours": lambda shape: ours(shape, (0,)),
    "ours, stack of 16, one seed": lambda shape: ours(shape, (0,) * STACK),
    "ours, stack of 16, own seeds": lambda shape: ours(shape, tuple(range(STACK))),
    "forward pass": lambda shape: passes(shape, backward=False),
    "forward and backward pass": lambda shape: passes(shape, backward=True),
    "evaluate validation": lambda shape: evaluation(shape, "validation"),
    "evaluate training": lambda shape: evaluation(shape, "training"),
}
