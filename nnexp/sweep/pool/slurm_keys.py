"""The certificate by which a scheduler and the workers in Slurm's jobs know each other."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed.security import Security


def security(folder: Path) -> Security:
    """Both sides show the certificate in this folder: others on the network can talk to neither."""
    from distributed.security import Security

    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    roles = ("client", "scheduler", "worker")
    shown = {f"tls_{role}_cert": cert for role in roles} | {f"tls_{role}_key": key for role in roles}
    return Security(tls_ca_file=cert, require_encryption=True, **shown)


@contextmanager
def certificate(folder: Path) -> Iterator[None]:
    """A certificate in the folder, for nobody else's eyes, as long as the `with`."""
    from distributed.security import Security

    made = Security.temporary()
    shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
    folder.mkdir(parents=True, mode=0o700)
    try:
        (folder / "cert.pem").write_text(made.tls_ca_file)
        (folder / "key.pem").write_text(made.tls_client_key)
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
