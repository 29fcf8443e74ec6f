"""Runs trained in parallel.

In reading order: `stacks` (which runs train together), `worker` (one stack), `launch` (all of them, on
joblib's workers), `cluster` (on Dask's), `remainder`, `answers` and `deaths` (what is lost when a worker
dies, and what is not), `stop` and `countdown`, `datasets`, `progress_board` and `running_clock` (how far
they are), `estimate`, `environment`.
"""
