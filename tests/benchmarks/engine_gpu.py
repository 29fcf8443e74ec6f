"""How fast stacks train on an accelerator: `python -m tests.benchmarks.engine_gpu FOLDER`.

Into FOLDER go `engine_gpu.json` and `engine_gpu.txt`: the card; how far the compiled core is from NumPy's;
seconds per epoch and run over 50,000 images of 784 pixels, every run in its own order, beside a bare loop
in JAX; the same for networks that train on chip; whole calls of `train`; and what first calls take, which
compile. It takes at most --seconds; --small is for a try, --sections for some parts.
"""

import argparse
import json
import os
import statistics
import time
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # CuPy needs memory as well

import jax
import jax.numpy as jnp
import numpy as np

from nnexp.nn import Data, Examples, Hyperparameters, Result, compiled
from nnexp.nn.compiled import on_chip, start, turns
from nnexp.nn.compiled.epoch import Recipe, State, train_epoch
from nnexp.nn.compiled.evaluation import Scores, scores, scores_by_portions, weight_sums
from nnexp.nn.compiled.feed import Feed
from nnexp.nn.compiled.units import units_of
from nnexp.nn.kernels import one_blas_thread
from nnexp.nn.runlog import RunLog
from nnexp.nn.start import draw_parameters
from tests.nn.compiled_cases import difference_of, few_cases

RATE, LAMBDA = 0.1, 5.0
Work = Callable[[], Any]


class Size(NamedTuple):
    """What is measured, and how large it is."""

    images: int
    stacks: tuple[int, ...]
    wide_stacks: tuple[int, ...]
    chip_stacks: tuple[int, ...]
    turns: int


LARGE = Size(50_000, (1024, 128, 16, 1, 4096), (128, 1024), (1024, 128, 1, 4096), 3)
SMALL = Size(1000, (3, 1), (2,), (1, 5), 2)


