"""Where configuration files lie: the shipped ones, those of the user's `./conf`, those of `--config-dir`."""

import codecs
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from yaml import YAMLError

from nnexp.config.short_names import in_file
from nnexp.errors import UserError
from nnexp.yaml_text import HostileError, check_yaml

GROUPS = ("data", "backend", "sweep", "tracking")
CHOSEN = {
    "data": "digits",
    "backend": "default",
    "tracking": "default",
}  # the files that are read unless others are named


def conf_dir() -> Path:
    """The shipped configuration: the copy inside an installed package, or `conf/` of the checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "conf"
    return inside if (inside / "config.yaml").exists() else package.parent / "conf"


def own_folders(config_dir: str | None = None) -> list[Path]:
    """The user's folders of configuration files: `--config-dir`, then `./conf`.

    Raises:
        UserError: `config_dir` is no folder.
    """
    if config_dir is not None and not Path(config_dir).is_dir():
        raise UserError(f"--config-dir must be a folder, got {config_dir!r}")
    folders = [Path(name).resolve() for name in (config_dir, "conf") if name is not None]
    return [folder for folder in folders if folder.is_dir() and folder != conf_dir()]


def choices(group: str, config_dir: str | None = None) -> list[str]:
    """The files of a group, then those of its folders: `batch_size`, ..., `book/overfitting`."""
    homes = [folder / group for folder in (conf_dir(), *own_folders(config_dir))]
    names = {path.relative_to(home).with_suffix("") for home in homes for path in home.rglob("*.yaml")}
    return sorted((name.as_posix() for name in names), key=lambda name: (name.count("/"), name))


def file_behind(part: str) -> str:
    """The sweep file of what a stage or trials are a part of, as far as their name tells it; else empty."""
    parents = ("/".join(part.split("/")[:length]) for length in range(1, part.count("/") + 1))
    return next((parent for parent in parents if parent in choices("sweep")), "")


def note_on_config(config_dir: str | None = None) -> str | None:
    """What to say of a `config.yaml` of the user's, which is not read."""
    for folder in own_folders(config_dir):
        if (path := folder / "config.yaml").exists():
            return f"{path} is not read: settings belong on the command line or in a sweep file"
    return None


def check_name_is_free(group: str, name: str, folders: Sequence[Path]) -> None:
    """Raise `UserError` for a user's file with the name of a shipped one: it would never be read."""
    file = Path(group, f"{name}.yaml")
    for folder in folders:
        if (conf_dir() / file).exists() and (folder / file).exists():
            raise UserError(f"{folder / file} has the name of a shipped {group}: give it another")


@contextmanager
def search_path(folders: Sequence[Path], words: Sequence[str]) -> Iterator[list[Path]]:
    """The folders that Hydra is to search behind the shipped one; no file that it may read explodes.

    A byte-order mark would hide a file's first line, which says where its keys go, and a long name of a
    setting would stand beside a short one: files that have these are read from a copy without.
    """
    named = _checked_files(folders, words)
    files = {path.relative_to(folder): path for folder in reversed(folders) for path in _files_in(folder)}
    meant = {place: _as_meant(path, path in named) for place, path in files.items()}
    copies = {place: content for place, content in meant.items() if content != files[place].read_bytes()}
    if not copies:
        yield list(folders)
        return
    with TemporaryDirectory() as name:
        for place, content in copies.items():
            copy = Path(name) / place
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
        yield [Path(name), *folders]


def _as_meant(path: Path, named: bool) -> bytes:
    """A file without its byte-order mark; and one that is named, with the short names of settings."""
    content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    if not named:
        return content
    try:
        return in_file(content.decode()).encode()
    except (UnicodeDecodeError, YAMLError):  # Hydra says where
        return content
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def _checked_files(folders: Sequence[Path], words: Sequence[str]) -> set[Path]:
    """The files that these words may name, and those that these name.

    Raises `UserError` for one that would explode.
    """
    paths = [path for folder in folders for path in _files_in(folder)]
    texts, named = [" ".join(words)], set()
    for text in texts:  # grows
        for path in [
            path for path in paths if re.search(rf"(?<![\w-]){re.escape(path.stem)}(?![\w-])", text)
        ]:
            paths.remove(path)
            named.add(path)
            texts.append(path.read_text(encoding="utf-8", errors="replace"))
            try:
                check_yaml(texts[-1])
            except HostileError as error:
                raise UserError(f"{path}: {error}") from error
    return named


def not_utf8(folders: Sequence[Path]) -> Path | None:
    """The first file that cannot be read as UTF-8."""
    for path in (path for folder in folders for path in _files_in(folder)):
        try:
            path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return path
    return None


def _files_in(folder: Path) -> list[Path]:
    return [path for group in GROUPS for path in sorted((folder / group).rglob("*.yaml"))]
