"""A fixture for tests that need a real registry: `pytest_plugins = ["tools.oci.registry.testing"]`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.oci.registry.server import Registry, free_port, running_registry


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """A real registry on loopback, of the program that DOCKER_REGISTRY names; its files are in `tmp_path`."""
    folder = tmp_path / "registry"
    folder.mkdir()
    with running_registry(Path(os.environ["DOCKER_REGISTRY"]), folder=folder, port=free_port()) as registry:
        yield registry
