"""Runs trained in parallel.

In reading order: `stacks` (which runs train together), `blas` and `worker` (one stack), `launch` (the
processes), `datasets`, `progress_board` and `running_clock` (how far they are), `stop`, `estimate`,
`environment`.
"""
