"""The blocks of a page at work: files are written, commands and Python are run, in one folder, in order.

What stands behind the language says how, and no reader sees it: `yaml conf/sweep/mine.yaml` is the file that
the block is; `sh cluster`, `sh gpu` and `sh long` are only parsed; `sh whole` runs as it stands. Any other
command that trains does so on digits, for two epochs, without a store and pictures, unless it says otherwise.
"""

import os
import subprocess
import sys
from pathlib import Path

import yaml

from nnexp.commands import SUMMARIES
from tests.docs.markdown import REPOSITORY, Block

PARSED = ("cluster", "gpu", "long")
MARKS = (*PARSED, "whole")
LANGUAGES = ("sh", "python", "yaml", "text", "")
QUICK = {"epochs": "2", "n_jobs": "1", "tracking": "none", "pictures": "false"}
SECONDS = 60  # that a block may take
PRELUDE = """\
set -euo pipefail
nnexp() { "$PYTHON" -m tests.docs.running "$@"; }
python() { if [ "${1-} ${2-}" = "-m nnexp" ]; then nnexp "${@:3}"; else "$PYTHON" "$@"; fi; }
"""


def quick(words: list[str]) -> list[str]:
    """The words of a command line, and what makes a training short."""
    if words and (words[0] in SUMMARIES or words[0] in ("-h", "--help", "--version", "-sc", "-c", "-i")):
        return words
    on_digits = ["data=digits" if word.startswith(("data=mnist", "data=fashion")) else word for word in words]
    keys = {word.partition("=")[0] for word in words}
    return [*on_digits, *(f"{key}={value}" for key, value in QUICK.items() if key not in keys)]


def run(block: Block, folder: Path) -> None:
    """Do what a block says in `folder`.

    Raises:
        AssertionError: it failed, with what it printed.
    """
    if block.language == "yaml":
        write_file(block, folder)
    elif block.language == "sh":
        run_in(folder, ["bash", "-c", PRELUDE + block.text], whole=block.rest == "whole")
    elif block.language == "python":
        text = block.text.replace('"mnist"', '"digits"').replace('"data=mnist"', '"data=digits"')
        run_in(folder, [sys.executable, "-c", text])


def write_file(block: Block, folder: Path) -> None:
    """A block of YAML is a file, if a path stands behind its language; else it need only be YAML."""
    assert yaml.safe_load(block.text)
    if block.rest:
        path = folder / block.rest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")


def run_in(folder: Path, command: list[str], whole: bool = False) -> None:
    paths = {"PYTHONPATH": str(REPOSITORY), "PYTHON": sys.executable, "WHOLE": "yes" if whole else ""}
    environment = os.environ | paths | {"MPLBACKEND": "Agg"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def check(block: Block) -> None:
    """Parse a block, and run nothing."""
    if block.language == "sh":
        done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    else:
        compile(block.text, "block", "exec")


if __name__ == "__main__":
    from nnexp.__main__ import main

    if not os.environ["WHOLE"]:
        sys.argv[1:] = quick(sys.argv[1:])
    sys.exit(main())
