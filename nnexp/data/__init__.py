"""Data sets: the only code that opens data files.

`load(DataSpec(...))` gives a `Dataset`; `no_download` keeps it to this machine's files; `share` and
`open_shared` hand it to worker processes; `augmenter` gives the distortion that the core applies once per
epoch; `advice` says what is odd about it. In reading order: `dataset`, `loading`, `split`, `augment`,
`shared`, then `source` and one module per kind of it: `bundled`, `idx` (with `download`), `npz`. `sizes` says
how much a network is judged on.
"""

from nnexp.data.advice import advice
from nnexp.data.dataset import Dataset, DataSpec
from nnexp.data.download import cache_folder, no_download
from nnexp.data.loading import DATASETS, Augmenter, augmenter, load, part_of, scale_of, whole_of
from nnexp.data.shared import open_shared, share
from nnexp.data.sizes import WHOLE, Judged, Sizes, judged, sizes_of

__all__ = [
    "DATASETS",
    "WHOLE",
    "Augmenter",
    "DataSpec",
    "Dataset",
    "Judged",
    "Sizes",
    "advice",
    "augmenter",
    "cache_folder",
    "judged",
    "load",
    "no_download",
    "open_shared",
    "part_of",
    "scale_of",
    "share",
    "sizes_of",
    "whole_of",
]
