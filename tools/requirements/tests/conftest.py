"""Fixtures of the tests of resolving and auditing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.requirements.testing import publish, serving_index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """An index with `app` 1.0 that needs `base`, and the environment variables that name it."""
    root = tmp_path / "index"
    publish(root, "base", "1.0")
    publish(root, "app", "1.0", needs="base>=1")
    with serving_index(root) as url:
        yield root, {"PIP_INDEX_URL": url, "HOME": str(tmp_path), "UV_HTTP_RETRIES": "0"}
