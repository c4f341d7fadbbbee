"""Registries with authentication: htpasswd, token servers, and TLS with a private certificate authority."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools.oci.push.crane import Crane, RegistryError
from tools.oci.push.layout import Service
from tools.oci.push.publish import push_all
from tools.oci.registry.server import Registry, free_port, htpasswd, running_registry
from tools.oci.registry.tokens import Account, Certificate, token_server

_PASSWORDS = "user:$2a$04$o7CjjN2PPN0EJ3QYAtDVgenwEAI79sa6ZbWy71G9BBuztYJbz0LoG"
pytest_plugins = ["tools.oci.push.fixtures"]

LogIn = Callable[[str, str, str], None]

_ALL = {"pull", "push"}
_ACCOUNTS = {
    "deployer": Account(password="password", actions={"*": _ALL}),
    "reader": Account(password="password", actions={"*": {"pull"}}),
    "products": Account(password="password", actions={"products": _ALL, "users": {"pull"}}),
}


def _everything(service: Service) -> list[str]:
    return [*service.blobs(), *service.images().values(), service.digest]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a registry."""
    folder = tmp_path / "registry"
    folder.mkdir()
    return folder


@pytest.fixture
def guarded(folder: Path) -> Iterator[Registry]:
    """A registry that requires the user name `user` and the password `password`."""
    auth = htpasswd(folder, _PASSWORDS)
    with running_registry(Path(os.environ["DOCKER_REGISTRY"]), folder=folder, port=free_port(), auth=auth) as made:
        yield made


@pytest.fixture
def by_token(folder: Path) -> Iterator[Registry]:
    """A registry that accepts the tokens of a token server."""
    with (
        token_server(folder, _ACCOUNTS) as auth,
        running_registry(Path(os.environ["DOCKER_REGISTRY"]), folder=folder, port=free_port(), auth=auth) as made,
    ):
        yield made


def test_password_opens_the_registry(guarded: Registry, crane: Crane, services: list[Service], log_in: LogIn) -> None:
    """Services that share layers are pushed with the password that `docker login` stored."""
    log_in(guarded.address, "user", "password")
    push_all(services, guarded.address, crane=crane, tags=["v1"])
    assert crane.digest(f"{guarded.address}/products:v1") == services[1].digest


@pytest.mark.parametrize("password", ["wrong", ""])
def test_wrong_password_is_one_sentence(
    guarded: Registry, crane: Crane, services: list[Service], log_in: LogIn, password: str
) -> None:
    """The error has the registry and the remedy, but not the password."""
    if password:
        log_in(guarded.address, "user", password)
    with pytest.raises(RegistryError, match=r"users.*docker login") as failure:
        push_all(services, guarded.address, crane=crane)
    assert "wrong" not in str(failure.value)


def test_credential_helper_is_asked(
    tmp_path: Path, guarded: Registry, crane: Crane, services: list[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password comes from the credential helper that Docker's configuration names for the registry."""
    helper = tmp_path / "docker-credential-vault"
    login = json.dumps({"Username": "user", "Secret": "password"})
    helper.write_text(f"#!/bin/sh\necho '{login}'\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    config = tmp_path / "docker/config.json"
    config.write_text(json.dumps({"credHelpers": {guarded.address: "vault"}}))
    push_all(services, guarded.address, crane=crane)
    assert crane.authorization(f"{guarded.address}/users", push=True) == "Basic dXNlcjpwYXNzd29yZA=="


def test_podman_login_is_found(
    tmp_path: Path, guarded: Registry, crane: Crane, services: list[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`podman login` writes another file, which REGISTRY_AUTH_FILE names; Docker's is preferred where it exists."""
    file = tmp_path / "auth.json"
    file.write_text(json.dumps({"auths": {guarded.address: {"auth": "dXNlcjpwYXNzd29yZA=="}}}))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(file))
    push_all(services, guarded.address, crane=crane)
    (tmp_path / "docker/config.json").write_text("{}")
    with pytest.raises(RegistryError, match="docker login"):
        push_all(services, guarded.address, crane=crane)


def test_token_opens_the_registry(by_token: Registry, crane: Crane, services: list[Service], log_in: LogIn) -> None:
    """Layers that services share are mounted with a token for both repositories."""
    log_in(by_token.address, "deployer", "password")
    rows = push_all(services, by_token.address, crane=crane, tags=["v1"])
    assert rows[1].sent < rows[0].sent
    assert crane.digest(f"{by_token.address}/products:v1") == services[1].digest
    header = crane.authorization(f"{by_token.address}/products", push=True)
    assert header is not None
    assert header.startswith("Bearer ")


def test_service_is_pushed_without_rights_on_its_neighbor(
    by_token: Registry, crane: Crane, services: list[Service], log_in: LogIn
) -> None:
    """If layers cannot be mounted from another repository, they are sent."""
    users, products = services
    log_in(by_token.address, "deployer", "password")
    push_all([users], by_token.address, crane=crane)
    log_in(by_token.address, "products", "password")
    rows = push_all([users, products], by_token.address, crane=crane)
    assert [row.sent for row in rows] == [0, sum(map(products.size, _everything(products)))]
    assert crane.digest(f"{by_token.address}/products@{products.digest}") == products.digest


def test_token_for_reading_is_one_sentence(
    by_token: Registry, crane: Crane, services: list[Service], log_in: LogIn
) -> None:
    """An account without permission to push gets the registry's error code, without the details that Go prints."""
    log_in(by_token.address, "reader", "password")
    expected = (
        r"/users@\S+: POST http://\S+/users/blobs/uploads/: UNAUTHORIZED: authentication required \(`docker login`"
    )
    with pytest.raises(RegistryError, match=expected):
        push_all(services, by_token.address, crane=crane)


def test_own_authority_is_trusted_by_name(
    folder: Path, crane: Crane, services: list[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A private authority is trusted if SSL_CERT_FILE names it; otherwise the push fails, unless --insecure is set."""
    made = Certificate.make(folder)
    tls = {"certificate": str(made.certificate), "key": str(made.key)}
    binary, port = Path(os.environ["DOCKER_REGISTRY"]), free_port()
    with running_registry(binary, folder=folder, port=port, tls=tls) as registry:
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        with pytest.raises(RegistryError, match="SSL_CERT_FILE"):
            push_all(services, registry.address, crane=crane)
        insecure = Crane(binary=crane.binary, insecure=True)
        push_all(services, registry.address, crane=insecure)
        monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
        assert crane.digest(f"{registry.address}/users@{services[0].digest}") == services[0].digest
