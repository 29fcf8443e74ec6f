"""Pages without Plotly's 5 MB, which take long to parse here; tests in a browser have them whole."""

from collections.abc import Iterator

import pytest

from nnexp.pages import render

PLOTLY_SCRIPT = render.plotly_script
STAND_IN = "const Plotly = {};"


@pytest.fixture(scope="session", autouse=True)
def _light() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "plotly_script", lambda: STAND_IN)
        yield
