"""The keys under `notify`: where a sweep says that it has ended."""

from dataclasses import dataclass

from nnexp.config.checks import Stated
from nnexp.errors import UserError
from nnexp.nn.checks import Number, OrNull
from nnexp.nn.knobs import Knob

OURS = "nnexp's own"
SCHEMES = ("https://", "http://")
NOTIFY = {
    "notify": Knob("Where a sweep says how it goes.", Stated("keys of its own"), OURS),
    "notify.url": Knob(
        "A web hook that gets one line of JSON when a sweep ends, at its first failed run, and when no run "
        "has ended for long: the sweep's name, how many runs ended how, and the answer's first line. Null: "
        "none.",
        Stated("an address that begins with https:// or http://, or null"),
        OURS,
    ),
    "notify.after": Knob(
        "Seconds without a run that ends, after which that is said.",
        OrNull(Number(positive=True), "never"),
        OURS,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Notify:
    """`url`: the web hook, which may hold a secret, or None; `after`: seconds of silence that are told."""

    url: str | None = None
    after: float | None = 3600.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "after", NOTIFY["notify.after"].check("notify.after", self.after))
        if self.url is not None and (
            not isinstance(self.url, str)
            or not self.url.startswith(SCHEMES)
            or any(ord(sign) <= 32 for sign in self.url)
        ):
            rule = NOTIFY["notify.url"].rule
            raise UserError(f"notify.url must be {rule}; what was given is not shown, it may hold a secret")
