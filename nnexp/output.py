"""Standard output that cannot end a command: its reader may leave, its encoding may lack a sign."""

import codecs
import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

READER_LEFT = (errno.EPIPE, errno.EIO)  # as after `| head -1`, or when a terminal is closed
SIGNS = {"±": "+-", "·": "|", "×": "x", "…": "...", "–": "-", "—": "-", "−": "-", "≤": "<=", "≥": ">="}
ERRORS = "nnexp_signs"


def in_ascii(text: str) -> str:
    """The text with ASCII signs in the place of those that `SIGNS` knows."""
    return "".join(SIGNS.get(sign, sign) for sign in text)


class _File(io.FileIO):
    """A file descriptor; after an error, what is written goes nowhere. `failure`: the first error."""

    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data) or 0
        except OSError as error:
            self.failure = error
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            return len(data)


@contextmanager
def patient_output() -> Iterator[list[OSError]]:
    """Inside, printing never fails. Yields the errors for which there is somebody to tell: a full disk.

    A sign that the encoding lacks becomes one or two ASCII signs, or its number after a backslash.
    """
    codecs.register_error(ERRORS, _replaced)
    before, failures = (sys.stdout, sys.stderr), list[OSError]()
    files = {}
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):  # None where it was closed
            stream.flush()
            file = files[name] = _File(stream.fileno(), "w", closefd=False)
            errors = ERRORS if stream.errors in ("strict", "surrogateescape") else stream.errors
            buffered = io.BufferedWriter(file)
            wrapper = io.TextIOWrapper(
                buffered, stream.encoding, errors, line_buffering=stream.line_buffering
            )
            setattr(sys, name, wrapper)
    try:
        yield failures
    finally:
        for name, file in files.items():
            getattr(sys, name).flush()
            if file.failure and file.failure.errno not in READER_LEFT:
                failures.append(file.failure)
        sys.stdout, sys.stderr = before


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign = error.object[error.start]
    return SIGNS.get(sign) or sign.encode("ascii", "backslashreplace").decode(), error.start + 1
