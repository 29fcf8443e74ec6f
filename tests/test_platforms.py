"""Where nnexp does not run, the first line says what to use instead."""

import subprocess
import sys

WINDOWS = """
import signal, sys
sys.platform = "win32"
for name in ("SIGHUP", "SIGKILL", "pthread_sigmask"):
    delattr(signal, name)
sys.modules["fcntl"] = None
"""


def answer(script: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """What a process says that believes to be on Windows."""
    command = [sys.executable, "-c", WINDOWS + script, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_command_names_the_remedy_in_one_line() -> None:
    said = answer("from nnexp.__main__ import main; sys.exit(main())", "--help")
    assert (said.returncode, said.stdout, said.stderr.count("\n")) == (2, "", 1)
    assert said.stderr.startswith("nnexp: Linux and macOS are supported; on Windows use WSL")


def test_a_notebook_gets_the_same() -> None:
    said = answer("import nnexp; nnexp.run")
    assert said.stderr.splitlines()[-1].startswith("ImportError: Linux and macOS are supported")
