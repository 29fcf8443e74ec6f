"""Whose user and password go to which store: those of an address to its server, the variables' to theirs.

Nothing of the process is changed for it: MLflow's client hands the variables' user and password (those of its
file, where no variable has them) to every server whose address has no user, so another server's gets one.
They are never written: an address that is shown or recorded has neither (`public_uri`).
"""

import base64
import os
from collections.abc import Iterator
from configparser import ConfigParser
from configparser import Error as ConfigError
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from nnexp.errors import UserError
from nnexp.tracking.address import SERVERS, public_uri, scheme, split_credentials

STORE_VARIABLE = "MLFLOW_TRACKING_URI"  # names the store where tracking.uri does not
USER, PASSWORD, TOKEN = (f"MLFLOW_TRACKING_{name}" for name in ("USERNAME", "PASSWORD", "TOKEN"))
FILE = "~/.mlflow/credentials"  # MLflow's own place for the same
# Other ways in which MLflow says who asks: to every server, whatever its address has.
WAYS = ("MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_AWS_SIGV4")
OF_DATABASES = {"postgresql": ("PGPASSWORD",), "mysql": ("MYSQL_PWD",)}  # read by their drivers
OVER_HTTP = (*SERVERS, "mlflow-artifacts")  # where MLflow's client says who asks
NOBODY = "nobody"  # the user of an address whose server is told no other


class Who(NamedTuple):
    """Who asks a server. `token` counts where there is no user."""

    user: str | None
    password: str | None
    token: str | None = None

    @property
    def header(self) -> str | None:
        """The text of an HTTP header Authorization."""
        if self.user:
            pair = f"{self.user}:{self.password or ''}"
            return f"Basic {base64.b64encode(pair.encode()).decode()}"
        return f"Bearer {self.token}" if self.token else None


def address_of(store: str, named: str | None) -> str:
    """The store that a folder of sweeps notes, as `named` spells it, with user and password, if that is it.

    `named`: the address that the command or the environment gives.

    Raises:
        UserError: another server would be handed the user and password that the environment has.
    """
    if named is not None and public_uri(named) == store:
        return named
    secrets = list(_secrets(store))
    if secrets and (is_theirs(store) or scheme(store) not in SERVERS):  # drivers ask nobody whose they are
        raise UserError(
            f"{store} is named by the sweep's folder alone: with tracking.uri={store} the command hands it "
            f"{' and '.join(secrets)}"
        )
    return store


def is_theirs(uri: str) -> bool:
    """Whether a store may have the environment's user and password: the one that it names, or none is."""
    named = os.environ.get(STORE_VARIABLE, "")
    return _kind(named) != _kind(uri) or public_uri(named).rstrip("/") == public_uri(uri).rstrip("/")


def who_asks(uri: str) -> Who:
    """Who asks the server at `uri`: the user of the address, else the environment's if it is for it."""
    _, user, password = split_credentials(uri)
    if user or not is_theirs(uri):
        return Who(user, password)
    noted = _noted()
    user, password = (os.environ.get(name) or noted.get(name.lower()) for name in (USER, PASSWORD))
    return Who(user, password, os.environ.get(TOKEN))


def address_for_client(uri: str) -> str:
    """The address of a store as MLflow's client may have it: so that only their server gets the secrets.

    Raises:
        UserError: MLflow would say to another server who asks in a way that no address can stop.
    """
    public, user, password = split_credentials(uri)
    if scheme(uri) not in SERVERS or (is_theirs(uri) and not user):
        return uri
    if not is_theirs(uri) and (ways := [name for name in WAYS if name in _secrets(uri)]):
        raise UserError(
            f"{ways[0]} is for the server of {STORE_VARIABLE} alone, and MLflow would use it for {public}, "
            "too: unset it"
        )
    if not user and not any(_secrets(uri)):
        return uri
    start, _, place = public.partition("://")
    return f"{start}://{quote(user or NOBODY, safe='')}:{quote(password or '', safe='')}@{place}"


def check_artifacts(uri: str, location: str) -> None:
    """See that the files of an experiment do not take the environment's secrets to another server.

    Raises:
        UserError: the store at `uri` keeps its files at another, which MLflow's client would hand them to.
    """
    host = urlsplit(location).netloc.rpartition("@")[2]
    if scheme(location) not in OVER_HTTP or not host:
        return
    is_told = scheme(uri) in SERVERS and is_theirs(uri) and host == urlsplit(public_uri(uri)).netloc
    if not is_told and (secrets := list(_secrets(location))):
        raise UserError(
            f"{public_uri(uri)} keeps files at {host}, which MLflow would hand {' and '.join(secrets)}: "
            "do without, a server's user and password can be in tracking.uri"
        )


def _secrets(uri: str) -> Iterator[str]:
    """Which of the environment's secrets MLflow, or a driver, would hand to the store at `uri`, by name."""
    if scheme(uri) not in OVER_HTTP:
        yield from (name for name in OF_DATABASES.get(scheme(uri), ()) if os.environ.get(name))
        return
    for name in (USER, PASSWORD, TOKEN, *WAYS):
        if os.environ.get(name, "").lower() not in ("", "false", "0"):
            yield name
    if _noted():
        yield FILE


def _noted() -> dict[str, str]:
    """What MLflow's own file of user and password says; empty where there is none."""
    parser = ConfigParser()
    try:
        parser.read(os.path.expanduser(FILE), encoding="utf-8")
        return dict(parser["mlflow"]) if "mlflow" in parser else {}
    except (ConfigError, ValueError) as error:
        raise UserError(f"{FILE} must be a file as MLflow reads it: {type(error).__name__}") from error


def _kind(uri: str) -> str:
    """What kind of address it is: one way of talking to servers is as good as the other."""
    return "http" if scheme(uri) in SERVERS else scheme(uri)
