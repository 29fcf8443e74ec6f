"""A lab book of two tiny sweeps: their files, and the training that answers them."""

from pathlib import Path

from nnexp import cli

TINY = """# @package _global_
# Do small batches learn more in two epochs?
defaults:
  - override /data: synthetic
hidden_size: 5
epochs: 2
sweep:
  question: Do small batches learn more in two epochs?
  axes:
    batch_size: [10, 50]
  seeds: 3
  claims:
    - id: B3-10
      text: Batches of 10 learn more | faster.
      published: 96.49 %
      check:
        left: {final: validation_accuracy, at: {batch_size: 10}}
        rel: ">"
        right: {final: validation_accuracy, at: {batch_size: 50}}
    - id: B3-9
      text: The best accuracy is one.
      check: {left: {best: validation_accuracy, at: {batch_size: 10}}, low: 0, high: 1}
    - id: B3-11
      text: Costs are above zero.
      check: {left: {at_epoch: training_cost, epoch: 1, at: {batch_size: 10}}, rel: ">", right: 0}
"""
OTHER = """# @package _global_
# Does it do better than the tiny one?
hidden_size: 5
epochs: 2
sweep:
  question: Does it do better than the tiny one?
  axes:
    learning_rate: [0.1, 0.5]
  seeds: 3
  claims:
    - id: X0-1
      text: It is no better.
      check:
        left: {final: test_accuracy, at: {learning_rate: 0.1}}
        rel: "<"
        right: {final: test_accuracy, at: {batch_size: 10}, sweep: tiny}
        margin: 0.9
    - id: S0-1
      text: All of it holds.
      same_as: [X0-1, {sweep: tiny, id: B3-9}]
"""
FILES = {"tiny": TINY, "other": OTHER}
ROWS = """chapters: [B1, B3, S0, S1, X0, D]
kinds: {exact: tested, direction: not run, context: not judged}
rows:
"""
QUIET = ("tracking=none", "n_jobs=1", "pictures=false")
DATA = {"tiny": (), "other": ("data=synthetic",)}


def write_files() -> None:
    """The two sweep files, in `./conf/sweep`, and the lab book's rows file without a row."""
    folder = Path("conf", "sweep")
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / f"{name}.yaml").write_text(text)
    Path("sweeps").mkdir()
    Path("sweeps", "rows.yaml").write_text(ROWS + "  []\n")


def train(name: str, *words: str) -> None:
    """What its file asks, in `./sweeps`."""
    assert cli.main([f"+sweep={name}", *DATA[name], *QUIET, *words]) == 0


def edit(path: Path | str, old: str, new: str) -> None:
    """Replace the one place where a file has `old`."""
    text = Path(path).read_text()
    assert text.count(old) == 1, f"{path} has {old!r} {text.count(old)} times"
    Path(path).write_text(text.replace(old, new))
