"""nnexp in a notebook: start runs and sweeps, and load what they left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nnexp.config import load_config, note_on_config, without_addresses, words_for
from nnexp.console import make_console
from nnexp.errors import UserError
from nnexp.experiment import loaded_sweep, start
from nnexp.experiment.loaded_sweep import load_folder
from nnexp.sweep.pool.stop import listening

if TYPE_CHECKING:  # pandas and matplotlib: only where a sweep is loaded
    from nnexp.experiment.loaded_sweep import LoadedSweep


def load_sweep(name: str, sweeps_dir: str | Path | None = None, data: str | None = None) -> LoadedSweep:
    """The results of the sweep NAME (its newest finished one, else its newest) or NAME/ID in `sweeps_dir`,
    else of the published one.

    Without `sweeps_dir`, the folder `sweeps` here, else in the nearest folder above, is meant. With `data`,
    such as `"mnist"`, it is the newest one on that data set.

    Returns an object with `runs`, `history`, `summary`, `verdicts` (pandas frames), `plan`, `table()` and
    `claims()` (the printed answer), `plot()`, and `best()` (a network that predicts). It takes the sweep's
    CSV files and records, and no MLflow.

    Raises:
        UserError: there is no such sweep (names the close ones), or a file of it cannot be read.
    """
    return loaded_sweep.load_by_name(name, sweeps_dir, data)


def run(**settings: object) -> LoadedSweep:
    """Train one network, showing its epochs; its results, a sweep of one run.

    Args:
        settings: hyperparameters and other keys by the names of the command line, such as
            `learning_rate=0.1, data="mnist", tracking="none"`; dotted ones as `**{"data.scale": 255}`.
            Arrays, ranges and dictionaries are taken: `**{"sweep.axes.learning_rate": np.geomspace(...)}`.

    Raises:
        UserError: a key or a value cannot be used.
        SweepError: training could not go on.
        KeyboardInterrupt: Ctrl-C; what has finished is recorded.
    """
    return _trained([], settings)


def run_sweep(name: str, *overrides: str, **settings: object) -> LoadedSweep:
    """Train what the sweep file `conf/sweep/NAME.yaml` asks, showing progress; its results.

    What is recorded already is not trained again.

    Args:
        name: as after `+sweep=` on the command line.
        overrides: words of the command line, such as `"sweep.axes.batch_size=[10,100]"`.
        settings: as of `run`.

    Raises: as `run`.
    """
    return _trained([f"+sweep={name}", *overrides], settings)


def _trained(words: Sequence[str], settings: dict[str, object]) -> LoadedSweep:
    words = [*words, *(word for key, value in settings.items() for word in words_for(key, value))]
    with without_addresses(words):
        config = load_config(words)
    if config.execution.dry_run:
        raise UserError("dry_run is for the command line: nothing is trained, and so nothing can be loaded")
    console = make_console()
    if note := note_on_config():
        console.print(note)
    with listening(guest=True):
        *_, sweep = start.run_sweep(config, console)
    return load_folder(sweep.folder, config.execution.sweeps_dir)
