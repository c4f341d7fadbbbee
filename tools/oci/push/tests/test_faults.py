"""Pushing over a network that fails: what passes is tried again, what stays is one line, and tags stay as they were."""

import json
from pathlib import Path

import pytest

from tools.oci.push.faults import Fault, failing_network
from tools.oci.push.layouts import write_service
from tools.oci.push.push_all import Service, main, push_all
from tools.oci.push.registry import RegistryError, Repository
from tools.oci.registry.server import Registry

pytest_plugins = ["tools.oci.registry.testing"]

_ALWAYS = 1_000_000
_UPLOAD, _MANIFEST = r"PUT .*/blobs/uploads/", r"PUT .*/manifests/"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited between attempts, without the waiting."""
    waited: list[float] = []
    monkeypatch.setattr("tools.oci.push.registry.time.sleep", waited.append)
    return waited


@pytest.fixture
def old(tmp_path: Path) -> Service:
    """An image that is on the registry already."""
    return write_service(tmp_path / "old", "service", b"old" * 1000)


@pytest.fixture
def new(tmp_path: Path) -> Service:
    """The image to push."""
    return write_service(tmp_path / "new", "service", b"new" * 1000)


@pytest.mark.parametrize("matching", [_UPLOAD, _MANIFEST, r"GET .*/manifests/", r"HEAD .*/blobs/", "POST "])
@pytest.mark.parametrize("status", [0, 503, 429])
def test_passing_trouble_costs_a_pause(
    registry: Registry, new: Service, pauses: list[float], matching: str, status: int
) -> None:
    """A connection that breaks twice, or a registry that is busy, is waited for, longer each time; all arrives."""
    with failing_network(registry.address, Fault(matching=matching, times=2, status=status)) as address:
        push_all([new], address, tags=["latest"])
    repository = Repository.parse(f"{registry.address}/service")
    assert repository.digest("latest") == new.digest
    assert all(repository.blob(digest) == new.read(digest) for digest in new.blobs())
    assert sum(pauses) >= 1.0


@pytest.mark.parametrize("matching", [_UPLOAD, r"PUT .*/manifests/sha256:"])
def test_interrupted_push_leaves_the_tag(
    registry: Registry, old: Service, new: Service, pauses: list[float], matching: str
) -> None:
    """Wherever a push ends for good, the tag names the whole image that it named before."""
    push_all([old], registry.address, tags=["latest"])
    with (
        failing_network(registry.address, Fault(matching=matching, times=_ALWAYS)) as address,
        pytest.raises(RegistryError, match=f"{address}: "),
    ):
        push_all([new], address, tags=["latest"])
    assert pauses[:3] == sorted(pauses[:3])
    assert Repository.parse(f"{registry.address}/service").digest("latest") == old.digest


@pytest.mark.usefixtures("pauses")
def test_a_line_that_stays_dead_is_one_line(
    tmp_path: Path, registry: Registry, new: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with 1 and says which registry and why, after whatever progress it told."""
    images = tmp_path / "images.json"
    images.write_text(json.dumps({"service": str(new.layout)}))
    with failing_network(registry.address, Fault(matching=_UPLOAD, times=_ALWAYS)) as address:
        assert main(["--images", str(images), "--repository-prefix", address]) == 1
    [line] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert address in line


def test_refusal_is_not_tried_again(registry: Registry, new: Service, pauses: list[float]) -> None:
    """What trying again cannot mend is said at once."""
    with (
        failing_network(registry.address, Fault(matching="POST ", times=_ALWAYS, status=403)) as address,
        pytest.raises(RegistryError, match="service: 403 the password is not good for this"),
    ):
        push_all([new], address, tags=["latest"])
    assert not pauses
