"""Download of the official IDX files: several mirrors, checked sums, nothing half-written under its name."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from nnexp.errors import UserError

TIMEOUT = 10  # seconds without an answer before the next mirror is tried
_allowed = ContextVar("allowed", default=True)

MIRRORS: dict[str, tuple[str, ...]] = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    "fashion_mnist": (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
}

# MD5 of each .gz file as published.
CHECKSUMS: dict[str, dict[str, str]] = {
    "mnist": {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    },
    "fashion_mnist": {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    },
}


def cache_folder() -> Path:
    """Of this user: where downloads lie unless a folder is named, and what is compiled.

    Raises:
        UserError: this user has no home folder.
    """
    import pooch  # slow to import, and not needed for files on disk

    try:
        return Path(pooch.os_cache("nnexp"))
    except RuntimeError as error:
        raise UserError(
            f"downloaded data are kept in the home folder, and this user has none ({error}); "
            "set data.root or $NNEXP_DATA to a folder for them"
        ) from error


def download(name: str, file: str, root: Path) -> Path:
    """Fetch `file` of the data set `name` into `root/name`, from the first mirror that has the right one.

    Raises:
        UserError: the folder cannot be written, or no mirror gave the file.
    """
    import pooch

    folder = root / name
    if not _allowed.get():
        raise UserError(f"data={name}: {file} is neither in {folder} nor in {root}")
    _check_writable(name, file, folder)
    downloader = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), chunk_size=2**16, timeout=TIMEOUT)
    checksum = f"md5:{CHECKSUMS[name][file]}"
    failures = []
    for mirror in MIRRORS[name]:
        try:
            return Path(pooch.retrieve(mirror + file, checksum, file, folder, downloader=downloader))
        except (OSError, ValueError) as error:
            failures.append(f"{mirror} ({_reason(error)})")
    with suppress(OSError):  # not empty: earlier files stay
        folder.rmdir()
    raise UserError(
        f"data={name}: {file} is neither in {folder} nor in {root}, and no mirror gave it: "
        f"{', '.join(failures)}; put the four IDX files into {folder} or set data.root to their folder"
    )


@contextmanager
def no_download() -> Iterator[None]:
    """Inside, a file that is not on this machine is an error."""
    before = _allowed.set(False)
    try:
        yield
    finally:
        _allowed.reset(before)


def _check_writable(name: str, file: str, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UserError(
            f"data={name}: {file} is neither in {folder} nor in {folder.parent}, and cannot be downloaded "
            f"there ({error.strerror}); set data.root to the files' folder or to one you may write"
        ) from error


def _reason(error: OSError | ValueError) -> str:
    """A few words, for the errors of HTTP libraries are long and nested."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP status {response.status_code}"
    if isinstance(error, OSError):  # also what is both, such as a malformed address
        return error.strerror or type(error).__name__
    return "wrong MD5 sum"
