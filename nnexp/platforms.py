"""Where nnexp runs: it needs POSIX signals, file locks and memory maps."""

import sys

SUPPORTED = ("linux", "darwin")
REMEDY = (
    "Linux and macOS are supported; on Windows use WSL, the Windows Subsystem for Linux: "
    "'wsl --install' sets it up, then install nnexp inside it"
)


def is_supported() -> bool:
    """Whether this is Linux or macOS."""
    return sys.platform in SUPPORTED
