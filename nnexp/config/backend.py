"""What trains stacks, and the keys that each backend takes; a file in conf/backend chooses one."""

from dataclasses import dataclass, fields

from nnexp.config.checks import Stated, Switch, Text
from nnexp.errors import UserError
from nnexp.nn.checks import OneOf, OrNull
from nnexp.nn.knobs import Knob

NAMES = ("loky", "threading", "sequential", "dask")
BACKEND = {
    "backend": Knob(
        "What trains stacks: processes (loky), threads of this process, this process alone (sequential), a "
        "cluster (dask); default, the backend of a caller's joblib.parallel_config, else loky.",
        Stated("the name of a file in conf/backend"),
        "joblib",
    ),
    "backend.scheduler": Knob(
        "The address of the scheduler of backend=dask, such as tcp://HOST:PORT.",
        OrNull(Text("a scheduler's address"), "a cluster on this machine, for as long as the sweep trains"),
        "Dask",
    ),
    "backend.mixed": Knob(
        "Whether workers train whose formulas, NumPy or BLAS kernel differ from those here: their runs may "
        "differ in the last bits.",
        Switch(),
        "nnexp's own",
    ),
}
TAKEN_BY = {"scheduler": ("dask",), "mixed": ("dask",)}  # key -> the backends that it is for


@dataclass(frozen=True, kw_only=True)
class Backend:
    """What trains stacks; `name` None: what a caller's `joblib.parallel_config` says. `BACKEND` describes
    each key."""

    name: str | None = None
    scheduler: str | None = None
    mixed: bool = False

    def __post_init__(self) -> None:
        if self.name is not None:
            OneOf(NAMES)("backend", self.name)
        for field in fields(self)[1:]:
            key = f"backend.{field.name}"
            value = BACKEND[key].check(key, getattr(self, field.name))
            if value != field.default and self.name not in TAKEN_BY[field.name]:
                raise UserError(f"{key} is for backend={' or '.join(TAKEN_BY[field.name])}")
            object.__setattr__(self, field.name, value)
