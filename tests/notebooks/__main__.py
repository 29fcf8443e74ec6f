"""Execute the lab book's notebooks on real results and keep their outputs.

python -m tests.notebooks [FOLDER [NAME ...]]
python -m tests.notebooks --published [NAME ...]

FOLDER (default: this one) is where the sweeps were trained, and holds their `sweeps`; NAME (default: all) is
a sweep such as batch_size or book/overfitting. With --published only tables, verdicts and the sweeps' own
pictures are brought up to date, from what is published: other cells may take a training.
"""

import sys
from pathlib import Path

import nbformat

from nnexp.files import replacing
from tests.notebooks.execution import NOTEBOOKS, executed, name_of, read, with_published_outputs

PUBLISHED = "--published"


def main(words: list[str]) -> None:
    published = words[:1] == [PUBLISHED]
    folder, names = Path(*([] if published else words[:1])).resolve(), words[1:]
    for path in NOTEBOOKS:
        if names and name_of(path) not in names:
            continue
        notebook = read(path)
        done = with_published_outputs(notebook, path) if published else executed(notebook, folder / "sweeps")
        with replacing(path) as file:
            file.write(nbformat.writes(done).encode())
        print(f"{name_of(path)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
