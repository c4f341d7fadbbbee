"""The command that pushes one image to a real registry: where it pushes, and what it says."""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.oci.push.layouts import write_service
from tools.oci.push.push import main
from tools.oci.push.push_all import Service
from tools.oci.push.registry import Repository, repository_for
from tools.oci.registry.server import Registry, free_port, running_registry

_PASSWORDS = "user:$2a$04$o7CjjN2PPN0EJ3QYAtDVgenwEAI79sa6ZbWy71G9BBuztYJbz0LoG"


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A real registry that lets in `user` with `password`, who has logged in."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    folder, port = tmp_path / "registry", free_port()
    folder.mkdir()
    with running_registry(Path(os.environ["DOCKER_REGISTRY"]), folder=folder, port=port, passwords=_PASSWORDS) as made:
        _log_in(tmp_path, made.address, "password")
        yield made


@pytest.fixture
def image(tmp_path: Path) -> Service:
    """A small image."""
    return write_service(tmp_path / "image", "service", b"layer" * 1000)


def _log_in(folder: Path, address: str, password: str) -> None:
    entry = base64.b64encode(f"user:{password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {address: {"auth": entry}}}))


def _arguments(image: Service, repository: str, *more: str) -> list[str]:
    return ["--image", str(image.layout), "--default-repository", repository, *more]


@pytest.mark.parametrize(
    ("registry_named", "repository"),
    [
        ("", "localhost:5000/user_service"),
        ("registry.example", "registry.example/user_service"),
        ("registry.example/team/", "registry.example/team/user_service"),
    ],
)
def test_registry_of_the_environment_replaces_the_default(registry_named: str, repository: str) -> None:
    """One variable moves all services; the name of each stays."""
    assert repository_for("localhost:5000/user_service", registry_named) == repository


def test_push_prints_where_the_image_is(registry: Registry, image: Service, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is the reference by digest, ready for a deployment; all tags name it."""
    reference = f"{registry.address}/service"
    assert main(_arguments(image, reference, "--tag", "v1")) == 0
    assert capsys.readouterr().out == f"{reference}@{image.digest}\n"
    repository = Repository.parse(reference)
    assert {repository.digest("latest"), repository.digest("v1")} == {image.digest}


def test_flag_wins_over_the_environment(registry: Registry, image: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--repository` is the last word."""
    monkeypatch.setenv("IMAGE_REGISTRY", "localhost:8")
    reference = f"{registry.address}/team/service"
    assert main(_arguments(image, "localhost:7/service", "--repository", reference)) == 0
    assert Repository.parse(reference).digest("latest") == image.digest


def test_second_push_sends_nothing(registry: Registry, image: Service, capsys: pytest.CaptureFixture[str]) -> None:
    """What the tag names already is not sent, and the command says so."""
    for _ in range(2):
        assert main(_arguments(image, f"{registry.address}/service")) == 0
    assert capsys.readouterr().err.endswith("was there already, nothing sent\n")


def test_edit_asks_about_new_blobs_alone(registry: Registry, image: Service, tmp_path: Path) -> None:
    """Layers of the image that the tag names are known to be there: no request for each of them."""
    repository = f"{registry.address}/service"
    main(_arguments(image, repository))
    before = len(registry.requests("HEAD"))
    edited = write_service(tmp_path / "edited", "service", b"layer" * 1000, b"edit")
    assert main(_arguments(edited, repository)) == 0
    asked = {path.rpartition("/")[2] for path in registry.requests("HEAD")[before:]}
    assert asked == set(edited.blobs()) - set(image.blobs())


def test_wrong_password_is_one_line_and_no_tag(
    registry: Registry, image: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what to do, at once, and the tag is as it was."""
    reference = f"{registry.address}/service"
    _log_in(tmp_path, registry.address, "another")
    assert main(_arguments(image, reference)) == 1
    said = "service: 401 wrong or no password, see `docker login`"
    assert capsys.readouterr().err == f"error: {registry.address}: {said}\n"
    _log_in(tmp_path, registry.address, "password")
    assert Repository.parse(reference).digest("latest") is None


def test_unreachable_host_is_one_line(
    image: Service, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After all attempts the command ends with one line that says which registry and why."""
    monkeypatch.setattr("tools.oci.push.registry.time.sleep", lambda _: None)
    assert main(_arguments(image, "localhost:9/service")) == 1
    assert capsys.readouterr().err == "error: localhost:9: [Errno 111] Connection refused\n"
