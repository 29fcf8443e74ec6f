"""What a sweep may be called."""

import pytest

from nnexp.errors import UserError
from nnexp.sweep.question.names import check_name


@pytest.mark.parametrize("name", ["a", "book/overfitting", "größe_2", "v1.2-b", "my/published", "x" * 255])
def test_what_folders_can_have_is_a_name(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/../b", "/a", "a/", "a//b", "-x", "a b", "a\\b", "a\n", 5, None, "é" * 128],
)
def test_what_leads_elsewhere_or_is_no_folder_is_refused(name: object) -> None:
    with pytest.raises(UserError, match=r"sweep\.name must"):
        check_name(name)


@pytest.mark.parametrize("name", ["published", "published/x", "records", "x/records", "checkpoints/y"])
def test_folders_with_a_meaning_of_their_own_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="have a meaning of their own"):
        check_name(name)
