"""Runs trained in parallel.

In reading order: `stacks`, `cut` (which runs train together), `worker` (one stack), `premises` and `watch`
(what it keeps to, and what looks at it), `launch` (all of them, on joblib's workers), `worker_processes`,
`remainder`, `deaths` and `answers` (what is lost when a worker dies, and what is not), `dask`, `cluster`,
`dispatch`, `crew` and `parcels` (on Dask's workers), `slurm`, `slurm_jobs` and `slurm_keys` (where those are
jobs), `distant`, `distant_data` and `distant_board` (what those do), `stop` and `countdown`, `datasets`,
`progress_board` and `running_clock` (how far they are), `estimate`, `environment`, `engines` and `memory` (of
a process).
"""
