"""The address of a web hook may hold a secret: what is said of a command line does not show it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from nnexp.config.knobs import KNOBS
from nnexp.config.notify import SCHEMES
from nnexp.errors import UserError


@contextmanager
def without_addresses(words: Sequence[str]) -> Iterator[None]:
    """A mistake in these words is told without the value of `notify.url`: right, wrong, or behind a space."""
    try:
        yield
    except UserError as error:
        text, bare = str(error), any(word.lstrip("+~-").startswith("notify") for word in words)
        addresses = [*map(_address, words), *(word for word in words if bare and word.startswith(SCHEMES))]
        for address in sorted(filter(None, addresses), key=len, reverse=True):
            if "://" in address:
                text = text.replace(address, "...").replace(repr(address)[1:-1], "...")
            for spelling in (f"={address}", repr(f"={address}")[1:-1]):
                text = text.replace(spelling, "=...")
            text = text.replace(repr(address), "'...'")
        if text == str(error):
            raise
        raise UserError(text) from None


def _address(word: str) -> str:
    """What may be a web hook's address in a word, even if its key is misspelled."""
    key, _, value = word.partition("=")
    key, value = key.lstrip("+~-"), value.strip("'\"")
    if key in ("notify", "notify.url") or (key not in KNOBS and value.startswith(SCHEMES)):
        return value
    return ""
