"""A sweep from its configuration to its answer: `planning`, `training`, `finishing`, and their messages."""
