"""Pushing several services to a real registry."""

import json
from pathlib import Path

import pytest

from tools.oci.push.layouts import write_service
from tools.oci.push.push_all import Service, main, push_all, table
from tools.oci.push.registry import RegistryError, Repository
from tools.oci.registry.server import Registry

pytest_plugins = ["tools.oci.registry.testing"]

_SHARED = b"shared" * 1000


@pytest.fixture
def services(tmp_path: Path) -> list[Service]:
    """Two services that share a layer."""
    return [write_service(tmp_path / name, name, _SHARED, name.encode() * 50) for name in ("users", "products")]


def _stored(folder: Path) -> int:
    """Bytes of all content that a registry keeps, each once."""
    return sum(file.stat().st_size for file in (folder / "registry/blobs").rglob("blobs/sha256/*/*/data"))


def test_bytes_sent_are_the_bytes_the_registry_has(tmp_path: Path, registry: Registry, services: list[Service]) -> None:
    """From empty, what the table says was sent is exactly what lies there: shared layers went once, all is counted."""
    rows = push_all(services, registry.address, tags=["latest"])
    assert sum(row.sent for row in rows) == _stored(tmp_path)
    assert rows[0].sent > len(_SHARED) > rows[1].sent


def test_tags_name_the_digests(registry: Registry, services: list[Service]) -> None:
    """Each tag names the index of its service, and its blobs can be read there."""
    push_all(services, f"{registry.address}/team", tags=["latest", "v1"])
    for service in services:
        repository = Repository.parse(f"{registry.address}/team/{service.name}")
        assert {repository.digest("latest"), repository.digest("v1")} == {service.digest}
        assert all(repository.blob(digest) == service.read(digest) for digest in service.blobs())


def test_second_push_sends_nothing(registry: Registry, services: list[Service]) -> None:
    """What is there already is not sent again."""
    push_all(services, registry.address, tags=["latest"])
    before = {method: registry.requests(method) for method in ("PATCH", "POST", "PUT")}
    assert [row.sent for row in push_all(services, registry.address, tags=["latest"])] == [0, 0]
    assert {method: registry.requests(method) for method in before} == before


def test_table_has_a_line_for_each_service(registry: Registry, services: list[Service]) -> None:
    """Name, digest and bytes of each, and a sum."""
    head, *lines, total = table(push_all(services, registry.address, tags=["latest"])).splitlines()
    assert head.split() == ["service", "digest", "bytes", "sent", "seconds"]
    assert [line.split()[:2] for line in lines] == [[service.name, service.digest] for service in services]
    assert total.startswith("all")


def test_registry_that_is_not_there_is_one_line(
    tmp_path: Path, services: list[Service], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unreachable registry is exit code 1 and one clear line."""
    monkeypatch.setattr("tools.oci.push.registry.time.sleep", lambda _: None)
    images = tmp_path / "images.json"
    images.write_text(json.dumps({service.name: str(service.layout) for service in services}))
    assert main(["--images", str(images), "--repository-prefix", "localhost:9"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: localhost:9: ")
    assert "refused" in line


def test_changed_blob_is_refused(registry: Registry, services: list[Service], tmp_path: Path) -> None:
    """A registry that answers with other bytes than the digest's is not believed."""
    push_all(services, registry.address, tags=["latest"])
    repository = Repository.parse(f"{registry.address}/users")
    digest = services[0].blobs()[0]
    [data] = (tmp_path / "registry/blobs").rglob(f"blobs/sha256/*/{digest.removeprefix('sha256:')}/data")
    data.write_bytes(b"x" + data.read_bytes()[1:])
    with pytest.raises(RegistryError, match="something else"):
        repository.blob(digest)
