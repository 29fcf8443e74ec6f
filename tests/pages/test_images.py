"""The pictures of a page: drawn for it, or as they lie in the sweep's folder."""

from pathlib import Path

from nnexp.pages.images import drawn_before, drawn_now
from nnexp.plots import save
from nnexp.plots.style import picture, write_notes
from tests.results.judged import judged, sweep_of


def test_pictures_that_lie_there_say_what_they_show(tmp_path: Path) -> None:
    figure = picture("<b>Weights</b> of it")
    write_notes(figure, ["One note", "Äh"])
    for name in ("best_first_layer", "isolation_momentum", "learning_curves", "search_history"):
        save(figure, tmp_path, name)
    images = drawn_before(tmp_path).images
    assert [image.title for image in images] == ["<b>Weights</b> of it"] * 3  # curves are a chart
    assert images[0].text == "One note. Äh."
    assert images[0].png == (tmp_path / "best_first_layer.png").read_bytes()


def test_a_network_that_cannot_be_loaded_has_a_reason(tmp_path: Path) -> None:
    results = judged(sweep_of(tmp_path), tmp_path)
    assert drawn_now(results, None) == ((), "no run finished.")
