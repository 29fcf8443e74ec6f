"""A sweep from its configuration to its answer.

In reading order: `start`, `planning`, `training`, `rounds`, `workers`, `recorder`, `finishing`; `tuning` and
`study` (sweeps that rest on others); `messages`, `advice`, `progress`, `sweep_standing`, `signs` and
`notifier` (what is said meanwhile); `followed` and `watching` (a sweep that others train); `loaded_sweep`,
`plain_text`, `trained_network` and `committees` (what a notebook gets); `html_report` and `attachments`
(files of an answer).
"""
