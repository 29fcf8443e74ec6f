"""A scheduler or workers with another Dask are told of in one line."""

from collections.abc import Mapping
from threading import Event
from typing import Any

import pytest

from nnexp.sweep.pool import dask
from nnexp.sweep.pool.dask import other_versions

HERE = "2026.8.0"


class Client:
    """Of a scheduler and workers with these versions of Dask; None: one does not say."""

    def __init__(self, scheduler: str, **workers: str | None) -> None:
        self.scheduler, self.workers = scheduler, workers

    def get_versions(self) -> Mapping[str, Any]:
        workers = {name: version and known(version) for name, version in self.workers.items()}
        return {"client": known(HERE), "scheduler": known(self.scheduler), "workers": workers}


def known(version: str) -> dict[str, Any]:
    return {"packages": {"distributed": version, "numpy": "2.4.6"}}


@pytest.mark.parametrize(
    ("client", "told"),
    [
        (Client(HERE, a=HERE, b=None), ""),
        (Client("2026.7.1", a=HERE), "2026.7.1 on the scheduler"),
        (Client(HERE, a=HERE, b="2026.7.1"), "2026.7.1 on worker b"),
        (Client("2026.7.1", a="2026.7.1", b="2026.7.1"), "2026.7.1 on the scheduler and 2 workers"),
        (
            Client(HERE, a="2026.7.1", b="2026.6.0", c="2026.7.1"),
            "2026.7.1 on worker a and 1 other, 2026.6.0 on worker b",
        ),
    ],
)
def test_each_version_is_named_once_with_where_it_is(client: Any, told: str) -> None:
    line = f"Dask is {HERE} here, {told}: one version everywhere is safer." if told else ""
    assert other_versions(client) == line


def test_a_scheduler_that_does_not_say_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = Event()

    class Hangs:
        def get_versions(self) -> None:
            over.wait()

    monkeypatch.setattr(dask, "PATIENCE", 0.1)
    assert other_versions(Hangs()) == ""  # type: ignore[arg-type]
    over.set()
