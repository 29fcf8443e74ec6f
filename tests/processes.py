"""What child processes of the tests need."""

import signal


def hears_ctrl_c() -> None:
    """In a child: a shell that starts the tests in the background has them, and so it, ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