class Table:
    """Rows of the answer, written after each: what was measured stays when time runs out."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder, self.end, self.rows = folder, time.monotonic() + seconds, list[dict[str, Any]]()
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, what: str, **values: Any) -> None:
        self.rows.append({"what": what} | values)
        print(self.line(self.rows[-1]), flush=True)
        (self.folder / "engine_gpu.json").write_text(json.dumps(self.rows, indent=1))
        (self.folder / "engine_gpu.txt").write_text("".join(self.line(row) + "\n" for row in self.rows))

    def line(self, row: dict[str, Any]) -> str:
        values = (
            f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in row.items() if k != "what"
        )
        return f"{row['what']:28} {'  '.join(values)}"

    def attempt(self, what: str, work: Callable[[], None], needs: float = 20) -> None:
        """Do it if there is time; an error is a row."""
        if time.monotonic() + needs > self.end:
            self.add(what, left_out="no time")
            return
        began = time.monotonic()
        try:
            work()
        except Exception as error:
            traceback.print_exc()
            self.add(what, error=f"{type(error).__name__}: {str(error)[:400]}")
        print(f"  {what}: {time.monotonic() - began:.1f} s", flush=True)


def images(n: int) -> Data:
    """Ten blurred patterns of 784 pixels with noise, which a network can learn."""
    rng = np.random.default_rng(0)
    patterns = (rng.random((10, 784)) < 0.2).astype(np.float32)

    def part(n: int) -> Examples:
        labels = rng.integers(0, 10, n)
        noise = rng.random((n, 784), np.float32)
        return Examples(np.where(noise < 0.25, rng.random((n, 784), np.float32), patterns[labels]), labels)

    return Data(part(n), part(n // 5), part(n // 5), 10)


def settings(hidden: int, B: int, K: int, dtype: str = "float32") -> list[Hyperparameters]:
    return [
        Hyperparameters(
            hidden_size=hidden,
            batch_size=B,
            learning_rate=RATE,
            lambda_l2=LAMBDA,
            seed=k,
            epochs=1,
            dtype=dtype,
        )
        for k in range(K)
    ]


def orders(K: int, n: int) -> jax.Array:
    """Random examples (K, n), drawn on the device."""
    return jax.random.randint(jax.random.key(0), (K, n), 0, n, jnp.int32)


def bare_step(theta: Any, rows: jax.Array, inputs: jax.Array, targets: jax.Array) -> Any:
    """What one would write by hand for this one network."""
    W1, b1, W2, b2 = theta
    x, y = inputs[rows], targets[rows]
    rate, keep = RATE / len(rows), 1 - RATE * LAMBDA / len(inputs)
    product = partial(jnp.matmul, precision=jax.lax.Precision.HIGHEST)
    a1 = jax.nn.sigmoid(product(x, W1.T) + b1)
    a2 = jax.nn.sigmoid(product(a1, W2.T) + b2)
    d2 = (a2 - y) * rate
    d1 = product(d2, W2) * a1 * (1 - a1)
    W1, W2 = keep * W1 - product(d1.T, x), keep * W2 - product(d2.T, a1)
    return W1, b1 - d1.sum(axis=0), W2, b2 - d2.sum(axis=0)


@partial(jax.jit, donate_argnums=0)
def bare_epoch(theta: Any, batches: jax.Array, inputs: jax.Array, targets: jax.Array) -> Any:
    """The step for all runs by `vmap`, over mini-batches `(steps, K, B)` by `scan`."""
    step = jax.vmap(bare_step, in_axes=(0, 0, None, None))
    return jax.lax.scan(lambda theta, rows: (step(theta, rows, inputs, targets), None), theta, batches)[0]


def seconds_of(work: Work) -> float:
    began = time.perf_counter()
    jax.block_until_ready(work())
    return time.perf_counter() - began


class Stack:
    """K runs of 784-hidden-10 in mini-batches of B on the device, and what can be done with them."""

    def __init__(self, data: Data, hidden: int, B: int, K: int, dtype: str = "float32") -> None:
        self.runs = settings(hidden, B, K, dtype)
        self.parts = {n: start.part_of(getattr(data, n), 10, dtype) for n in ("training", "validation")}
        self.n, self.K, self.B = len(data.training.labels), K, B
        self.rates = turns.epoch_rates([RunLog(0, run, np.zeros(1)) for run in self.runs], 0, self.n)
        self.recipe = Recipe(units_of(self.runs[0]), "sgd", B)
        self.state = self.first_state(data)
        self.order = orders(K, self.n)

    def first_state(self, data: Data) -> State:
        return start.first_state(self.runs, draw_parameters(self.runs, data))

    def bare(self) -> Work:
        """The bare loop from the same weights; its orders lie as it needs them."""
        part = self.parts["training"]
        steps = self.n // self.B
        batches = jnp.array(self.order[:, : steps * self.B].reshape(self.K, steps, self.B).swapaxes(0, 1))
        (W1, b1), (W2, b2) = jax.tree.map(jnp.copy, self.state.layers)
        theta = [(W1, b1[:, 0], W2, b2[:, 0])]

        def work() -> Any:
            theta[0] = bare_epoch(theta[0], batches, part.inputs, part.targets)
            return theta[0]

        return work

    def ours(self) -> State:
        self.state = train_epoch(self.state, self.parts["training"], self.order, self.rates, self.recipe)
        return self.state

    def ours_and_evaluation(self) -> Any:
        state = self.ours()
        found = [scores(state.layers, part, self.recipe.units) for part in self.parts.values()]
        return state.layers, found, weight_sums(state.layers)

    def on_chip(self, kernel: on_chip.Kernel | None = None) -> State:
        part = self.parts["training"]
        self.state = on_chip.train_epoch(self.state, part, self.order, self.rates, self.recipe, kernel)
        return self.state


def measure(table: Table, data: Data, hidden: int, B: int, K: int, turns: int) -> None:
    """Seconds per epoch and run, and the ratios; contenders take turns."""
    stack = Stack(data, hidden, B, K)
    works: dict[str, Work] = {
        "bare": stack.bare(),
        "ours": stack.ours,
        "evaluated": stack.ours_and_evaluation,
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    compile_seconds = {name: seconds_of(work) for name, work in works.items()}
    for _ in range(turns if K < 4096 else 1):
        for name, work in works.items():
            times[name].append(seconds_of(work) / K)
    medians = {name: statistics.median(values) for name, values in times.items()}
    table.add(
        f"784-{hidden}-10 b{B}", runs=K,
        **{f"{name}_s": value for name, value in medians.items()},
        ours_to_bare=medians["ours"] / medians["bare"],
        evaluated_to_bare=medians["evaluated"] / medians["bare"],
        **{f"{name}_first_s": value for name, value in compile_seconds.items()},
    )  # fmt: skip


def write_program(table: Table, data: Data, hidden: int, B: int, K: int) -> None:
    """What XLA makes of our epoch."""
    stack = Stack(data, hidden, B, K)
    lowered = train_epoch.lower(stack.state, stack.parts["training"], stack.order, stack.rates, stack.recipe)
    (table.folder / "ours.hlo.txt").write_text(lowered.compile().as_text())


def measure_chip(table: Table, data: Data, K: int, turns: int) -> None:
    """The kernel with several numbers of threads, beside the bare loop."""
    stack = Stack(data, 30, 10, K)
    bare = stack.bare()
    works: dict[str, Work] = {"bare": bare}
    for T in (640, 800, 768, 512):
        kernel = on_chip.Kernel.of(784, 30, 10, 10, T)
        works[f"chip_{T}"] = lambda kernel=kernel: stack.on_chip(kernel).layers
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(turns + 1 if K < 4096 else 2):
        for name, work in works.items():
            seconds = seconds_of(work) / K
            if turn:
                times[name].append(seconds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    best = min((n for n in works if n != "bare"), key=medians.__getitem__)
    table.add(
        "784-30-10 b10 on chip", runs=K, **{f"{n}_s": v for n, v in medians.items()},
        best=best, best_to_bare=medians[best] / medians["bare"],
    )  # fmt: skip


def check(table: Table, dtypes: tuple[str, ...], cases: Iterable[int]) -> None:
    """The compiled core against NumPy's after 200 steps, in small networks."""
    for place in cases:
        case = few_cases()[place]
        for dtype in dtypes:
            with one_blas_thread():
                found = difference_of(case, dtype)
            names = f"{case.activation} {'/'.join(case.output)} {case.optimizer}"
            table.add(
                "against NumPy", dtype=dtype, parameters=found.parameters, metrics=found.metrics, case=names
            )


