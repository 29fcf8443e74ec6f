"""The data sets of a sweep: each is read once, and written once for all worker processes."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from nnexp import data
from nnexp.data import Dataset, DataSpec, part_of, whole_of


class Datasets:
    """Data sets by their specifications. Those that take the first n of the same examples share arrays."""

    def __init__(self) -> None:
        self._wholes: dict[DataSpec, Dataset] = {}
        self._shared: dict[tuple[Path, DataSpec], Path] = {}

    def load(self, spec: DataSpec) -> Dataset:
        """The data set of that specification, read at the first use. Raises as `nnexp.data.load`."""
        return part_of(self._whole(whole_of(spec)), spec)

    def load_all(self, specs: Iterable[DataSpec]) -> Mapping[DataSpec, Dataset | Path]:
        """The same for several, to train on them in this process."""
        return {spec: self.load(spec) for spec in dict.fromkeys(specs)}

    def load_wholes(self, specs: Iterable[DataSpec]) -> Mapping[DataSpec, Dataset]:
        """For each specification the whole data set that its own is part of."""
        return {spec: self._whole(whole_of(spec)) for spec in specs}

    def share(self, specs: Sequence[DataSpec], folder: Path) -> Mapping[DataSpec, Dataset | Path]:
        """Write the data sets into folders below `folder`, each once; returns specification -> folder.

        As float32, 4 bytes a pixel, once for all workers: bytes that each worker turns into float32 of its
        own would take a quarter of the disk, and the memory of one data set per worker.
        """
        for whole in dict.fromkeys(map(whole_of, specs)):
            if (folder, whole) not in self._shared:
                place = folder / f"data{len(self._shared)}"
                place.mkdir()
                data.share(self._whole(whole), place)
                self._shared[folder, whole] = place
        return {spec: self._shared[folder, whole_of(spec)] for spec in specs}

    def _whole(self, whole: DataSpec) -> Dataset:
        if whole not in self._wholes:
            self._wholes[whole] = data.load(whole)
        return self._wholes[whole]
