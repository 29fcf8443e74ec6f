"""What a sweep asks: pure functions, nothing here writes or trains.

In reading order: `points` and `ranges` (axes -> points), `plan` (-> runs), `rounds` (what trains at once),
`identity` (ids), with `formulas` and `syntax` (the code that a run uses), `names` (of sweeps).
"""
