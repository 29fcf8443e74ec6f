"""What child processes of the tests need."""

import signal


def hears_signals() -> None:
    """In a child: tests that were started in the background, or with `nohup`, ignore these signals."""
    for signum in (signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, signal.SIG_DFL)
