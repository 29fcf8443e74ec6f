"""How a sweep stops before its end: an error that is nobody's mistake, Ctrl-C, SIGTERM.

The first signal stops in good order, at a moment that loses nothing; the second ends at once.
"""

import _thread
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
NUDGE = signal.SIGURG  # by which another thread reaches the main thread; nobody sends it
DEBOUNCE_SECONDS = 0.5  # signals closer together count as one: `timeout` and terminals send several


class Stopped(KeyboardInterrupt):
    """A stop that somebody asked for by `signum`; the exit status of a shell's command is 128 + signum."""

    def __init__(self, signum: int = signal.SIGINT) -> None:
        super().__init__(signum)
        self.status = 128 + signum


class SweepError(Exception):
    """The sweep cannot go on, through no mistake of the command's. What is recorded stays. One line."""


_heard: float | None = None  # when the first signal came
_pending: int | None = None  # the signal that is to take effect
_deferred = False  # not now, but later
_insists, _interruptible = False, False  # later has come; now, if so
_guest = False  # the process is not ours


@contextmanager
def listening(*, guest: bool = False) -> Iterator[None]:
    """Inside, the first signal raises `Stopped`, the second ends this process; workers follow within 1 s.

    A `guest` in the process of a notebook listens to Ctrl-C alone, and never ends that process: the second
    raises `Stopped` at once.
    """
    global _heard, _pending, _guest, _insists
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's business
        return
    _heard, _pending, _guest, _insists = None, None, guest, False
    before = {signum: signal.getsignal(signum) for signum in (SIGNALS[:1] if guest else SIGNALS)}
    for signum, handler in before.items():
        if handler is not signal.SIG_IGN:  # as a shell sets it for what it starts in the background
            signal.signal(signum, _hear)
    before[NUDGE] = signal.signal(NUDGE, _look_again)
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


@contextmanager
def deferred(defer: bool = True) -> Iterator[None]:
    """A stop that is asked for inside takes effect at the end, so that what is done here is done whole."""
    global _deferred
    before, _deferred = _deferred, defer
    try:
        _take_effect()
        yield
    finally:
        _deferred = before
    _take_effect()


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside, a stop that was deferred takes effect all the same, once somebody insists on it."""
    global _interruptible
    _interruptible = True
    try:
        _take_effect()
        yield
    finally:
        _interruptible = False


def asked() -> bool:
    """Whether somebody has asked for a stop that is still to take effect."""
    return _pending is not None


def insist() -> None:
    """From any thread: the stop that was asked for is to take effect in the main thread where it can."""
    global _insists
    if asked():
        _insists = True
        _thread.interrupt_main(NUDGE)


def _look_again(signum: int, frame: FrameType | None) -> None:
    _take_effect()


def _hear(signum: int, frame: FrameType | None) -> None:
    global _heard, _pending
    now = time.monotonic()
    if _heard is not None and now - _heard < DEBOUNCE_SECONDS:
        return
    if _heard is not None and _guest:
        raise Stopped(signum)
    if _heard is not None:
        if sys.stdout.isatty():
            os.write(sys.stdout.fileno(), b"\x1b[?25h")  # the cursor, which the live display hides
        os._exit(128 + signum)
    _heard, _pending = now, signum
    _take_effect()


def _take_effect() -> None:
    global _pending
    if _pending is not None and (not _deferred or (_insists and _interruptible)):
        signum, _pending = _pending, None
        raise Stopped(signum)
