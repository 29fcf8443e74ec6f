"""A stop takes effect where it loses nothing, and earlier where somebody insists on it."""

import os
import signal
import threading

import pytest

from nnexp.sweep.pool import stop
from nnexp.sweep.pool.stop import Stopped, asked, deferred, insist, interruptible, listening


def ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_a_stop_that_is_deferred_takes_effect_at_the_end_or_where_somebody_insists() -> None:
    with listening(guest=True), pytest.raises(Stopped), deferred():
        ctrl_c()
    insisting = threading.Thread(target=insist)
    with listening(guest=True), deferred():
        ctrl_c()
        insisting.start()
        insisting.join()
        assert asked(), "not yet"
        with pytest.raises(Stopped), interruptible():
            pass
        assert not asked()


def test_a_second_ctrl_c_in_the_moment_in_which_somebody_insists_is_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stop, "DEBOUNCE_SECONDS", 0.0)
    monkeypatch.setattr("_thread.interrupt_main", lambda _: ctrl_c())
    with listening(guest=True), deferred():
        ctrl_c()
        with pytest.raises(Stopped):
            insist()
        with pytest.raises(Stopped), interruptible():
            pass


def test_what_listened_before_listens_again() -> None:
    signums = (*stop.SIGNALS, stop.NUDGE)
    before = [signal.getsignal(signum) for signum in signums]
    with listening():
        assert signal.getsignal(signal.SIGTERM) is not before[1]
    assert [signal.getsignal(signum) for signum in signums] == before
