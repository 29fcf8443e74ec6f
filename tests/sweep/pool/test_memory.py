"""What a process does with memory that it has freed: nnexp/sweep/pool/memory.py."""

import platform
import subprocess
import sys

import pytest

# Four arrays of 1 MB at a time, as distorted images need them; ten rounds.
FAULTS = """
import resource
import numpy as np
from nnexp.sweep.pool.memory import keep_freed_memory

def page_faults() -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        arrays = [np.ones(250_000, np.float32) for _ in range(4)]
        del arrays
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

page_faults()
given_back = page_faults()
keep_freed_memory()
page_faults()
print(given_back, page_faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives memory back at once")
def test_arrays_take_the_memory_of_those_before_them() -> None:
    ended = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    given_back, kept = map(int, ended.stdout.split())
    assert given_back > 1000  # a page has 4 kB: what there was to mend
    assert kept < 50
