"""Engines in a process: what a compiled one needs before it trains, and what decides its last bits."""

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from nnexp.data import cache_folder
from nnexp.errors import UserError
from nnexp.sweep.question.plan import Run

PROCESSOR, MISSING = "cpu", "none"  # devices


@cache
def engine_facts(engine: str) -> dict[str, str]:
    """What decides an engine's last bits in this process, beside its formulas and BLAS. None of NumPy's.

    `jax`: the version of JAX, `device`: `cpu`, or the name of an accelerator; `none` where JAX is missing.
    The device is ready to train then.
    """
    if engine == "numpy":
        return {}
    if find_spec("jax") is None:
        return {"jax": "none", "device": MISSING}
    from nnexp.nn.compiled import prepared

    return prepared(_compilations())


def engine_of(runs: Iterable[Run]) -> str:
    """The one that needs most of those that some runs name."""
    return "jax" if any(run.hyperparameters.engine == "jax" for run in runs) else "numpy"


def accelerated(runs: Iterable[Run]) -> set[str]:
    """The engines that some runs name, and that have an accelerator here."""
    engines = {run.hyperparameters.engine for run in runs}
    devices = {name: engine_facts(name).get("device", PROCESSOR) for name in engines}
    return {name for name, device in devices.items() if device not in (PROCESSOR, MISSING)}


def _compilations() -> Path | None:
    """The folder of this user for what was compiled; None where there can be none."""
    try:
        folder = cache_folder() / "compiled"
        folder.mkdir(parents=True, exist_ok=True)
    except (UserError, OSError):
        return None
    return folder
