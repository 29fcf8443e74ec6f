"""A sweep from its configuration to its answer.

In reading order: `start`, `planning`, `training`, `rounds`, `workers`, `recorder`, `finishing`; `messages`,
`advice`, `progress`, `sweep_standing` (what is said meanwhile); `loaded_sweep`, `plain_text` and
`trained_network` (what a notebook gets).
"""
