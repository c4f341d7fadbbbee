"""Images of two services of one build have the versions of their tracks."""

import json
import platform
from pathlib import Path

import pytest

from tools.oci.testing.layout import Layout, images
from tools.oci.testing.running import Container

pytest_plugins = ["tools.oci.testing.fixtures"]

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_NAMES = ("httpcore2", "httpx2", "pydantic", "pydantic-core")
_VERSIONS = f"""
from importlib import metadata
for name in {_NAMES}:
    print(name, metadata.version(name))
"""


def _locked(track: str) -> dict[str, str]:
    """Return the versions that the lock of a track pins."""
    lock = Path("requirements_lock.txt" if track == "main" else f"requirements/{track}_lock.txt")
    lines = [line.split()[0].partition("==") for line in lock.read_text("utf-8").splitlines() if line[:1].isalnum()]
    return {name: version for name, _, version in lines if name in _NAMES}


def _installed(index: Path, tmp_path: Path) -> dict[str, str]:
    """Run Python in the image for this machine and return the versions that it finds."""
    image = images(layout := Layout(folder=index), layout.digest)[_ARCHITECTURES[platform.machine()]]
    root, data = tmp_path / "root", tmp_path / "data"
    root.mkdir()
    data.mkdir()
    image.unpack(root)
    lines = Container(root=root, data=data, config=image.config["config"]).run_python(_VERSIONS).splitlines()
    return dict(line.split() for line in lines)


def _listed(document: Path) -> dict[str, str]:
    """Return the versions that a bill of materials lists."""
    components = json.loads(document.read_text("utf-8"))["components"]
    return {each["name"]: each["version"] for each in components if each["name"] in _NAMES}


@pytest.mark.parametrize(
    ("service", "track"),
    [("services/user_service", "main"), ("tests/tracks/track_service", "previous_minor")],
)
def test_image_and_bills_of_materials_have_the_versions_of_the_track(
    namespaces: None, service: str, track: str, tmp_path: Path
) -> None:
    """importlib.metadata in the image, both bills of materials and the lock of the track have the same versions."""
    del namespaces
    locked = _locked(track)
    assert _installed(Path(service, "image"), tmp_path) == locked
    for architecture in ("amd64", "arm64"):
        assert _listed(Path(service, f"image_{architecture}_sbom.cdx.json")) == locked


def test_the_tracks_differ() -> None:
    """Each of the distributions that the other test compares has another version on each track."""
    main, other = _locked("main"), _locked("previous_minor")
    assert all(main[name] != other[name] for name in _NAMES)