def check_epoch(table: Table, data: Data, K: int, chip: bool) -> None:
    """Float32 against float64 after an epoch, from the same weights in the same order; also on chip."""
    ends: dict[str, Any] = {}
    with jax.enable_x64(True):
        exact = Stack(data, 30, 10, K, "float64")
        ends["exact"] = jax.device_get(exact.ours().layers)
    order = np.asarray(exact.order)
    for name in ["compiled", *(["chip"] if chip else [])]:
        stack = Stack(data, 30, 10, K)
        stack.order = jnp.asarray(order)
        ends[name] = jax.device_get((stack.ours() if name == "compiled" else stack.on_chip()).layers)
    values: dict[str, float] = {}
    for name in list(ends)[1:]:
        gaps = jax.tree.map(lambda a, b: float(np.abs(a - b).max()), ends["exact"], ends[name])
        values[name] = max(jax.tree.leaves(gaps))
    largest = max(jax.tree.leaves(jax.tree.map(lambda a: float(np.abs(a).max()), ends["exact"])))
    table.add(
        "float32 - float64, an epoch", runs=K, images=len(data.training.labels), **values, largest=largest
    )


def short_data(data: Data, n: int) -> Data:
    inputs, labels = data.training
    return data._replace(training=Examples(inputs[:n], labels[:n]))


def measure_drawing(table: Table, K: int, n: int) -> None:
    """Orders of K seeds, as the host draws them."""
    feed = Feed(settings(30, 10, K), np.empty((n, 0)))
    feed.draw()
    began = time.perf_counter()
    feed.draw()
    table.add("orders drawn by the host", runs=K, s=(time.perf_counter() - began) / K, cores=os.cpu_count())


def measure_first(table: Table, data: Data, hidden: int, B: int, K: int) -> None:
    """What first calls take, and what evaluation takes, with XLA's own products (Triton) and without."""
    stack = Stack(data, hidden, B, K)
    values = {"training_first_s": seconds_of(lambda: stack.ours().layers)}
    for name, options in {"blas": {"xla_gpu_enable_triton_gemm": False}, "default": {}}.items():
        began = time.perf_counter()
        works = [evaluation(stack, part, options) for part in stack.parts.values()]
        values[f"{name}_compile_s"] = time.perf_counter() - began
        seconds = [seconds_of(lambda works=works: [work() for work in works]) / K for _ in range(3)]
        values[f"{name}_s"] = min(seconds)
    values["evaluation_first_s"] = seconds_of(stack.ours_and_evaluation)
    values["training_s"] = seconds_of(lambda: stack.ours().layers) / K
    values["training_and_evaluation_s"] = seconds_of(stack.ours_and_evaluation) / K
    table.add(f"first calls 784-{hidden}-10 b{B}", runs=K, **values)


def evaluation(stack: Stack, part: Any, options: dict[str, Any]) -> Callable[[], Scores]:
    """`scores` of a part, compiled with these options."""
    traced = jax.jit(scores_by_portions, static_argnames="units", compiler_options=options)
    compiled = traced.lower(stack.state.layers, part, stack.recipe.units).compile()
    return lambda: compiled(stack.state.layers, part)


