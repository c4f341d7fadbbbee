"""The commands that push, against a real registry: where they push, and what they print."""

import json
from pathlib import Path

import pytest

from tools.oci.push import push, push_all
from tools.oci.push.crane import Crane
from tools.oci.push.layout import Service
from tools.oci.push.layouts import write_service
from tools.oci.push.publish import Publisher
from tools.oci.push.publish import push_all as publish_all
from tools.oci.registry.server import Registry

pytest_plugins = ["tools.oci.push.fixtures"]

_WRITES = ("PATCH", "POST", "PUT")


def _writes(registry: Registry) -> list[str]:
    return [path for method in _WRITES for path in registry.requests(method)]


def _stored(folder: Path) -> int:
    """Bytes of all content that a registry keeps, each once."""
    return sum(file.stat().st_size for file in (folder / "registry/blobs").rglob("blobs/sha256/*/*/data"))


def _arguments(image: Service, repository: str, *more: str) -> list[str]:
    return ["--image", str(image.layout), "--default-repository", repository, *more]


def test_push_prints_the_reference_by_digest(
    registry: Registry, crane: Crane, services: list[Service], capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output is ready for a deployment, and the given tags name the image."""
    repository, image = f"{registry.address}/users", services[0]
    assert push.main(_arguments(image, repository, "--tag", "v1", "--tag", "v2")) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{repository}@{image.digest}\n"
    assert captured.err.endswith(", tagged v1, v2\n")
    assert {crane.digest(f"{repository}:{tag}") for tag in ("v1", "v2")} == {image.digest}


def test_no_tag_is_set_unless_asked_for(registry: Registry, crane: Crane, services: list[Service]) -> None:
    """`latest` is a tag like any other."""
    repository = f"{registry.address}/users"
    assert push.main(_arguments(services[0], repository)) == 0
    assert crane.digest(f"{repository}:latest") is None
    assert crane.digest(f"{repository}@{services[0].digest}") == services[0].digest


def test_flag_wins_over_the_environment(
    registry: Registry, crane: Crane, services: list[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--repository` is the last word."""
    monkeypatch.setenv("IMAGE_REGISTRY", "localhost:8")
    repository = f"{registry.address}/team/service"
    assert push.main(_arguments(services[0], "localhost:7/service", "--repository", repository)) == 0
    assert crane.digest(f"{repository}@{services[0].digest}") == services[0].digest


@pytest.mark.parametrize("more", [("--tag", "feature/x"), ("--tag", "good", "--tag=-bad"), ("-r", "Users")])
def test_bad_name_sends_nothing(
    registry: Registry, services: list[Service], capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    """Names are checked before anything is sent, and the command ends with 1 and one line."""
    assert push.main(_arguments(services[0], f"{registry.address}/users", *more)) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert not _writes(registry)


def test_registry_that_is_not_there_is_one_line(
    tmp_path: Path, services: list[Service], capsys: pytest.CaptureFixture[str]
) -> None:
    """Both commands exit with 1 and print the registry and the reason."""
    images = tmp_path / "images.json"
    images.write_text(json.dumps({service.name: str(service.layout) for service in services}))
    assert push.main(_arguments(services[0], "localhost:9/users")) == 1
    assert push_all.main(["--images", str(images), "--repository-prefix", "localhost:9"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(services)
    assert all(line.startswith("error: localhost:9/users") and "connection refused" in line for line in lines)


def test_shared_layers_are_sent_once(
    tmp_path: Path, registry: Registry, crane: Crane, services: list[Service], capsys: pytest.CaptureFixture[str]
) -> None:
    """From empty, the bytes that are reported are the bytes that the registry has."""
    rows = publish_all(services, f"{registry.address}/team", crane=crane, tags=["v1"])
    assert rows[0].sent > rows[1].sent
    # The manifests of the second service are written into both repositories.
    documents = [services[1].digest, *services[1].images().values()]
    assert sum(row.sent for row in rows) == _stored(tmp_path) + sum(map(services[1].size, documents))
    for service in services:
        repository = f"{registry.address}/team/{service.name}"
        assert crane.digest(f"{repository}:v1") == service.digest
        assert all(crane.blob(f"{repository}@{digest}") == service.read(digest) for digest in service.blobs())
    assert [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()] == ["users", "products"]


def test_second_push_sends_nothing(registry: Registry, crane: Crane, services: list[Service]) -> None:
    """Content that the registry has is not sent again, with and without tags."""
    publish_all(services, registry.address, crane=crane, tags=["v1"])
    before = _writes(registry)
    assert [row.sent for row in publish_all(services, registry.address, crane=crane, tags=["v1"])] == [0, 0]
    assert [row.sent for row in publish_all(services, registry.address, crane=crane)] == [0, 0]
    assert _writes(registry) == before


def test_edit_sends_what_changed(tmp_path: Path, registry: Registry, crane: Crane, services: list[Service]) -> None:
    """A layer that the registry has is not sent again."""
    publish_all(services, registry.address, crane=crane, tags=["v1"])
    edited = write_service(tmp_path / "edited", "users", b"shared" * 1000, b"edited")
    row = Publisher(crane=crane).push(edited, f"{registry.address}/users", tags=["v1"])
    assert 0 < row.sent < edited.size(edited.blobs()[0])
    assert crane.digest(f"{registry.address}/users:v1") == edited.digest


def test_table_has_a_line_for_each_service(
    tmp_path: Path, registry: Registry, services: list[Service], capsys: pytest.CaptureFixture[str]
) -> None:
    """Name, digest and bytes of each, and a sum."""
    images = tmp_path / "images.json"
    images.write_text(json.dumps({service.name: str(service.layout) for service in services}))
    assert push_all.main(["--images", str(images), "--repository-prefix", f"{registry.address}/"]) == 0
    head, *lines, total = capsys.readouterr().out.splitlines()
    assert head.split() == ["service", "digest", "bytes", "sent", "seconds"]
    assert [line.split()[:2] for line in lines] == [[service.name, service.digest] for service in services]
    assert total.startswith("all")


@pytest.mark.parametrize("deadline", ["0", "-1", "nan", "inf", "soon"])
def test_bad_deadline_is_refused(services: list[Service], deadline: str) -> None:
    """A time that never comes is no deadline."""
    with pytest.raises(SystemExit, match="2"):
        push.main(_arguments(services[0], "localhost:9/users", f"--deadline={deadline}"))


_OUTDATED = {
    "architecture": "amd64",
    "package": "libssl3",
    "wanted": "3.0.20-1",
    "used": "3.0.17-1",
    "update": "//tools/oci/base:update",
}


def test_outdated_base_is_not_published(
    tmp_path: Path, registry: Registry, crane: Crane, services: list[Service], capsys: pytest.CaptureFixture[str]
) -> None:
    """An image whose base has older packages than the lock is refused, unless the flag allows it."""
    (tmp_path / "base.json").write_text(json.dumps({"outdated": [_OUTDATED]}))
    images = tmp_path / "images.json"
    images.write_text(json.dumps({"users": str(services[0].layout)}))
    everything = ["--images", str(images), "--repository-prefix", registry.address]
    one = _arguments(services[0], f"{registry.address}/users")
    assert (push.main(one), push_all.main(everything)) == (1, 1)
    first, second = capsys.readouterr().err.splitlines()
    assert first == second
    assert "libssl3 3.0.17-1 instead of 3.0.20-1" in first
    assert not _writes(registry)
    assert push.main([*one, "--allow-outdated-base"]) == 0
    assert crane.digest(f"{registry.address}/users@{services[0].digest}") is not None
    assert "warning: " in capsys.readouterr().err
