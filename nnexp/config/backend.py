"""What trains stacks, and the keys that each backend takes; a file in conf/backend chooses one."""

from dataclasses import dataclass, fields

from nnexp.config.checks import Stated, Switch, Text
from nnexp.errors import UserError
from nnexp.nn.checks import OneOf, OrNull, Whole
from nnexp.nn.knobs import Knob

NAMES = ("loky", "threading", "sequential", "dask", "slurm")
OURS, SLURM = "nnexp's own", "Slurm: sbatch; dask-jobqueue"
BACKEND = {
    "backend": Knob(
        "What trains stacks: processes (loky), threads of this process, this process alone (sequential), a "
        "cluster (dask), jobs of a cluster's queue (slurm); default, the backend of a caller's "
        "joblib.parallel_config, else loky.",
        Stated(f"default, {', '.join(NAMES)}, or a file of your own in conf/backend"),
        "joblib",
    ),
    "backend.scheduler": Knob(
        "The address of the scheduler of backend=dask, such as tcp://HOST:PORT.",
        OrNull(Text("a scheduler's address"), "a cluster on this machine, for as long as the sweep trains"),
        "Dask",
    ),
    "backend.mixed": Knob(
        "Whether workers train whose NumPy or BLAS kernel, or with engine=jax whose JAX or device, differs "
        "from that here: their runs may differ in the last bits.",
        Switch(),
        OURS,
    ),
    "backend.partition": Knob(
        "Where Slurm queues the jobs that train.",
        OrNull(Text("a partition's name"), "the usual one of the cluster"),
        SLURM,
    ),
    "backend.account": Knob(
        "Whose hours the jobs take.", OrNull(Text("an account's name"), "your usual one"), SLURM
    ),
    "backend.cores": Knob(
        "Cores of a job; on each, a worker process trains with one thread.", Whole(1), SLURM
    ),
    "backend.memory": Knob("Memory of a job.", Text("a size such as 4GB", r"\d+(\.\d+)? ?[KMGT]i?B"), SLURM),
    "backend.walltime": Knob(
        "How long a job may run before Slurm ends it; another takes its place.",
        Text("a time such as '10:00:00', in quotes in a file", r"(\d+-)?\d+(:\d\d){0,2}"),
        SLURM,
    ),
    "backend.workers": Knob(
        "Worker processes in all jobs; a job that has nothing left to train is given back.", Whole(1), SLURM
    ),
}
TAKEN_BY = {  # key -> the backends that it is for
    "scheduler": ("dask",),
    "mixed": ("dask", "slurm"),
    **dict.fromkeys(("partition", "account", "cores", "memory", "walltime", "workers"), ("slurm",)),
}


@dataclass(frozen=True, kw_only=True)
class Backend:
    """What trains stacks; `name` None: what a caller's `joblib.parallel_config` says. `BACKEND` describes
    each key."""

    name: str | None = None
    scheduler: str | None = None
    mixed: bool = False
    partition: str | None = None
    account: str | None = None
    cores: int = 1
    memory: str = "4GB"
    walltime: str = "01:00:00"
    workers: int = 10

    def __post_init__(self) -> None:
        if self.name is not None:
            OneOf(NAMES)("backend", self.name)
        for field in fields(self)[1:]:
            key = f"backend.{field.name}"
            value = BACKEND[key].check(key, getattr(self, field.name))
            if value != field.default and self.name not in TAKEN_BY[field.name]:
                raise UserError(f"{key} is for backend={' or '.join(TAKEN_BY[field.name])}")
            object.__setattr__(self, field.name, value)
