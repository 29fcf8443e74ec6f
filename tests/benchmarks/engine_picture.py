"""Where a card beats a processor, drawn for docs/accelerator.md: `python -m tests.benchmarks.engine_picture`.

The card's seconds are those of `engine_gpu_h100.txt`, evaluation included but on chip; those of one core
stand in docs/speed.md: a single run, and a run in a stack of 16 with seeds of their own.
"""

import re
from pathlib import Path
from typing import NamedTuple

from nnexp.plots.style import DIM, legend, lines, panel, picture, save

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs" / "_static"
ROW = re.compile(r"(?P<name>\S.*?)  +runs=(?P<runs>\d+)  .*")


class Curve(NamedTuple):
    """What the rows of one name say: in which column, and one core's seconds, of one run and of many."""

    label: str
    rows: str
    column: str
    one: float
    many: float


SMALL, LARGE = "784-30-10, batch 10", "784-100-10, batch 100"
CURVES = (
    Curve(f"{SMALL}, on chip", "784-30-10 b10 on chip", "chip_640_s", 0.0693, 0.0522),
    Curve(SMALL, "784-30-10 b10", "evaluated_s", 0.0693, 0.0522),
    Curve(LARGE, "784-100-10 b100", "evaluated_s", 0.0981, 0.1021),
)


def gains(curve: Curve) -> dict[int, float]:
    """Runs in a stack -> how many times as fast the card trains each of them as one core does."""
    found: dict[int, float] = {}
    for line in (HERE / "engine_gpu_h100.txt").read_text(encoding="utf-8").splitlines():
        row, value = ROW.fullmatch(line), re.search(rf"\b{curve.column}=(\S+)", line)
        if row and value and row["name"] == curve.rows:
            runs = int(row["runs"])
            found.setdefault(runs, (curve.one if runs == 1 else curve.many) / float(value[1]))
    return dict(sorted(found.items()))


def main() -> None:
    """Write docs/_static/accelerator.png, and print what it shows."""
    figure = picture("From two or three runs on, a card trains faster than a core", 9.5)
    axes = panel(figure, "runs in the stack", "times as fast as one core")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    for curve, look in zip(CURVES, lines(len(CURVES)), strict=True):
        points = gains(curve)
        axes.plot(list(points), list(points.values()), label=curve.label, **look)
        print(curve.label, {runs: round(gain, 1) for runs, gain in points.items()})
    for cores in (1, 16):
        axes.axhline(cores, color=DIM, linewidth=1, linestyle=":")
        axes.annotate(f"{cores} core{'s' * (cores > 1)}", (512, cores * 1.1), color=DIM)
    axes.set_xticks([1, 16, 128, 1024, 4096], ["1", "16", "128", "1,024", "4,096"])
    axes.set_yticks([0.5, 1, 10, 100], ["0.5", "1", "10", "100"])
    legend(axes)
    for path in save(figure, DOCS, "accelerator"):
        if path.suffix == ".svg":
            path.unlink()


if __name__ == "__main__":
    main()
