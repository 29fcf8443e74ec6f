"""The folder of a sweep: `SWEEPS_DIR/NAME/ID/`, with its frozen plan and its records."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from nnexp.nn import UserError
from nnexp.sweep import record
from nnexp.sweep.plan import Plan


def sweep_folder(sweeps_dir: str, plan: Plan) -> Path:
    """Where the sweep's files lie; running the same sweep again leads to the same folder."""
    return Path(sweeps_dir) / plan.name / plan.sweep_id


def records_folder(folder: Path) -> Path:
    """Where the records of a sweep's runs lie."""
    return folder / "records"


def open_folder(folder: Path, plan: Plan, environment: Mapping[str, Any]) -> None:
    """Make the sweep's folder and write the plan into it, once.

    Raises:
        UserError: the folder cannot be written.
    """
    try:
        records_folder(folder).mkdir(parents=True, exist_ok=True)
        path = folder / "sweep.yaml"
        if not path.exists():
            with record.replacing(path) as file:
                file.write(_frozen(plan, environment).encode())
    except OSError as error:
        raise UserError(
            f"sweeps_dir must be a folder that can be written: {error.strerror}: {folder}"
        ) from error


def find_records(folder: Path, run_ids: Sequence[str]) -> dict[str, Path]:
    """Records of these runs, `run_id -> path`: this sweep's own, else those of other sweeps of its name."""
    wanted = set(run_ids)
    found: dict[str, Path] = {}
    for place in [*sorted(folder.parent.glob("*/records")), records_folder(folder)]:
        found |= {path.stem: path for path in place.glob("*.json") if path.stem in wanted}
    return found


def adopt_records(folder: Path, paths: Iterable[Path]) -> None:
    """Copy records that lie elsewhere into this sweep's folder: weights first, as when they were written."""
    own = records_folder(folder)
    for path in paths:
        if path.parent == own:
            continue
        for file in (record.weights_path(path.parent, path.stem), path):
            if file.exists():
                with record.replacing(own / file.name) as copy, file.open("rb") as original:
                    shutil.copyfileobj(original, copy)


def _frozen(plan: Plan, environment: Mapping[str, Any]) -> str:
    """The plan as YAML: enough to tell, without any configuration, what every run of it is."""
    first = plan.runs[0].settings
    body = {
        "name": plan.name,
        "sweep_id": plan.sweep_id,
        "question": plan.question,
        "started": datetime.now(UTC).isoformat(),
        "axes": list(plan.axes),
        "points": [dict(point) for point in plan.points],
        "baseline": plan.baseline,
        "seeds": list(plan.seeds),
        "runs": [run.run_id for run in plan.runs],
        "settings": {name: value for name, value in first.items() if name not in (*plan.axes, "seed")},
        "environment": dict(environment),
    }
    plain = yaml.CSafeDumper if hasattr(yaml, "CSafeDumper") else yaml.SafeDumper
    plain.add_representer(tuple, plain.represent_list)
    return yaml.dump(body, Dumper=plain, sort_keys=False, default_flow_style=None, width=110)
