"""Failures of registries and networks: transient ones are retried, others are one-line errors that leave the tags."""

import socket
from pathlib import Path

import pytest

from tools.oci.push.crane import Crane, NoAnswerError, RegistryError, Report
from tools.oci.push.faults import Fault, failing_network
from tools.oci.push.layout import Service
from tools.oci.push.layouts import write_service
from tools.oci.push.publish import Publisher, push_all
from tools.oci.registry.server import Registry

pytest_plugins = ["tools.oci.push.fixtures"]

_UPLOAD, _MANIFEST = r"(PUT|PATCH) .*/blobs/uploads/", r"PUT .*/manifests/sha256:"


def _error(code: str, message: str) -> str:
    return f'{{"errors": [{{"code": "{code}", "message": "{message}"}}]}}'


def _fails(registry: Registry, service: Service, crane: Crane, fault: Fault, *tags: str) -> str:
    with failing_network(registry.address, fault) as address, pytest.raises(RegistryError) as failure:
        push_all([service], address, crane=crane, tags=tags)
    message = str(failure.value)
    assert message.startswith(f"{address}/users")
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("matching", "status"), [(_UPLOAD, 0), (_MANIFEST, 503), ("HEAD .*/blobs/", 429), (_UPLOAD, 429)]
)
def test_passing_trouble_is_tried_again(
    registry: Registry, crane: Crane, services: list[Service], matching: str, status: int
) -> None:
    """After a broken connection or a busy registry the push is retried and succeeds."""
    fault = Fault(matching=matching, times=1, status=status, body=_error("TOOMANYREQUESTS", "slow down"))
    with failing_network(registry.address, fault) as address:
        push_all(services[:1], address, crane=crane, tags=["v1"])
    repository = f"{registry.address}/users"
    assert crane.digest(f"{repository}:v1") == services[0].digest
    assert all(crane.blob(f"{repository}@{digest}") == services[0].read(digest) for digest in services[0].blobs())


@pytest.mark.parametrize("status", [307, 308])
def test_redirected_push_arrives(registry: Registry, crane: Crane, services: list[Service], status: int) -> None:
    """Uploads, manifests and tags that are redirected to another host arrive with their content."""
    fault = Fault(
        matching="^(POST|PUT|PATCH) ", status=status, headers={"Location": f"http://{registry.address}{{path}}"}
    )
    with failing_network(registry.address, fault) as address:
        push_all(services, address, crane=crane, tags=["v1"])
    for service in services:
        repository = f"{registry.address}/{service.name}"
        assert crane.digest(f"{repository}:v1") == service.digest
        assert all(crane.blob(f"{repository}@{digest}") == service.read(digest) for digest in service.blobs())


def test_registry_without_head_is_named(registry: Registry, crane: Crane, services: list[Service]) -> None:
    """Pushing sends HEAD requests for blobs and manifests, which the specification requires registries to support."""
    message = _fails(registry, services[0], crane, Fault(matching="^HEAD ", status=405), "v1")
    assert message.endswith("(the registry does not answer HEAD requests, which pushing needs)")


def test_absent_image_of_a_long_name_is_absent(registry: Registry, crane: Crane) -> None:
    """The error code is read from the full response, not from the shortened message."""
    repository = f"{registry.address}/{'/'.join(['long-name'] * 20)}"
    assert crane.digest(f"{repository}@sha256:{'0' * 64}") is None
    assert crane.manifest(f"{repository}:sha256-{'0' * 64}.sig") is None


def test_interrupted_push_leaves_the_tag(registry: Registry, crane: Crane, services: list[Service]) -> None:
    """After a failed push the tag still names the complete earlier image."""
    old, new = services
    push_all([old], registry.address, crane=crane, tags=["v1"])
    fault = Fault(matching=_MANIFEST, status=400, body=_error("MANIFEST_INVALID", "no room"))
    with failing_network(registry.address, fault) as address, pytest.raises(RegistryError, match="no room"):
        Publisher(crane=crane).push(new, f"{address}/users", tags=["v1"])
    assert crane.digest(f"{registry.address}/users:v1") == old.digest


def test_error_of_the_registry_is_shown(registry: Registry, crane: Crane, services: list[Service]) -> None:
    """The message has the registry's text, not only the status."""
    words = "The repository with name 'users' does not exist in the registry"
    fault = Fault(matching="POST ", status=404, body=_error("NAME_UNKNOWN", words))
    assert words in _fails(registry, services[0], crane, fault)


def test_body_limit_says_what_to_raise(registry: Registry, crane: Crane, services: list[Service]) -> None:
    """The error page of a proxy is shown without its markup."""
    status = "413 Request Entity Too Large"
    page = f"<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>"
    message = _fails(registry, services[0], crane, Fault(matching="PATCH ", status=413, body=page))
    assert message.count(status) == 1
    assert "limits the size of a request" in message
    assert "<" not in message


