"""compose.yaml is whole, and holds no password."""

import re
from pathlib import Path
from typing import Any

import yaml

TEXT = (Path(__file__).parents[1] / "compose.yaml").read_text(encoding="utf-8")
STACK: dict[str, Any] = yaml.safe_load(TEXT)
SERVICE = {"image", "build", "restart", "environment", "command", "ports", "volumes", "configs", "depends_on"}


def test_what_it_names_is_there() -> None:
    assert set(STACK) == {"name", "services", "configs", "volumes"}
    services = STACK["services"]
    for service in services.values():
        assert set(service) <= SERVICE | {"healthcheck"}
        assert ("image" in service) != ("build" in service)
        assert set(service.get("depends_on", {})) <= set(services)
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(STACK["volumes"])
        assert {config["source"] for config in service.get("configs", ())} <= set(STACK["configs"])


def test_secrets_come_from_the_environment_which_must_have_them() -> None:
    named = {
        name: value
        for service in STACK["services"].values()
        for name, value in service["environment"].items()
        if re.search("PASSWORD|SECRET", name)
    }
    assert len(named) == 4
    assert all(re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value) for value in named.values())
    assert not re.search(r"://[^/\s]*:[^/\s]*@", TEXT)
    assert "password" not in STACK["configs"]["auth"]["content"].replace("password_", "")


def test_it_asks_for_user_and_password_and_listens_on_this_machine_alone() -> None:
    server = STACK["services"]["server"]
    assert "--app-name basic-auth" in server["command"]
    assert server["ports"] == ["${NNEXP_BIND:-127.0.0.1}:5000:5000"]
    assert "ports" not in STACK["services"]["database"]


def test_the_server_has_the_mlflow_that_the_client_has() -> None:
    versions = re.findall(r"mlflow\[auth\]==(\S+?)'", TEXT)
    constraints = (Path(__file__).parents[1] / "constraints.txt").read_text()
    assert [f"\nmlflow=={version}\n" in constraints for version in versions] == [True]
