"""Files of records, each a JSON file beside one of weights. The only writer of records."""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

from nnexp.errors import UserError
from nnexp.files import replacing, sync_folder
from nnexp.nn import Model
from nnexp.sweep.store.model_file import load_model, save_model
from nnexp.sweep.store.record import Record
from nnexp.sweep.store.seal import SEAL, ends_of, opened, sealed

WRITERS = 16  # threads, which wait for the disk together
STATUS = re.compile(rb'\{"run_id": "\w+", "status": "(\w+)"')  # how the file of a record begins


def weights_path(folder: Path, run_id: str) -> Path:
    """Where a record's weights lie."""
    return folder / f"{run_id}.npz"


def write(folder: Path, record: Record, model: Model | None) -> None:
    """Make `record` durable in `folder`. Raises as `write_all`."""
    write_all(folder, [(record, model)])


def write_all(folder: Path, ended: Sequence[tuple[Record, Model | None]]) -> None:
    """Make records durable in `folder`, at once: the disk takes as long for one as for sixteen.

    Raises:
        OSError: one cannot be written; others may be there.
    """
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda pair: _write(folder, *pair), ended))
    sync_folder(folder)


def _write(folder: Path, record: Record, model: Model | None) -> None:
    """Weights first, then the JSON file that makes them a record."""
    body = vars(record) | {"weights_sha256": None, "weights_size": None}
    if model is not None:
        weights = BytesIO()
        save_model(weights, model)
        content = weights.getvalue()
        with replacing(weights_path(folder, record.run_id)) as file:
            file.write(content)
        body |= {"weights_sha256": hashlib.sha256(content).hexdigest(), "weights_size": len(content)}
    with replacing(folder / f"{record.run_id}.json") as file:
        file.write(sealed(body))


def read(path: Path) -> Record:
    """The record in a JSON file.

    Raises:
        ValueError: the file is torn or damaged, or its weights are missing.
    """
    body = opened(path.read_bytes())
    size, digest = body.pop("weights_size"), body.pop("weights_sha256")
    if digest is not None:
        try:
            size_now = os.stat(weights_path(path.parent, body["run_id"])).st_size
        except FileNotFoundError:
            raise ValueError("its weights are missing") from None
        if size_now != size:
            raise ValueError("its weights are cut")
    return Record(**body)


def status_in(path: str | Path) -> str:
    """The status in a record's file, from its two ends: whether what stands between is whole is not known.

    Empty for a file that does not begin and end as a record does, or cannot be read.
    """
    try:
        start, end = ends_of(path)
    except OSError:
        return ""
    begins = STATUS.match(start)
    return begins[1].decode() if begins and end.startswith(SEAL) else ""


def whole_weights(path: Path) -> Path | None:
    """The weights that the run of the record in a JSON file kept, if any. Reads all of them.

    Raises:
        ValueError: the record or its weights are not what was written, or not there.
    """
    digest = opened(path.read_bytes()).get("weights_sha256")
    if digest is None:
        return None
    weights = weights_path(path.parent, path.stem)
    if not weights.exists():
        raise ValueError("its weights are missing")
    if hashlib.sha256(weights.read_bytes()).hexdigest() != digest:
        raise ValueError("its weights are not those that it ended with")
    return weights


def kept_weights(folder: Path, run_id: str) -> Path | None:
    """The weights of a run, whole; None if it kept none. A damaged record is set aside.

    Raises:
        UserError: there is no record of the run, or it is damaged.
    """
    path = folder / f"{run_id}.json"
    try:
        return whole_weights(path)
    except FileNotFoundError:
        raise UserError(f"run {run_id} has no record: {path} does not exist") from None
    except ValueError as error:
        set_aside(path)
        problem = f"the record of run {run_id} is damaged ({error}): set aside"
        raise UserError(f"{problem}, the sweep's own command trains the run again") from error


def read_model(folder: Path, run_id: str) -> Model:
    """The network that a run kept. Raises as `kept_weights`, and for a run that kept none."""
    weights = kept_weights(folder, run_id)
    if weights is None:
        raise UserError(f"run {run_id} kept no weights: only a run that trained to its end does")
    return load_model(weights)


def set_aside(path: Path) -> None:
    """Rename the file of a damaged record, so that its run counts as not trained.

    Raises:
        UserError: the folder cannot be written.
    """
    try:
        path.rename(path.with_suffix(".damaged"))
    except OSError as error:
        raise UserError(f"{path} is damaged and cannot be set aside: {error.strerror}") from error


def read_all(paths: Mapping[str, Path]) -> tuple[dict[str, Record], dict[str, str]]:
    """The valid records among the files `run_id -> path`, and what is wrong with the others."""
    whole: dict[str, Record] = {}
    damaged: dict[str, str] = {}
    for run_id, path in paths.items():
        try:
            whole[run_id] = read(path)
        except FileNotFoundError:  # a sweep that somebody removes at this moment
            continue
        except (ValueError, TypeError, KeyError, OSError) as error:
            damaged[run_id] = str(error)
    return whole, damaged
