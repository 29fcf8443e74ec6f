"""What a process does with memory that it has freed: nnexp/sweep/pool/memory.py."""

import platform
import subprocess
import sys

import pytest

# Four arrays of 1 MB at a time, as distorted images need them; ten rounds, after one.
FAULTS = """
import resource
import sys
import numpy as np
from nnexp.sweep.pool.memory import keep_freed_memory

def page_faults(rounds: int) -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(rounds):
        arrays = [np.ones(250_000, np.float32) for _ in range(4)]
        del arrays
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

if sys.argv[1] == "kept":
    keep_freed_memory()
page_faults(1)
print(page_faults(10))
"""


def page_faults(memory: str) -> int:
    """Of a process of its own, so that what came before in another has set nothing."""
    command = [sys.executable, "-c", FAULTS, memory]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives memory back at once")
def test_arrays_take_the_memory_of_those_before_them() -> None:
    assert page_faults("given back") > 1000  # a page has 4 kB: what there was to mend
    assert page_faults("kept") < 50
