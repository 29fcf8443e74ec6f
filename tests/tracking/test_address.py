from pathlib import Path

import pytest

from nnexp.tracking.address import (
    artifact_location,
    public_uri,
    split_credentials,
    sqlite_path,
    sqlite_uri,
    without_secrets,
)


@pytest.mark.parametrize(
    ("uri", "public"),
    [
        ("http://ada:pass@host:5000/mlflow", "http://host:5000/mlflow"),
        ("postgresql+psycopg2://ada:p@ss/w@host/db?password=other", "postgresql+psycopg2://host/db"),
        ("http://host:5000", "http://host:5000"),
        ("http://host/mlflow@2", "http://host/mlflow@2"),
        ("http://[::1]:5000/mlflow@2", "http://[::1]:5000/mlflow@2"),
        ("http://ada:pass@[::1]:5000", "http://[::1]:5000"),
        ("http://ada:pa/s?s@host", "http://host"),
        ("ada:pass@host:5000", "host:5000"),
        ("sqlite:///some/me@home/mlflow.db", "sqlite:///some/me@home/mlflow.db"),
        ("sqlite:////tmp/mlflow.db", "sqlite:////tmp/mlflow.db"),
    ],
)
def test_an_address_is_shown_without_user_and_password(uri: str, public: str) -> None:
    assert public_uri(uri) == public


def test_credentials_are_unquoted() -> None:
    assert split_credentials("https://ada:p%40ss@host") == ("https://host", "ada", "p@ss")


def test_only_what_stands_before_the_host_is_a_user() -> None:
    assert split_credentials("http://host/mlflow@2") == ("http://host/mlflow@2", None, None)
    assert split_credentials("http://ada@host/") == ("http://host/", "ada", None)


def test_an_error_is_shown_without_the_password_however_it_is_spelled() -> None:
    uri = "http://ada:p%40ss@host"
    text = f"{uri}/api: user ada has not the password p@ss, or p%40ss"
    assert without_secrets(text, uri) == "http://host/api: user ada has not the password ***, or ***"


@pytest.mark.parametrize("name", ["my db.db", "a%41b.db", "what?.db", "100%.db", "ü#.db"])
def test_any_file_has_an_address(name: str) -> None:
    from sqlalchemy.engine import make_url

    for path in (Path(name), Path("/tmp") / name):
        assert sqlite_path(sqlite_uri(path)) == path
        assert make_url(sqlite_uri(path)).database == str(path)  # what MLflow opens


def test_models_lie_beside_a_database_and_where_a_server_puts_them(tmp_path: Path) -> None:
    place = f"file://{tmp_path}/mlartifacts/book/overfitting"
    assert artifact_location(f"sqlite:///{tmp_path}/mlflow.db", "book/overfitting") == place
    assert artifact_location("http://host:5000", "book/overfitting") is None
