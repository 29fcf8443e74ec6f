"""The device that trains, and how this process uses it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax


def prepared(cache: Path | None) -> dict[str, str]:
    """Begin with JAX in this process: on a processor by one thread, for with two the same products end in
    other bits. `cache`: a folder for what is compiled.

    Returns `jax`, its version, and `device`: `cpu`, or the name of an accelerator.

    Where JAX is in use already, its threads stay as they are, and so does a folder that it has.
    """
    config: Any = jax.config  # JAX makes its members at its start
    if cache is not None and config.jax_compilation_cache_dir is None:
        config.update("jax_compilation_cache_dir", str(cache))
        config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    with _one_thread():
        return {"jax": jax.__version__, "device": jax.devices()[0].device_kind}


@contextmanager
def _one_thread() -> Iterator[None]:
    """XLA makes as many threads as this variable says, once, when it begins."""
    before = os.environ.get("NPROC")
    os.environ["NPROC"] = "1"
    try:
        yield
    finally:
        del os.environ["NPROC"]
        if before is not None:
            os.environ["NPROC"] = before
