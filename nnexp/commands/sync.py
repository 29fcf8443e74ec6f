"""`nnexp sync`: what is on record and not in MLflow is uploaded; nothing is trained."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from nnexp.commands.arguments import MODELS, TRACKING, WHICH, Arguments, parse_arguments
from nnexp.commands.lookup import folder_of, folders_here, name_of
from nnexp.config import load_config
from nnexp.console import make_console
from nnexp.errors import UserError
from nnexp.experiment.attachments import files_of
from nnexp.experiment.finishing import best_network, page_tags, results_now
from nnexp.results.stamp import stamp
from nnexp.results.write_csv import write_results
from nnexp.sweep.store.catalog import no_sweeps, sweep_folders
from nnexp.sweep.store.folder import open_sweep
from nnexp.sweep.store.lock import held
from nnexp.sweep.store.plan_file import read_body
from nnexp.text import count
from nnexp.tracking import (
    address_of,
    check_store,
    final_status,
    is_up_to_date,
    mean_curves,
    move_note,
    open_logger,
    public_uri,
    runs_to_log,
    usual_models,
    usual_store,
)

HELP = """
nnexp sync [NAME[/ID] ...] [--to URI] [tracking=server] [tracking.uri=...] [tracking.models=all]
           [data=mnist] [sweeps_dir=sweeps]

Upload what the records of these sweeps (of all, without names) hold and MLflow lacks, each run once; nothing
is trained. Without tracking words, to the store that a sweep was logged to before; of sweeps trained with
tracking=none only those that are named, to the usual store. tracking.models says whose networks go along:
all, best or none; without it, those that did when the sweep was logged before, else all.

--to URI brings them into another store, whole: all of this folder without names, those
trained with tracking=none as well. Again, it adds nothing. What the store before holds stays there; the new
one is from then on the one that they were logged to. A server's user and password are best given in
MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
The exit status is 1 if something could not be uploaded.
"""
TO = "--to"
UPLOAD_TIME = 24 * 3600.0  # seconds; a store that does not answer is given up long before
END_TIME = 60.0  # seconds to end the sweep's own page in MLflow


class Upload(NamedTuple):
    """How many runs were uploaded, why not all (None: all were), and what else there is to say."""

    runs: int
    error: str | None = None
    note: str = ""


def main(words: Sequence[str]) -> int:
    """Upload, with a line for each sweep that lacked something; 1 if it lacks something still."""
    arguments = parse_arguments("sync", words, keys=(*WHICH, *TRACKING, MODELS), valued=(TO,))
    tracking = arguments.only(TRACKING)
    if to := arguments.settings.get(TO):
        if tracking:
            raise UserError(f"{TO} names the store, it goes without {tracking[0].partition('=')[0]}")
        tracking = [f"tracking.uri={to}"]
    tracking_keys = load_config([*tracking, *arguments.only([MODELS])]).tracking
    default, models = tracking_keys.uri, tracking_keys.models if arguments.only([MODELS]) else None
    if default is None:
        raise UserError("tracking=none keeps no store to upload to")
    if to:
        try:
            check_store(default)
        except UserError as error:
            raise UserError(str(error).replace("tracking.uri", TO)) from error
    named = [folder_of(name, arguments) for name in arguments.names]
    folders = named or [folder for folder in folders_here(arguments) if tracking or usual_store(folder)]
    stores = {folder: None if tracking else usual_store(folder) for folder in folders}
    console, uploads = make_console(), []
    if not folders:
        console.print(_nothing_here(arguments))
    for folder, store in stores.items():
        name = name_of(folder, arguments.sweeps_dir)
        uploads.append(_upload(console, name, folder, store, default, models))
    if folders and not any(upload.runs or upload.error for upload in uploads):
        console.print("Nothing to upload: MLflow has every recorded run.")
    return int(any(upload.error for upload in uploads))


def _nothing_here(arguments: Arguments) -> str:
    if not sweep_folders(arguments.sweeps_dir):
        return f"There is {no_sweeps(arguments.sweeps_dir)}."
    if folders_here(arguments):
        return (
            "Nothing to upload: every sweep here was trained with tracking=none; nnexp sync NAME uploads one."
        )
    return f"Nothing to upload: no sweep here is on {arguments.data}."


def _upload(
    console: Console, name: str, folder: Path, store: str | None, uri: str, models: str | None
) -> Upload:
    """Upload one sweep and say how it went; what is wrong with one sweep does not stop the others.

    To the `store` that its folder notes, else to that at `uri`.
    """
    try:
        uri = address_of(store, uri) if store else uri
        if note := move_note(uri):
            console.print(note)
        upload = upload_sweep(folder, uri, models or usual_models(folder))
    except (UserError, OSError) as error:
        upload = Upload(0, str(error))
    if upload.runs:
        console.print(f"{name}: {count(upload.runs, 'run')} uploaded to {public_uri(uri)}")
    if upload.note:
        console.print(f"{name}: {upload.note}")
    if upload.error:
        console.print(f"{name}: not everything was uploaded: {upload.error}")
    return upload


def upload_sweep(folder: Path, uri: str, models: str) -> Upload:
    """Bring the store at `uri` up to date with the records in `folder`, and the CSV files with the store.

    `models`: whose networks it gets, all, best or none.

    Raises:
        UserError: the sweep cannot be read, is being trained, or nobody answers at `uri`.
    """
    store = public_uri(uri)
    with held(folder) as writable:
        sweep = open_sweep(folder)
        if not sweep.records or is_up_to_date(sweep, uri):
            return Upload(0)
        if not writable:
            raise UserError(f"{folder} must be writable, to note what was uploaded")
        check_store(uri)
        before = len(runs_to_log(folder, store, sweep.records))
        logger = open_logger(uri, sweep, read_body(folder)["environment"], models)
        try:
            logger.drain(UPLOAD_TIME)
            results = results_now(sweep, folder.parents[1 + sweep.plan.name.count("/")])
            write_results(results, folder)
            stamp(folder)
        except BaseException:
            logger.close("KILLED", sweep.statuses, timeout=2.0)
            raise
        status, files, tags = final_status(sweep), files_of(sweep), page_tags(results)
        finished = status == "FINISHED"
        best = best_network(sweep, results) if finished and models == "best" else None
        curves = mean_curves(sweep.plan, sweep.records) if finished else []
        error = logger.close(status, sweep.statuses, files, END_TIME, tags, best, curves).error
        return Upload(before - len(runs_to_log(folder, store, sweep.records)), error, logger.note)
