"""What a sweep leaves on disk: its plan, its records, and the lock of the process that trains it."""
