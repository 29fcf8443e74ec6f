"""Records -> frames -> CSV files, and back.

In reading order: `columns`, `tables` (the frames), `by_point` (their figures by point and seed), `write_csv`
and `read_csv` (their files), `stamp` (whether the files are those of the records), `sweep_folder`; `means`,
`by_source`, `needed_seeds` (of the figures by point), `trials` and `borders` (what was tried before).
"""
