"""What a sweep asks: pure functions, nothing here writes or trains.

In reading order: `points` and `ranges` (axes -> points), `seeds`, `sources` (of variation), `plan` and
`planner` (-> runs), `rounds` (what trains at once), `space_file` and `space` (where settings are drawn),
`samplers` and `asked` (which are), `pruners`, `tuning`, `trials` (the sweep that tries them), `stages` (of a
study), `identity` (ids), with `formulas` and `syntax` (the code that a run uses), `names` (of sweeps).
"""
