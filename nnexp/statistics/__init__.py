"""Intervals and comparisons: pure functions of numbers, NumPy and SciPy alone."""
