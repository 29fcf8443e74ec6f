"""A clock that stands while its process is stopped."""

import time

import pytest

from nnexp.sweep.pool.running_clock import BEAT, LONGEST, RunningClock


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the machine's clock will say; the last moment stays."""
    values = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: values.pop(0) if len(values) > 1 else values[0])
    return values


def test_it_counts_the_time_between_looks(moments: list[float]) -> None:
    clock = RunningClock()
    moments[:] = [100.5, 101.5]
    assert (clock.seconds(), clock.seconds(), clock.seconds()) == (0.5, 1.5, 1.5)


def test_time_in_which_nobody_could_look_does_not_count(moments: list[float]) -> None:
    clock = RunningClock()
    moments[:] = [101.0, 3701.0, 3701.5]
    clock.seconds()
    clock.seconds()
    assert clock.seconds() == pytest.approx(1.5 + BEAT)


def test_it_looks_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that an epoch longer than `LONGEST` counts whole: three looks each half of that later."""
    looks = []
    clock = RunningClock()
    monkeypatch.setattr(clock, "seconds", lambda: looks.append(LONGEST))
    monkeypatch.setattr(clock._ended, "wait", lambda _: len(looks) == 3)
    clock._beat()
    assert len(looks) == 3
