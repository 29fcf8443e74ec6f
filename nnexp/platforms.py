"""Where nnexp runs: it needs POSIX signals, file locks and memory maps."""

import sys

SUPPORTED = ("linux", "darwin")
REMEDY = (
    "Linux and macOS are supported; on Windows use WSL, the Windows Subsystem for Linux: "
    "'wsl --install' sets it up, then install nnexp inside it"
)


def check_platform() -> None:
    """Raise `ImportError` anywhere but on Linux and macOS."""
    if sys.platform not in SUPPORTED:
        raise ImportError(REMEDY)
