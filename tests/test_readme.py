"""The README is short, and what it and the documentation show can be copied."""

from pathlib import Path

import pytest
import yaml

from nnexp.claims.parsing import parse_claims
from nnexp.config import load_config
from tests.docs.markdown import DOCS, README, REPOSITORY, blocks, links


def test_the_readme_is_read_in_a_few_minutes() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 200


def test_the_sweep_file_can_be_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = [block for block in blocks(README) if block.language == "yaml"]
    (tmp_path / "conf" / "sweep").mkdir(parents=True)
    # Under another name: a reader's clone may hold the README's own, and there it counts as shipped.
    (tmp_path / "conf" / "sweep" / "momentum_copy.yaml").write_text(block.text)
    monkeypatch.chdir(tmp_path)
    made = load_config(["+sweep=momentum_copy"])
    assert made.hyperparameters.learning_rate == 0.05
    assert list(made.question.axes) == ["momentum", "batch_size"]


def test_the_claim_can_be_stated() -> None:
    (block,) = [block for block in blocks(DOCS / "questions.md") if block.rest.endswith("rare_updates.yaml")]
    claims = yaml.safe_load(block.text)["sweep"]["claims"]
    points = [{"batch_size": size} for size in (1, 5, 10, 20, 50, 100, 300)]
    (claim,) = parse_claims(claims, ["batch_size"], points, epochs=30, timing=False)
    assert claim.id == "rare-updates"


def test_the_pictures_are_there() -> None:
    pictures = [link for link in links(README) if link.endswith(".png")]
    assert pictures
    assert all((REPOSITORY / picture).exists() for picture in pictures)


def test_its_two_commands_are_those_of_ci() -> None:
    install, test = [block.text.strip() for block in blocks(README) if block.text.startswith("pip install")]
    assert install == "pip install -e . && python -m nnexp +sweep=batch_size"
    assert test in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
