"""How fast the core trains, beside others: `python -m tests.benchmarks.core [--repeats N]`.

One epoch over 50,000 images of 784 pixels (MNIST where `NNEXP_DATA` finds it, else random ones), shuffle
included, evaluation excluded, cross-entropy, L2, float32. Every contender that is installed runs on one
thread of one core, in one process without `OPENBLAS_*` settings, taking turns; a ratio is the median of the
turns' ratios. Printed: seconds per epoch and run, ratios, their geometric means beside the goals.
"""

import argparse
import math
import os
import statistics
import sys

from tests.benchmarks.contenders import CONTENDERS, SHAPES, Epoch, Shape, kernel

# (numerator, denominator, goal): at most `goal` in the geometric mean over the shapes
GOALS = (
    ("ours", "JAX", 0.9),
    ("ours", "JAX, as usual", 0.9),
    ("ours", "bare products", 1.6),
    ("ours", "book", 1 / 10),
    ("ours", "PyTorch", 1 / 5),
    ("ours", "scikit-learn", 1 / 3.5),
    ("ours, stack of 16, one seed", "JAX vmap 16, one order", 0.45),
    ("ours, stack of 16, own seeds", "JAX vmap 16, own orders", 0.55),
)
EACH_SHAPE = ("ours", "JAX", 1.05)  # and at most this for every single shape
# What BLAS alone takes for a step: no goal, but no stack can be faster.
FLOORS = (
    ("bare steps", "ours, stack of 16, one seed", None),
    ("bare steps", "JAX vmap 16, one order", None),
    ("bare steps", "JAX vmap 16, own orders", None),
)
Times = dict[str, list[float]]


def measure(shape: Shape, repeats: int) -> Times:
    """Seconds per epoch and run for each contender, one figure per turn."""
    epochs: dict[str, Epoch] = {}
    for name, make in CONTENDERS.items():
        try:
            epochs[name] = make(shape)
        except ImportError as missing:
            print(f"  {name}: left out, {missing}", flush=True)
    times: Times = {name: [] for name in epochs}
    for turn in range(repeats + 1):
        for name, epoch in epochs.items():
            seconds = epoch()
            if turn:  # the first turn warms up (compilers, caches)
                times[name].append(seconds)
    print(f"  {shape}: measured", flush=True)
    return times


def ratio(times: Times, numerator: str, denominator: str) -> float:
    """Median over the turns."""
    pairs = zip(times[numerator], times[denominator], strict=True)
    return statistics.median(a / b for a, b in pairs)


def mean(ratios: list[float]) -> float:
    """Geometric mean."""
    return math.prod(ratios) ** (1 / len(ratios))


def report(results: dict[Shape, Times]) -> None:
    """The table of seconds, then the ratios with their goals."""
    names = list(next(iter(results.values())))
    heads = "".join(f"{shape!s:>20}" for shape in results)
    print(f"\n{'seconds per epoch and run (median)':36}{heads}")
    for name in names:
        row = (statistics.median(times[name]) for times in results.values())
        print(f"{name:36}" + "".join(f"{seconds:20.4f}" for seconds in row))
    print(f"\n{'ratio (median over turns)':58}{heads}{'mean':>8}{'goal':>8}")
    for numerator, denominator, goal in (*GOALS, *FLOORS):
        if denominator in names:
            ratios = [ratio(times, numerator, denominator) for times in results.values()]
            row = "".join(f"{r:20.3f}" for r in ratios) + f"{mean(ratios):8.3f}"
            print(f"{f'{numerator} / {denominator}':58}{row}{verdict(mean(ratios), goal)}")
    numerator, denominator, goal = EACH_SHAPE
    if denominator in names:
        worst = max(ratio(times, numerator, denominator) for times in results.values())
        print(f"{numerator} / {denominator}, the worst shape: {worst:.3f}{verdict(worst, goal)}")
    for name in ("evaluate validation", "evaluate training"):
        share = mean([ratio(times, name, "ours") for times in results.values()])
        print(f"{name}: {share:.1%} of a training epoch")
    both = mean([ratio(times, "forward and backward pass", "forward pass") for times in results.values()])
    print(f"forward and backward pass: {both:.2f} forward passes")


def verdict(value: float, goal: float | None) -> str:
    """The goal, and whether it is met; nothing where there is none."""
    return "" if goal is None else f"{goal:8.3f} {'met' if value <= goal else 'missed'}"


def main() -> None:
    """Start again without BLAS settings, on one core, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--shapes", type=int, default=len(SHAPES), help="only the first so many shapes")
    arguments = parser.parse_args()
    print(f"kernel: {kernel()}; {arguments.repeats} turns", flush=True)
    report({shape: measure(shape, arguments.repeats) for shape in SHAPES[: arguments.shapes]})


if __name__ == "__main__":
    if any(name.startswith("OPENBLAS_") for name in os.environ):
        cleaned = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
        os.execve(sys.executable, [sys.executable, "-m", "tests.benchmarks.core", *sys.argv[1:]], cleaned)
    main()
