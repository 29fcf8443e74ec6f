"""What child processes of the tests need."""

import signal
import subprocess
from pathlib import Path
from urllib.request import urlopen

START_TIME = 120  # seconds that a server may take to come up


def hears_signals() -> None:
    """In a child: tests that were started in the background, or with `nohup`, ignore these signals."""
    for signum in (signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, signal.SIG_DFL)


def wait_until_up(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers; raise with its log if it ends or takes too long."""
    for _ in range(START_TIME * 2):
        try:
            with urlopen(address, timeout=5):
                return
        except OSError:  # URLError is one
            try:
                process.wait(0.5)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError(f"the server ended: {log.read_text()}") from None
    raise TimeoutError(f"nobody answers at {address}: {log.read_text()}")
