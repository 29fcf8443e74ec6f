"""`python -m nnexp`, and the console script `nnexp`: what must come before anything else is imported."""

import gc
import signal
import sys

from nnexp.output import patient_output
from nnexp.platforms import REMEDY, is_supported


def main() -> int:
    """Run one command and return its exit status.

    Until `nnexp.cli` listens to it, Ctrl-C ends the process without a word: imports take a few tenths of a
    second, and nothing has begun. That is why the import stands here.
    """
    if not is_supported():
        print(f"nnexp: {REMEDY}", file=sys.stderr)
        return 2
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as a shell sets it for background processes
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    with patient_output() as failures:
        from nnexp import cli

        status = cli.main()
    gc.freeze()  # Python collects garbage once more before it ends: 1 s where MLflow is loaded
    for failure in failures:
        print(f"nnexp: the output could not be written: {failure.strerror}", file=sys.stderr)
    return status or int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
