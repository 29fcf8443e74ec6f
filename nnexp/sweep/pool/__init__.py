"""Runs trained in parallel: stacks, the processes that train them, and how far they are."""
