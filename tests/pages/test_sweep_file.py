"""The sweep file on a page asks the very question that was frozen."""

from pathlib import Path

import pytest

from nnexp.config import load_config
from nnexp.data import load
from nnexp.pages.sweep_file import sweep_file
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.planner import make_plan
from nnexp.sweep.store.plan_file import read_plan, write_plan

FILES = {
    "a grid": """
hidden_size: 5
data: {rotation: 5, augment: affine}
monitor: {dead_classes: true}
sweep:
  question: "What costs \\\\${data} and 'quotes': # no comment?"
  axes: {learning_rate: [0.1, 0.5], hidden_layers: [1, 2]}
  exclude: [{learning_rate: 0.5, hidden_layers: 2}]
  baseline: {learning_rate: 0.5, hidden_layers: 1}
  seeds: 3
  target: 0.9
  claims:
    - id: a
      text: It is above chance.
      check:
        left: {final: validation_accuracy, at: {learning_rate: 0.1, hidden_layers: 1}}
        rel: ">"
        right: 0.1
""",
    "no axes": "sweep: {question: What does it reach, seeds: [3, 7], timing: true}",
    "lists of sizes": "sweep: {axes: {hidden_size: [[5, 4], [6]]}, seeds: 2}",
    "data sets": "sweep: {axes: {data: [synthetic, nand], batch_size: [1]}, seeds: 2}",
    "until decided": "sweep: {axes: {batch_size: [1, 10]}, seeds: {from: 5, to: 9, until: decided}}",
    "sources": "sweep: {axes: {batch_size: [1, 10]}, vary: [weights, order], seeds: 2}",
}


def frozen(place: Path, text: str) -> Plan:
    """The plan of a sweep file, as it is read back."""
    folder = place / "conf" / "sweep"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "again.yaml").write_text(text)
    config = load_config(["+sweep=again", "data=synthetic"], config_dir=str(place / "conf"))
    return _plan(config, place)


def _plan(config, place: Path) -> Plan:  # type: ignore[no-untyped-def]
    plan = make_plan(config.question, config.hyperparameters, config.data, load)
    write_plan(plan, {}, place)
    return read_plan(place)


@pytest.mark.parametrize("name", FILES)
def test_it_makes_the_same_plan(name: str, tmp_path: Path) -> None:
    plan = frozen(tmp_path / "first", "# @package _global_\n" + FILES[name])
    (tmp_path / "again" / "conf" / "sweep").mkdir(parents=True)
    (tmp_path / "again" / "conf" / "sweep" / "again.yaml").write_text(sweep_file(plan))
    config = load_config(["+sweep=again"], config_dir=str(tmp_path / "again" / "conf"))
    assert _plan(config, tmp_path / "again") == plan
