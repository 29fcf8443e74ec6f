"""The data sets of a sweep: each is loaded once, and shared once with the workers."""

from collections.abc import Iterable
from pathlib import Path

from nnexp import data
from nnexp.data import Dataset, DataSpec


class Datasets:
    """Data sets by their specifications."""

    def __init__(self) -> None:
        self._loaded: dict[DataSpec, Dataset] = {}

    def load(self, spec: DataSpec) -> Dataset:
        """The data set of that specification, read at the first use."""
        if spec not in self._loaded:
            self._loaded[spec] = data.load(spec)
        return self._loaded[spec]

    def share(self, specs: Iterable[DataSpec], folder: Path) -> dict[DataSpec, Path]:
        """Write each into a folder of its own below `folder`, for worker processes to open; return which."""
        places = {spec: folder / f"data{number}" for number, spec in enumerate(dict.fromkeys(specs))}
        for spec, place in places.items():
            place.mkdir()
            data.share(self.load(spec), place)
        return places
