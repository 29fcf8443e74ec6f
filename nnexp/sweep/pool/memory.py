"""What a process that trains does with memory that it has freed: it keeps it for its next arrays.

glibc gives it back to the system at once, and takes and clears it page by page for the next array. Arrays of
some 100 kB to some MB, such as those of distorted images, then cost more time in the system than in NumPy.
"""

import ctypes

# Of mallopt(3): what is given back of the free memory that ends the heap, and which arrays are mapped apart.
M_TRIM_THRESHOLD, TRIM_THRESHOLD = -1, 2**28
M_MMAP_THRESHOLD, MMAP_THRESHOLD = -3, 2**25  # the largest that glibc takes


def keep_freed_memory() -> None:
    """Have this process give memory back only where 256 MB are free at the end of its heap, and that of
    arrays above 32 MB always. It holds until the process ends. Without glibc, nothing changes."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library, macOS, Windows
        return
    mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD)
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD)
