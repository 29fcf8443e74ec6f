"""Published plans carry the claims that their sweep files have now, so that their verdicts are the page's."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from nnexp.claims.answerable import with_answerable_claims
from nnexp.files import replacing
from nnexp.labbook.published_results import Book, why_stale
from nnexp.labbook.sweep_files import CurrentQuestion
from nnexp.sweep.question.names import PUBLISHED
from nnexp.sweep.store.plan_file import FILE, body_text, read_body


def bring_claims(files: Mapping[str, CurrentQuestion], book: Book, sweeps_dir: str | Path) -> list[str]:
    """Write them where they differ; the names of the sweeps where they did.

    A sweep that is out of date keeps its claims: they are about the runs that it has.
    """
    changed = []
    for name, (plan, *_) in book.items():
        if why_stale([name], book, files):
            continue
        folder = Path(sweeps_dir, PUBLISHED, name)
        answerable, _ = with_answerable_claims(replace(plan, claims=tuple(files[name].question.claims)))
        body = read_body(folder)
        claims = json.loads(json.dumps(answerable.claims))
        if body["claims"] != claims:
            with replacing(folder / FILE) as file:
                file.write(body_text(body | {"claims": claims}))
            changed.append(name)
    return changed
