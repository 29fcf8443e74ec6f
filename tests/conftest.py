"""How long a test may take, with its fixtures: one that hangs in Python ends with the stacks of its threads.

The others go on.
"""

import pytest

SECONDS = {"field": 3600, "slow": 900}
USUAL = 150  # of the others, each of which takes a few seconds


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        limits = [limit for mark, limit in SECONDS.items() if item.get_closest_marker(mark)]
        item.add_marker(pytest.mark.timeout(max(limits, default=USUAL)))