def test_upload_that_breaks_off_hides_its_rights(registry: Registry, crane: Crane, services: list[Service]) -> None:
    """The address of an upload may hold a signature, which is not printed."""
    message = _fails(registry, services[0], crane, Fault(matching="PATCH ", status=400, body=_error("X", "no")))
    assert "/blobs/uploads/" in message
    assert "_state" not in message


def test_forbidden_says_so(registry: Registry, crane: Crane, services: list[Service]) -> None:
    """A request that is denied for lack of permission is not retried."""
    fault = Fault(matching="POST ", status=403, body=_error("DENIED", "requested access to the resource is denied"))
    assert "no permission" in _fails(registry, services[0], crane, fault)


def test_immutable_tags_take_new_images(registry: Registry, crane: Crane, services: list[Service]) -> None:
    """Only the requested tags are written, each once; for an immutable tag the registry's message is shown."""
    words = "The image tag 'v1' already exists and cannot be overwritten because the repository is immutable"
    old, new = services
    push_all([old], registry.address, crane=crane, tags=["v1"])
    fault = Fault(matching="PUT .*/manifests/v1$", status=400, body=_error("TAG_INVALID", words))
    with failing_network(registry.address, fault) as address:
        push_all([old], address, crane=crane, tags=["v1"])
        publisher = Publisher(crane=crane)
        publisher.push(new, f"{address}/users", tags=["v2"])
        with pytest.raises(RegistryError, match="cannot be overwritten"):
            publisher.push(new, f"{address}/users", tags=["v1"])
    assert crane.digest(f"{registry.address}/users:v1") == old.digest
    assert crane.digest(f"{registry.address}/users:v2") == new.digest


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_refused_mount_falls_back_to_upload(
    registry: Registry, crane: Crane, services: list[Service], status: int
) -> None:
    """If the registry refuses to mount layers, they are uploaded."""
    fault = Fault(matching=r"POST .*mount=", status=status, body=_error("UNSUPPORTED", "no mounts here"))
    with failing_network(registry.address, fault) as address:
        push_all(services, address, crane=crane)
    assert crane.digest(f"{registry.address}/products@{services[1].digest}") == services[1].digest


def test_another_kind_of_index_under_the_tag_is_replaced(
    registry: Registry, crane: Crane, services: list[Service]
) -> None:
    """A tag that named an index of another kind names the image after the push."""
    nested = write_service(services[0].layout.parent / "nested", "nested", b"nested")
    Publisher(crane=crane).push(nested, f"{registry.address}/users", tags=["v1"])
    Publisher(crane=crane).push(services[0], f"{registry.address}/users", tags=["v1"])
    assert crane.digest(f"{registry.address}/users:v1") == services[0].digest


@pytest.mark.parametrize("body", ["<html>log in", "[]", "\ufffd", '{"manifests": 1}', ""])
def test_page_in_place_of_a_registry(registry: Registry, crane: Crane, services: list[Service], body: str) -> None:
    """A web server that answers all requests with status 200 is not taken for a registry."""
    _fails(registry, services[0], crane, Fault(matching="", status=200, body=body), "v1")


@pytest.mark.parametrize("challenge", ["Bearer", 'Bearer realm="nonsense"', 'Bearer realm="file:///dev/null"'])
def test_challenge_that_leads_nowhere(
    registry: Registry, crane: Crane, services: list[Service], challenge: str
) -> None:
    """A challenge without a usable address of a token server is a one-line error."""
    _fails(registry, services[0], crane, Fault(matching="", status=401, headers={"WWW-Authenticate": challenge}))


def test_silent_registry_is_given_up(crane: Crane, services: list[Service]) -> None:
    """The push to a registry that accepts a connection and never answers ends at the deadline."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        hasty = Crane(binary=crane.binary, query_seconds=0.3, copy_seconds=0.3)
        repository = f"localhost:{server.getsockname()[1]}/users"
        with pytest.raises(RegistryError, match=r"no answer within 0\.3 seconds"):
            Publisher(crane=hasty).push(services[0], repository)


def test_silence_is_waited_for_once(crane: Crane, services: list[Service], registry: Registry) -> None:
    """A transfer through another service's repository that ends at the deadline is not repeated directly."""
    calls: list[str] = []

    class Silent(Crane):
        def push(self, layout: Path, reference: str, *, report: Report | None = None) -> None:
            calls.append(reference)
            if len(calls) > 1:
                raise NoAnswerError(reference, "no answer within 20 seconds")
            super().push(layout, reference, report=report)

    with pytest.raises(NoAnswerError):
        push_all(services, registry.address, crane=Silent(binary=crane.binary))
    assert len(calls) == len(services)
