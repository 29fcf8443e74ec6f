"""The README's examples work as they are printed."""

import re
from pathlib import Path

import pytest
import yaml

from nnexp.claims.parsing import parse_claims
from nnexp.config import Config, load_config, load_configs

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.partition("#")[0].split()[3:] for line in README.splitlines() if line.startswith("python -m nnexp")
]


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


def values(config: Config) -> dict[str, object]:
    """What a command says, by the names that one types: an axis has all of its values."""
    question, data = config.question, config.data
    settings = {n: list(v) if isinstance(v, tuple) else v for n, v in vars(config.hyperparameters).items()}
    flat = settings | vars(config.execution) | {"data": data.name}
    axes = {name: list(values) for name, values in question.axes.items()}
    return flat | axes | {"sweep.seeds": len(question.seeds), "seed": list(question.seeds)}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_printed_command_does_what_it_says(words: list[str]) -> None:
    plain = [word.strip("'") for word in words if word != "-m"]
    configs = load_configs(plain, multirun="-m" in words)
    for key, value in (word.split("=") for word in plain):
        listed = yaml.safe_load(f"[{value}]") if value != "range(3)" else [0, 1, 2]
        if key == "+sweep":
            assert [config.question.name for config in configs] == listed
        else:
            assert values(configs[0])[key] in (listed, listed[0])


def test_the_pictures_are_there() -> None:
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README)
    assert pictures
    for picture in pictures:
        assert (Path(__file__).parents[1] / picture).exists()
