"""The answer of a sweep as plain data, and what shows it.

In reading order: `answer` (the data), `build` (made of results), with `evidence`, `table`, `headline` and
`effects`, and what some sweeps say besides: `adaptive`, `variation`, `trials`, `tuned`, `study`; `pair` (two
side by side); `terminal` and `markdown` show it, each a function of the data.
"""
