"""JSON texts that carry their own checksum, so that a flipped bit or a torn end is noticed."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

SEAL = b', "checksum": "'


def sealed(body: dict[str, Any]) -> bytes:
    """A record's JSON text, whose last key is the checksum of all that stands before it."""
    text = json.dumps(body, allow_nan=False).encode()
    return text[:-1] + SEAL + hashlib.sha256(text).hexdigest().encode() + b'"}'


def checksum_in(path: Path) -> bytes:
    """The end of a record's file, with the checksum of all before it. Reads no more than that."""
    with path.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - len(SEAL) - 66))  # 64 digits, a quote, a brace
        return file.read()


def opened(content: bytes) -> dict[str, Any]:
    """What was sealed.

    Raises:
        ValueError: a byte of it is not what was written.
    """
    start, _, end = content.rpartition(SEAL)
    text = start + b"}"
    if end != hashlib.sha256(text).hexdigest().encode() + b'"}':
        raise ValueError("its checksum does not match")
    body: dict[str, Any] = json.loads(text)
    return body
