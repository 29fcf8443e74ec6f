"""The commands of the README, and those of the documentation that no test runs, mean what they say."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from nnexp.commands import SUMMARIES
from nnexp.config import Config, load_configs
from tests.docs.markdown import PAGES, README, blocks
from tests.docs.running import PARSED, write_file

RANGE = re.compile(r"range\((\d+)\)")


def commands(page: Path) -> Iterator[list[str]]:
    """The words of its commands that train; in the documentation, test_blocks.py runs all others."""
    for block in blocks(page):
        if block.language == "sh" and (page == README or block.rest in PARSED):
            for line in block.text.replace("\\\n", " ").splitlines():
                words = shlex.split(line.replace("$(", "("), comments=True)
                words = words[2:] if words[:2] == ["python", "-m"] else words
                if words[:1] == ["nnexp"] and not SUMMARIES.keys() & set(words[1:2]):
                    yield words[1:]


COMMANDS = [pytest.param(page, words, id=" ".join(words)) for page in PAGES for words in commands(page)]


def values(config: Config) -> dict[str, object]:
    """What a command says, by the names that one types: an axis has all of its values."""
    question, data = config.question, config.data
    settings = {n: list(v) if isinstance(v, tuple) else v for n, v in vars(config.hyperparameters).items()}
    execution = vars(config.execution) | {"backend": config.execution.backend.name}
    flat = settings | execution | {"data": data.name}
    axes = {name: list(values) for name, values in question.axes.items()}
    return flat | axes | {"sweep.seeds": len(question.seeds), "seed": list(question.seeds)}


@pytest.mark.parametrize(("page", "words"), COMMANDS)
def test_a_command_does_what_it_says(
    page: Path, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for block in blocks(page):
        if block.language == "yaml" and block.rest:
            write_file(block, tmp_path)
    monkeypatch.chdir(tmp_path)
    plain = [word for word in words if word != "-m"]
    configs = load_configs(plain, multirun="-m" in words)
    for key, value in (word.split("=", 1) for word in plain):
        count = RANGE.fullmatch(value)
        listed = [*range(int(count[1]))] if count else yaml.safe_load(f"[{value}]")
        if key == "+sweep":
            assert [config.question.name for config in configs] == listed
        elif key in (meant := values(configs[0])):
            assert meant[key] in (listed, listed[0])
