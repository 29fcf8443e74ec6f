"""States: what a run is between two epochs, so that it can go on later, in any stack, bit for bit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from nnexp.errors import UserError
from nnexp.nn.arrays import Array
from nnexp.nn.examples import Data
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.network import Parameters
from nnexp.nn.runlog import RunLog
from nnexp.text import spelled

# What of a log is a number or a word.
SCALARS = ("kept_epoch", "epochs_done", "ending", "seconds", "evaluation_seconds", "stack_size")


class RunState(NamedTuple):
    """One run after an epoch. `arrays` can be stored as an `.npz` file, all the rest as JSON text.

    `premises`: what must be the same when it goes on: its hyperparameters, the sizes of the data, and whether
    the caller orders or distorts the examples. `sizes`: units per layer. `epoch`: passes done when it was
    taken. `log`: history, kept epoch, best, patience, plateau, seconds, and how the run ended, if it has.
    `streams`: where each stream of random numbers stands, by purpose; large whole numbers, which JSON keeps.
    `arrays`: `snapshot (P,)`, the kept parameters; of a run that has not ended, `parameters (P,)`, too, and
    what its optimizer remembers.
    """

    premises: dict[str, Any]
    sizes: list[int]
    epoch: int
    log: dict[str, Any]
    streams: dict[str, dict[str, Any]]
    arrays: dict[str, Array]


def premises_of(
    runs: Sequence[Hyperparameters], data: Data, *, ordered: bool, distorted: bool
) -> list[dict[str, Any]]:
    """What each run rests on, in values that JSON keeps. `ordered`, `distorted`: by the caller."""
    inputs, classes = data.training.inputs.shape[1], data.n_classes
    common: dict[str, Any] = {"inputs": inputs, "classes": classes}
    common |= {"order": "given" if ordered else "drawn", "augment": "given" if distorted else "none"}
    for name, part in zip(data._fields, data[:3], strict=False):
        common[f"{name}_examples"] = len(part.labels)
    settings = [asdict(run) for run in runs]
    return [{name: _plain(v) for name, v in values.items()} | common for values in settings]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def check_states(states: Any, premises: Sequence[dict[str, Any]], initial: object) -> None:
    """Raise unless the states, if there are any, fit runs of these premises, and each other."""
    if states is None:
        return
    if initial is not None:
        raise UserError("initial parameters and resume exclude each other: a state holds its parameters")
    if not isinstance(states, Sequence) or not all(isinstance(state, RunState) for state in states):
        raise UserError(f"resume must be a list of RunState, got {type(states).__name__}")
    if len(states) != len(premises):
        raise UserError(f"resume must hold a state for each of {len(premises)} runs, got {len(states)}")
    for row, (state, ours) in enumerate(zip(states, premises, strict=True)):
        for name in dict.fromkeys([*ours, *state.premises]):
            theirs, own = (values.get(name) for values in (state.premises, ours))
            if theirs != own:
                raise UserError(
                    f"resume[{row}] began with {name}={spelled(theirs)}, and cannot go on with "
                    f"{spelled(own)}: {_reason(name)}"
                )
        _check_arrays(row, state)
    for name in ("epoch", "sizes"):
        several = {spelled(getattr(state, name)): None for state in states}
        if len(several) > 1:
            raise UserError(f"states of one stack must agree in {name}, got {', '.join(several)}")


def _reason(name: str) -> str:
    if name == "epochs":
        return "schedules and the last evaluation follow the number of epochs, so a longer run is another run"
    return "with other hyperparameters or data it would be another run"


def _check_arrays(row: int, state: RunState) -> None:
    P = Parameters.zeros(state.sizes, 1, state.premises["dtype"]).flat.shape[1]
    for name in ["snapshot"] if state.log["ending"] else ["snapshot", "parameters"]:
        array = state.arrays.get(name)
        if array is None or (array.shape, array.dtype) != ((P,), state.premises["dtype"]):
            got = "none" if array is None else f"{array.dtype} {array.shape}"
            raise UserError(f"resume[{row}] must hold {name}, {state.premises['dtype']} ({P},), got {got}")


def check_memory(theirs: Mapping[str, Array], ours: Mapping[str, Array]) -> None:
    """Raise unless a state holds all that its optimizer remembers; `ours (1, ...)`: what that looks like."""
    for name, array in ours.items():
        if name not in theirs or theirs[name].shape != array.shape[1:]:
            got = theirs[name].shape if name in theirs else "none"
            raise UserError(f"resume must hold the optimizer's {name}, {array.shape[1:]}, got {got}")


def parameters_of(states: Sequence[RunState]) -> Parameters:
    """The parameters of the runs; zero for those that have ended."""
    parameters = Parameters.zeros(states[0].sizes, len(states), states[0].premises["dtype"])
    for flat, state in zip(parameters.flat, states, strict=True):
        if "parameters" in state.arrays:
            flat[:] = state.arrays["parameters"]
    return parameters


def log_values(log: RunLog) -> dict[str, Any]:
    """All of a log but the snapshot, in values that JSON keeps."""
    history = {column: list(rows) for column, rows in log.history.items()}
    marks = {"best": dict(vars(log.best)), "plateau": dict(vars(log.plateau))}
    return {name: getattr(log, name) for name in SCALARS} | {"history": history} | marks


def restore_log(log: RunLog, state: RunState) -> None:
    """Let a log go on from another one of the same run."""
    values = state.log
    for name in SCALARS:
        setattr(log, name, values[name])
    log.history = {column: list(rows) for column, rows in values["history"].items()}
    vars(log.best).update(values["best"])
    vars(log.plateau).update(values["plateau"])
    log.snapshot[:] = state.arrays["snapshot"]
