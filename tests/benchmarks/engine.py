"""How fast the compiled core trains on a CPU, beside bare JAX: `python -m tests.benchmarks.engine`.

As `tests.benchmarks.core` measures: one epoch over 50,000 images, shuffle included, evaluation excluded, one
thread, contenders taking turns; seconds are of the processor. Before that, what a start takes, in a process
of its own: one epoch of `train` with its evaluations, compilation included.
"""

import argparse
import statistics
import subprocess
import sys
import time

from tests.benchmarks.contenders import SHAPES, STACK, Epoch, N, Shape, data, jax, settings, timed
from tests.benchmarks.core import Times, mean, ratio, verdict

# (numerator, denominator, goal), in the geometric mean over the shapes
GOALS = (
    ("compiled", "JAX", 1.0),
    (f"compiled, stack of {STACK}", f"JAX vmap {STACK}", 1.0),
)
FIRST = 4.0  # seconds, from hyperparameters to the results of one epoch


def compiled(shape: Shape, runs: int = 1) -> Epoch:
    """The pass of `nnexp.nn.compiled.train`, and its orders."""
    from jax.numpy import asarray, int32

    from nnexp.nn.compiled import start, turns
    from nnexp.nn.compiled.epoch import Recipe, train_epoch
    from nnexp.nn.compiled.feed import Feed
    from nnexp.nn.compiled.units import units_of
    from nnexp.nn.runlog import RunLog
    from nnexp.nn.start import draw_parameters

    stack = [settings(shape, seed=seed) for seed in range(runs)]
    part = start.part_of(data().training, 10, "float32")
    rates = turns.epoch_rates([RunLog(0, run, part.labels[:1]) for run in stack], 0, N)
    recipe = Recipe(units_of(stack[0]), "sgd", shape.batch_size)
    state = [start.first_state(stack, draw_parameters(stack, data()))]
    feed = Feed(stack, data().training.inputs)

    def epoch() -> None:
        state[0] = train_epoch(state[0], part, asarray(feed.draw().order, int32), rates, recipe)
        turns.wait_for(state[0].layers)

    return lambda: timed(epoch, runs)


CONTENDERS = {
    "JAX": jax,
    f"JAX vmap {STACK}": lambda shape: jax(shape, STACK, own_orders=True),
    "compiled": compiled,
    f"compiled, stack of {STACK}": lambda shape: compiled(shape, STACK),
}


def measure(shape: Shape, repeats: int) -> Times:
    """Seconds per epoch and run for each contender, one figure per turn; the first turn compiles."""
    epochs = {name: make(shape) for name, make in CONTENDERS.items()}
    times: Times = {name: [] for name in epochs}
    for turn in range(repeats + 1):
        for name, epoch in epochs.items():
            began = time.process_time()
            epoch()
            if turn:
                times[name].append((time.process_time() - began) / (STACK if str(STACK) in name else 1))
    return times


def start_seconds(shape: Shape) -> tuple[float, float]:
    """Of the first call of `train` in a process, which compiles, and of the second."""
    from nnexp.nn import compiled

    data()
    seconds = []
    for _ in range(2):
        began = time.process_time()
        compiled.train([settings(shape)], data())
        seconds.append(time.process_time() - began)
    return seconds[0], seconds[1]


def report(results: dict[Shape, Times]) -> None:
    """The table of seconds, then the ratios with their goals."""
    heads = "".join(f"{shape!s:>20}" for shape in results)
    print(f"\n{'seconds per epoch and run (median)':36}{heads}")
    for name in CONTENDERS:
        row = (statistics.median(times[name]) for times in results.values())
        print(f"{name:36}" + "".join(f"{seconds:20.4f}" for seconds in row))
    print(f"\n{'ratio (median over turns)':36}{heads}{'mean':>8}{'goal':>8}")
    for numerator, denominator, goal in GOALS:
        ratios = [ratio(times, numerator, denominator) for times in results.values()]
        row = "".join(f"{r:20.3f}" for r in ratios) + f"{mean(ratios):8.3f}"
        print(f"{f'{numerator} / {denominator}':36}{row}{verdict(mean(ratios), goal)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--shapes", type=int, default=len(SHAPES), help="only the first so many shapes")
    parser.add_argument("--start", type=int, help="only the start, of one shape")
    arguments = parser.parse_args()
    if arguments.start is not None:
        first, second = start_seconds(SHAPES[arguments.start])
        print(
            f"{SHAPES[arguments.start]}: first call {first:.2f} s, second {second:.2f} s",
            verdict(first, FIRST),
        )
        return
    for place in range(arguments.shapes):
        words = [sys.executable, "-m", "tests.benchmarks.engine", "--start", str(place)]
        subprocess.run(words, check=True)
    report({shape: measure(shape, arguments.repeats) for shape in SHAPES[: arguments.shapes]})


if __name__ == "__main__":
    main()
