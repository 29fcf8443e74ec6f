"""What is built for a release: what it holds, and that it works where the repository is not."""

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import numpy
import pytest
import yaml

from nnexp import __version__

ROOT = Path(__file__).parents[1]
ABOUT = f"nnexp-{__version__}.dist-info/"
SOURCE = {
    "nnexp",
    "conf",
    "sweeps",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "CITATION.cff",
    "constraints.txt",
}
SOURCE |= {"pyproject.toml", "PKG-INFO", ".gitignore"}
OWN = """# @package _global_
sweep:
  question: Which rate?
  axes: {learning_rate: [0.1, 1]}
  seeds: 2
"""
RELATIVE_LINK = re.compile(r"\]\((?!https?:|#)")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that is built from what it holds."""
    place = tmp_path_factory.mktemp("release")
    build(ROOT, "sdist", place)
    with tarfile.open(place / f"nnexp-{__version__}.tar.gz") as archive:
        archive.extractall(place, filter="data")
    build(place / f"nnexp-{__version__}", "wheel", place)
    return place


def build(source: Path, target: str, place: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(place)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(built / f"nnexp-{__version__}-py3-none-any.whl")


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    return message_from_string(wheel.read(f"{ABOUT}METADATA").decode())


def files(folder: str) -> set[str]:
    paths = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in paths if "__pycache__" not in path.parts}


def test_the_wheel_holds_package_sweeps_and_page_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    members = {name for name in wheel.namelist() if not name.startswith(ABOUT)}
    assert members == files("nnexp") | {f"nnexp/{name}" for name in files("conf")} | {
        "nnexp/labbook/published.md"
    }
    assert "nnexp/py.typed" in members
    assert f"{ABOUT}licenses/LICENSE" in wheel.namelist()
    assert wheel.read("nnexp/conf/config.yaml") == (ROOT / "conf" / "config.yaml").read_bytes()


def test_the_source_holds_no_tests_and_no_results(built: Path) -> None:
    source = built / f"nnexp-{__version__}"
    assert {path.name for path in source.iterdir()} == SOURCE
    assert [path.name for path in (source / "sweeps").rglob("*")] == ["README.md"]


def test_the_description_has_no_link_that_leads_nowhere(metadata: Message) -> None:
    readme, shown = (ROOT / "README.md").read_text(encoding="utf-8"), str(metadata.get_payload())
    assert RELATIVE_LINK.search(readme)
    assert not RELATIVE_LINK.search(shown)
    assert "CONTRIBUTING.md has the rules" in shown
    blocks = re.compile(r"```.*?```", re.DOTALL)
    assert blocks.findall(shown) == blocks.findall(readme)


def test_one_version_is_everywhere(metadata: Message) -> None:
    assert metadata["Version"] == __version__
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    newest = re.search(r"^## (\S+), (\S+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert newest
    assert (citation["version"], str(citation["date-released"])) == newest.groups()
    assert citation["version"] == __version__
    assert citation["license"] == metadata["License-Expression"]
    assert [author["name"] for author in citation["authors"]] == [metadata["Author"]]


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel, and the libraries of this one."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, symlinks=True)
    install = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "install", "--no-deps"]
    install += ["--no-index", "-q", str(next(built.glob("*.whl")))]
    subprocess.run(install, check=True)
    (packages,) = (place / "lib").glob("python*/site-packages")
    (packages / "libraries.pth").write_text(f"{Path(numpy.__file__).parents[1]}\n")
    return place / "bin"


def said(command: list[str | Path], folder: Path, status: int = 0) -> str:
    """What a program prints that knows nothing of the repository."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NNEXP"))}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=ours)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_the_wheel_answers_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    where = "import nnexp; print(nnexp.__file__)"
    assert str(installed.parent) in said([installed / "python", "-c", where], tmp_path)
    assert said([installed / "nnexp", "--version"], tmp_path) == f"nnexp {__version__}\n"
    small = ["+sweep=batch_size", "sweep.seeds=2", "epochs=2"]
    answer = said([installed / "nnexp", *small], tmp_path)
    assert answer.startswith("batch_size: 14 runs (7 points x 2 seeds)")
    assert "Claims: " in answer
    assert len(list(tmp_path.glob("sweeps/batch_size/*/*.png"))) > 3
    (tmp_path / "conf" / "sweep").mkdir(parents=True)
    (tmp_path / "conf" / "sweep" / "own.yaml").write_text(OWN)
    assert "Which rate?" in said([installed / "nnexp", "+sweep=own", "epochs=1"], tmp_path)
    assert "points" in said(
        [installed / "nnexp", "+sweep=book/depth", "data=digits", "dry_run=true"], tmp_path
    )


@pytest.mark.slow
def test_the_wheel_shows_the_lab_book_until_one_has_ones_own(installed: Path, tmp_path: Path) -> None:
    page = said([installed / "nnexp", "labbook"], tmp_path)
    assert re.search(r"^B3-17 +reproduced ", page, re.M)
    assert re.search(r"^\d+ rows: \d+ reproduced, .* 0 stale$", page, re.M)
    assert "nnexp's repository" in page
    load = "import nnexp; nnexp.load_sweep('published/batch_size')"
    error = said([installed / "python", "-c", load], tmp_path, status=1).splitlines()[-1]
    assert error.endswith("repository alone; python -m nnexp +sweep=batch_size trains that sweep")


@pytest.mark.slow
def test_what_is_built_may_be_uploaded(built: Path) -> None:
    pytest.importorskip("twine")
    built_files = [built / f"nnexp-{__version__}.tar.gz", *built.glob("*.whl")]
    done = subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *built_files], check=False)
    assert done.returncode == 0
