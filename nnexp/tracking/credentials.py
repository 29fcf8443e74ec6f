"""Whose user and password go to which MLflow server: those of the environment to the one that it is for.

They are never written: an address that is shown or recorded has neither (`public_uri`).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from nnexp.errors import UserError
from nnexp.tracking.address import SERVERS, public_uri, scheme, split_credentials

STORE_VARIABLE = "MLFLOW_TRACKING_URI"  # names the store where tracking.uri does not
USER, PASSWORD = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"
SECRETS = (USER, PASSWORD, "MLFLOW_TRACKING_TOKEN")


def address_of(store: str, named: str | None) -> str:
    """The store that a folder of sweeps notes, as `named` spells it, with user and password, if that is it.

    `named`: the address that the command or the environment gives.

    Raises:
        UserError: another server would be handed the user and password that the environment has.
    """
    if named is not None and public_uri(named) == store:
        return named
    if scheme(store) in SERVERS and is_theirs(store) and any(map(os.environ.get, SECRETS)):
        raise UserError(
            f"{store} is named by the sweep's folder alone: with tracking.uri={store} the command hands it "
            f"{USER} and {PASSWORD}"
        )
    return store


def is_theirs(uri: str) -> bool:
    """Whether a server may have the environment's user and password: the one that it names, or none is."""
    named = os.environ.get(STORE_VARIABLE, "")
    return scheme(named) not in SERVERS or public_uri(named).rstrip("/") == public_uri(uri).rstrip("/")


def credentials(uri: str) -> tuple[str, str] | None:
    """User and password for the server at `uri`: its own, else the environment's if they are for it."""
    _, user, password = split_credentials(uri)
    if user is None and is_theirs(uri):
        user, password = os.environ.get(USER), os.environ.get(PASSWORD)
    return (user, password or "") if user else None


@contextmanager
def withheld(uri: str) -> Iterator[None]:
    """While a server is talked to that is not theirs, the environment has no user, password or token."""
    if scheme(uri) not in SERVERS or is_theirs(uri):
        yield
        return
    kept = {name: os.environ.pop(name) for name in SECRETS if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)
