"""The lab book's notebooks: where they are, what they load, and how they are executed."""

import os
import re
import tempfile
from base64 import b64decode, b64encode
from io import BytesIO
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image, ImageChops
from traitlets.config import Config

import nnexp
from nnexp.labbook.publish import FOLDERS
from nnexp.plots.style import INLINE_DPI, png

REPOSITORY = Path(__file__).parents[2]
SWEEPS = REPOSITORY / "sweeps"
NOTEBOOKS = sorted(path for folder in FOLDERS for path in SWEEPS.glob(f"{folder}/*.ipynb"))
# Every warning is an error but those of Jupyter's own code, which we cannot change and users do not see.
STRICT = (
    "import warnings\nwarnings.simplefilter('error')\nwarnings.filterwarnings('ignore', module='ipykernel')"
)
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SHOWN = re.compile(r"sweep\.(table|claims)\((?:\"(\w+)\")?\)")
DRAWN = re.compile(r"sweep\.plot\((?:\"(\w+)\")?\)")
SECONDS = 120  # that a cell may take


def name_of(path: Path) -> str:
    """The name of the sweep that a notebook is about: its path, as in `conf/sweep`."""
    return path.relative_to(SWEEPS).with_suffix("").as_posix()


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_of(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Its cells of code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def loaded_by(notebook: nbformat.NotebookNode) -> list[str]:
    """The names of the sweeps that its cells load."""
    return list(dict.fromkeys(re.findall(r"load_sweep\(\"([^\"]+)\"", "\n".join(lines_that_load(notebook)))))


def lines_that_load(notebook: nbformat.NotebookNode) -> list[str]:
    """The lines of code that load a sweep."""
    lines = [line for cell in code_of(notebook) for line in cell.source.splitlines()]
    return [line for line in lines if "load_sweep(" in line]


def published_texts(notebook: nbformat.NotebookNode, path: Path) -> dict[int, str]:
    """By the number of a cell that shows a table or verdicts, what the published results say there now."""
    sweep = nnexp.load_sweep(f"published/{name_of(path)}", SWEEPS)
    calls = {i: SHOWN.fullmatch(cell.source) for i, cell in enumerate(notebook.cells)}
    return {
        i: getattr(sweep, call[1])(*filter(None, [call[2]])) for i, call in calls.items() if call is not None
    }


def with_published_outputs(notebook: nbformat.NotebookNode, path: Path) -> nbformat.NotebookNode:
    """The notebook with these texts in its outputs, and with the sweep's own pictures as they are now."""
    for number, text in published_texts(notebook, path).items():
        notebook.cells[number].outputs[0].data["text/plain"] = str(text)
    sweep = nnexp.load_sweep(f"published/{name_of(path)}", SWEEPS)
    for cell in code_of(notebook):
        if call := DRAWN.fullmatch(cell.source):
            picture = sweep.plot(*filter(None, [call[1]]))
            data, image = cell.outputs[0].data, png(picture, INLINE_DPI)
            data["text/plain"] = repr(picture)
            if not looks_like(b64decode(data["image/png"]), image):
                data["image/png"] = b64encode(image).decode()
    return notebook


def looks_like(old: bytes, new: bytes) -> bool:
    """Whether two pictures have the same pixels: other libraries pack them into other bytes."""
    one, other = (Image.open(BytesIO(picture)).convert("RGB") for picture in (old, new))
    return one.size == other.size and ImageChops.difference(one, other).getbbox() is None


def executed(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """The notebook with the outputs that it gives in `folder`, and nothing that differs from time to time.

    Raises:
        CellExecutionError: a cell failed, or warned.
    """
    strict = nbformat.v4.new_code_cell(STRICT)
    running = nbformat.v4.new_notebook(cells=[strict, *notebook.cells], metadata=METADATA)
    place = {"metadata": {"path": str(folder)}}
    with tempfile.TemporaryDirectory() as scratch:
        sockets = Config(KernelManager={"transport": "ipc", "connection_file": f"{scratch}/kernel.json"})
        client = NotebookClient(
            running, timeout=SECONDS, resources=place, record_timing=False, config=sockets
        )
        client.execute(env=os.environ | {"PYTHONPATH": str(REPOSITORY), "IPYTHONDIR": scratch})
    done = nbformat.v4.new_notebook(cells=running.cells[1:], metadata=METADATA)
    for number, cell in enumerate(code_of(done), start=1):
        cell.execution_count = number
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
    return done
