"""The data sets of a worker that is far from its parent: from its own memory or disk, else the parent's."""

import json
import threading
from collections.abc import Mapping
from typing import Any

from nnexp.data import Dataset, DataSpec, load, no_download, whole_of
from nnexp.errors import UserError

KEPT = 4  # data sets, those of the last sweeps
_kept: dict[str, Dataset] = {}
_lock = threading.Lock()  # of the threads of this process one reads


def data_key(spec: DataSpec, digest: str) -> str:
    """The name of the data set that `spec` is part of, wherever its files lie; `digest`: of its source."""
    return f"{digest}-{json.dumps(whole_of(spec).identity(), sort_keys=True)}"


def dataset_here(spec: DataSpec, digest: str, sent: Mapping[str, Any]) -> Dataset | None:
    """The data set that `spec` is part of; None if this worker must be sent it. `sent`: what it was sent."""
    key = data_key(spec, digest)
    with _lock:
        dataset = _kept.pop(key, None) or sent.get(key) or _read(whole_of(spec), digest)
        if dataset:
            _kept[key] = dataset
            for old in list(_kept)[:-KEPT]:
                del _kept[old]
    return dataset


def _read(whole: DataSpec, digest: str) -> Dataset | None:
    """From this machine's disk, if it has the same."""
    try:
        with no_download():
            dataset = load(whole)
    except (UserError, OSError):
        return None
    return dataset if dataset.digest == digest else None
