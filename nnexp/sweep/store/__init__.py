"""What a sweep leaves on disk.

In reading order: `plan_values` and `plan_file`, `rounds_file`, `record` (a run that ended), `record_file` and
`model_file`, `seal`, `folder` (a sweep), `checkpoint_file` and `checkpoints` (runs that have not ended),
`catalog` (which sweep a name means), `disk_use`, `kept` (figures about many files), `looks`, `lines` (files
of lines), `lock` (who trains it), `sign` (how far that is).
"""
