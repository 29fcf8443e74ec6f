"""Addresses of MLflow stores: their parts, and what of them may be shown."""

import os
import re
from pathlib import Path
from urllib.parse import quote, unquote, urlparse
from urllib.request import url2pathname

SERVERS = ("http", "https")
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
ARTIFACTS = "mlartifacts"
# The start of an address after its `//`, where it holds neither user nor password.
PLAIN_HOST = re.compile(r"(\[[^\]]*\]|[^/?#:@]*)(:\d*)?(?=[/?#]|$)")


def scheme(uri: str) -> str:
    """`postgresql` of `postgresql+psycopg2://...`; empty for a plain path."""
    return uri.partition("://")[0].partition("+")[0] if "://" in uri else ""


def public_uri(uri: str) -> str:
    """`uri` without user, password and query: what may be shown, tagged and recorded."""
    return split_credentials(uri)[0]


def split_credentials(uri: str) -> tuple[str, str | None, str | None]:
    """The public part of `uri`, the user and the password (None where there is none).

    A password with an `@` or `/` that is not percent-encoded counts as password up to the last `@`.
    """
    start, place = _parts(uri)
    credentials, mark, rest = place.rpartition("@")
    if PLAIN_HOST.match(place) or not mark:
        credentials, rest = "", place
    user, _, password = credentials.partition(":")
    public = uri if scheme(uri) == "sqlite" and not credentials else start + rest.partition("?")[0]
    return public, unquote(user) or None, unquote(password) or None


def is_well_formed(uri: str) -> bool:
    """Whether `uri` is SCHEME://[USER:PASSWORD@]HOST[:PORT]... for every reader of addresses.

    It is not where a user or password holds one of `@/?#` that is not percent-encoded.
    """
    _, place = _parts(uri)
    credentials, _, rest = place.rpartition("@")
    return bool(PLAIN_HOST.match(place)) or (
        not re.search("[@/?#]", credentials) and bool(PLAIN_HOST.match(rest))
    )


def without_secrets(text: str, uri: str) -> str:
    """`text`, such as an error message about the store, without users and passwords of addresses."""
    _, _, password = split_credentials(uri)
    text = re.sub(r"(https?://)[^/\s@]*@", r"\1", text.replace(uri, public_uri(uri)))
    for secret in filter(None, (password, quote(password or "", safe=""))):
        text = text.replace(secret, "***")
    return text


def sqlite_path(uri: str) -> Path:
    """The file of a `sqlite:///FILE` address, in which `%`, `?` and `#` are percent-encoded."""
    return Path(unquote(uri.partition(":///")[2].partition("?")[0]))


def sqlite_uri(path: Path) -> str:
    """The address of a SQLite file, whatever its name."""
    return "sqlite:///" + str(path).replace("%", "%25").replace("?", "%3F").replace("#", "%23")


def path_for_mlflow(path: Path) -> Path | None:
    """The SQLite file `path` as MLflow can open it: absolute, or else from the current folder.

    None if both ways lead through a folder with one of `%?#` in its name: MLflow would make another folder,
    of the percent-encoded name.
    """
    for way in (path.absolute(), Path(os.path.relpath(path))):
        if not re.search("[%?#]", str(way.parent)):
            return way
    return None


def artifact_location(uri: str, experiment: str) -> str | None:
    """Where an experiment's models and files go: `mlartifacts/` beside the database; None: the server knows.

    A database on another machine has no folder beside it: the current one is meant.
    """
    if scheme(uri) in SERVERS:
        return None
    folder = sqlite_path(uri).parent if scheme(uri) == "sqlite" else Path()
    return (folder / ARTIFACTS / experiment).absolute().as_uri()


def is_local(place: str) -> bool:
    """Whether the files at an address of files are in a folder."""
    return urlparse(place).scheme in ("", "file")


def local_folder(place: str) -> Path:
    """The folder at a local address."""
    return Path(url2pathname(urlparse(place).path)) if place.startswith("file:") else Path(place)


def _parts(uri: str) -> tuple[str, str]:
    """`http://` and what follows it."""
    start, mark, place = uri.partition("://")
    return (start + mark, place) if mark else ("", uri)
