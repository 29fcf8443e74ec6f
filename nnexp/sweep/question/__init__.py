"""What a sweep asks: axes, points, runs and their identity. Pure: nothing here writes or trains."""
