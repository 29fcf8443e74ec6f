"""The README's examples work as they are printed."""

import re
from pathlib import Path

import pytest
import yaml

from nnexp.claims.parsing import parse_claims
from nnexp.config import load_config

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_sweep_file_can_be_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "conf" / "sweep").mkdir(parents=True)
    # Under another name: a reader's clone may hold the README's own, and there it counts as shipped.
    (tmp_path / "conf" / "sweep" / "momentum_copy.yaml").write_text(block)
    monkeypatch.chdir(tmp_path)
    made = load_config(["+sweep=momentum_copy"])
    assert made.hyperparameters.learning_rate == 0.05
    assert list(made.question.axes) == ["momentum", "batch_size"]


def test_the_claim_can_be_stated() -> None:
    (block,) = re.findall(r"\n    sweep:\n((?: {6}.*\n)+)", README)
    claims = yaml.safe_load(block)["claims"]
    points = [{"batch_size": size} for size in (1, 5, 10, 20, 50, 100, 300)]
    (claim,) = parse_claims(claims, ["batch_size"], points, epochs=30, timing=False)
    assert claim.id == "rare-updates"


def test_the_pictures_are_there() -> None:
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README)
    assert pictures
    for picture in pictures:
        assert (Path(__file__).parents[1] / picture).exists()
