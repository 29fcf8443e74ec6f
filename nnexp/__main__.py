"""`python -m nnexp`, and the console script `nnexp`."""

import gc
import signal
import sys


def main() -> int:
    """Run one command and return its exit status.

    Imports take some tenths of a second; Ctrl-C meanwhile ends the process without a word, as nothing has
    begun. That is why they stand here, after the line that says so.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as a shell sets it for background processes
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    from nnexp import platforms
    from nnexp.output import patient_output

    try:
        platforms.check_platform()
    except ImportError as error:
        print(f"nnexp: {error}", file=sys.stderr)
        return 2
    with patient_output() as failures:
        from nnexp import cli

        status = cli.main()
    gc.freeze()  # else Python collects garbage once more before it ends: 1 s of CPU where MLflow is loaded
    for failure in failures:
        print(f"nnexp: the output could not be written: {failure.strerror}", file=sys.stderr)
    return status or int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
