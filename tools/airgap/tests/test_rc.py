"""The system's rc file that Bazel reads in the sealed root."""

from pathlib import Path

import pytest

from tools.airgap import rc
from tools.airgap.paths import Paths


def made(tmp_path: Path, **addresses: str) -> list[str]:
    """Return the lines of the rc file of a checkout and a cache with spaces."""
    airgap = tmp_path / "a checkout" / "tools" / "airgap"
    airgap.mkdir(parents=True)
    (airgap / "airgap.bazelrc").write_text("common --override_module=x=%workspace%/x\n")
    paths = Paths(str(tmp_path / "a checkout"), str(tmp_path / "the cache"))
    return rc.text(paths, addresses, mark="0123").splitlines()


def test_everything_is_in_the_cache(tmp_path: Path) -> None:
    """Output bases and repository cache are below one folder, and spaces are quoted."""
    assert f"startup --output_user_root={tmp_path}/the\\ cache/bazel" in made(tmp_path)


def test_server_knows_its_view(tmp_path: Path) -> None:
    """Changed mounts change a startup option, so Bazel restarts its server."""
    assert "startup --host_jvm_args=-Dbazelw.mounts=0123" in made(tmp_path)


def test_repository_rules_are_told_addresses(tmp_path: Path) -> None:
    """Each address is quoted as one word, also with special characters."""
    lines = made(tmp_path, PIP_EXTRA_INDEX_URL="file:///a #1 file:///b")
    assert "common --repo_env=PIP_EXTRA_INDEX_URL=file:///a\\ \\#1\\ file:///b" in lines


def test_flags_are_those_of_the_checkout(tmp_path: Path) -> None:
    """The committed rc file is included, with the path of the checkout that contains bazelw."""
    assert f"common --override_module=x={tmp_path}/a\\ checkout/x" in made(tmp_path)


@pytest.mark.parametrize("below_tmp", [True, False])
def test_sandboxes_below_tmp_see_our_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below_tmp: bool) -> None:  # noqa: FBT001
    """The modules are mounted if the checkout is below /tmp, which sandboxes hide; elsewhere they are visible."""
    monkeypatch.setattr(rc, "TEMPORARY", str(tmp_path) if below_tmp else "/elsewhere")
    flag = f"build --sandbox_add_mount_pair={tmp_path}/a\\ checkout/tools/airgap/modules"
    assert (flag in made(tmp_path)) is below_tmp