def measure_train(table: Table, data: Data, K: int, epochs: int, chip: bool) -> list[Result]:
    """`train`, from hyperparameters to results, on chip or not."""
    runs = [Hyperparameters(learning_rate=RATE, lambda_l2=LAMBDA, seed=k, epochs=epochs) for k in range(K)]
    began = time.perf_counter()
    with patch.object(on_chip, "is_at_hand", lambda: chip):
        results = compiled.train(runs, data)
    wall = time.perf_counter() - began
    parts = {"training_s": results[0].seconds * K, "evaluation_s": results[0].evaluation_seconds * K}
    accuracy = float(np.mean([result.test_accuracy for result in results]))
    how = "train() on chip" if chip else "train()"
    table.add(how, runs=K, epochs=epochs, wall_s=wall, **parts, accuracy=accuracy)
    return results


def measure_both(table: Table, data: Data, K: int, epochs: int) -> None:
    """Both ways of `train`, and how far apart they end."""
    on, off = (measure_train(table, data, K, epochs, chip) for chip in (True, False))
    gaps = [
        max(np.abs(a - b).max() for a, b in zip(one.weights + one.biases, same, strict=True))
        for one, same in ((one, other.weights + other.biases) for one, other in zip(on, off, strict=True))
    ]
    accuracies = [one.test_accuracy - other.test_accuracy for one, other in zip(on, off, strict=True)]
    table.add(
        "on chip - compiled", runs=K, epochs=epochs, parameters=float(max(gaps)),
        parameters_median=float(np.median(gaps)), accuracy=float(np.abs(accuracies).max()),
        mean_accuracy=float(np.mean(accuracies)),
    )  # fmt: skip


def has_card() -> bool:
    return jax.default_backend() == "gpu"


def check_all(table: Table, dtype: str) -> None:
    """Every case but the first, as long as there is time."""
    for place in range(1, len(few_cases())):
        table.attempt("against NumPy", partial(check, table, (dtype,), [place]), 12)


def sections(table: Table, data: Data, size: Size, chip: bool) -> dict[str, Callable[[], None]]:
    """What can be measured, by name."""
    attempt, turns, (most, *others) = table.attempt, size.turns, size.stacks

    def right() -> None:
        attempt("against NumPy", partial(check, table, ("float64", "float32"), [0]))
        for part in (short_data(data, 1003), data):
            attempt("epoch check", partial(check_epoch, table, part, 3, chip))

    def speed() -> None:
        attempt("784-30-10", partial(measure, table, data, 30, 10, most, turns))
        for K in size.chip_stacks if chip else ():
            attempt("on chip", partial(measure_chip, table, data, K, turns), 30)
        for K in others:
            attempt("784-30-10", partial(measure, table, data, 30, 10, K, turns), 30)
        for K in size.wide_stacks:
            attempt("784-100-10", partial(measure, table, data, 100, 100, K, turns), 30)

    def first() -> None:
        for hidden, B, K in ((30, 10, most), (30, 10, 1), (100, 100, size.wide_stacks[-1])):
            attempt("first calls", partial(measure_first, table, data, hidden, B, K), 30)

    def whole() -> None:
        if chip:
            attempt("train()", partial(measure_train, table, data, most, 30, True), 40)
            attempt("train() in both ways", partial(measure_both, table, data, most, 4), 30)
        else:
            attempt("train()", partial(measure_train, table, data, most, 4, False), 40)

    return {
        "right": right,
        "speed": speed,
        "first": first,
        "whole": whole,
        "drawing": lambda: attempt("drawing", partial(measure_drawing, table, most, size.images), 5),
        "cases": lambda: check_all(table, "float64"),
        "float32_cases": lambda: check_all(table, "float32"),
        "program": lambda: attempt("program", partial(write_program, table, data, 30, 10, most)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=450)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--sections", nargs="+", metavar="NAME", help="these only, in this order")
    arguments = parser.parse_args()
    size, table = SMALL if arguments.small else LARGE, Table(arguments.folder, arguments.seconds)
    chip, data = has_card(), images(size.images)
    table.add("device", kind=jax.devices()[0].device_kind, jax=jax.__version__, numpy=np.__version__)
    if chip:
        memory, limit = on_chip.Kernel.of(784, 30, 10, 10).shared_bytes, on_chip.SHARED_BYTES
        table.add("shared memory", needed=memory, limit=limit, at_hand=on_chip.is_at_hand())
    works = sections(table, data, size, chip)
    for name in arguments.sections or works:
        works[name]()


if __name__ == "__main__":
    main()
