"""The host's paths that are mounted in the sealed root."""

from pathlib import Path

import pytest

from tools.airgap import bind_mounts
from tools.airgap.bind_mounts import BindMount
from tools.airgap.paths import Paths


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small sealed root."""
    root = tmp_path / "root"
    for folder in ("etc/ssl", "opt/x", "usr/bin", "usr/share/doc", "var/lib"):
        (root / folder).mkdir(parents=True)
    (root / "bin").symlink_to("usr/bin")
    (root / "etc" / "passwd").touch()
    return root


def seen(tmp_path: Path, **env: str) -> dict[str, BindMount]:
    """Return the mounts of a machine with these variables, by their targets."""
    for name in ("home", "cache", "checkout", "ws"):
        (tmp_path / name).mkdir(exist_ok=True)
    paths = Paths(str(tmp_path / "checkout"), str(tmp_path / "cache"))
    found = bind_mounts.host_mounts(paths, str(tmp_path / "ws"), {"HOME": str(tmp_path / "home"), **env})
    return {bind.target: bind for bind in found}


def test_own_places_are_writable(tmp_path: Path) -> None:
    """Workspace, checkout, cache and /tmp are mounted at their own paths; the home folder is empty."""
    found = seen(tmp_path)
    for name in ("ws", "checkout", "cache"):
        assert found[f"{tmp_path}/{name}"].writable
    assert found["/tmp"].writable
    assert found[f"{tmp_path}/home"].arguments() == ["--tmpfs", f"{tmp_path}/home"]


def test_home_that_is_the_workspace(tmp_path: Path) -> None:
    """A workspace that is the home folder itself is not hidden by an empty one."""
    found = seen(tmp_path, HOME=str(tmp_path / "ws"))
    assert found[f"{tmp_path}/ws"].source


def test_settings_are_seen_and_nothing_else(tmp_path: Path) -> None:
    """Settings files in the home folder are mounted read-only; SSH keys are not mounted."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".gitconfig").touch()
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").touch()
    found = [bind for target, bind in seen(tmp_path).items() if target.startswith(f"{home}/")]
    assert [bind.target for bind in found] == [f"{home}/.docker/config.json", f"{home}/.gitconfig"]
    assert not any(bind.writable for bind in found)


def test_places_that_settings_name(tmp_path: Path) -> None:
    """Folders of pip's find-links, and files that variables name, are mounted at their own paths."""
    (tmp_path / "wheels").mkdir()
    (tmp_path / "own.pem").touch()
    env = {"PIP_FIND_LINKS": f"{tmp_path}/wheels /gone", "SSL_CERT_FILE": f"{tmp_path}/own.pem"}
    found = seen(tmp_path, **env)
    assert f"{tmp_path}/wheels" in found
    assert f"{tmp_path}/own.pem" in found
    assert "/gone" not in found


def test_more_places(tmp_path: Path) -> None:
    """BAZELW_BINDS adds writable mounts."""
    (tmp_path / "more").mkdir()
    assert seen(tmp_path, BAZELW_BINDS=f"/gone:{tmp_path}/more")[f"{tmp_path}/more"].writable


def test_parents_come_first(tmp_path: Path) -> None:
    """A folder is mounted before the paths inside it."""
    targets = list(seen(tmp_path, HOME="/tmp"))
    assert targets == sorted(targets)


def test_history_of_a_linked_worktree(tmp_path: Path) -> None:
    """The git folder of a linked worktree is mounted; an ordinary clone needs no further mount."""
    administration = tmp_path / "main" / ".git" / "worktrees" / "ws"
    administration.mkdir(parents=True)
    (administration / "commondir").write_text("../..\n")
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws" / ".git").write_text(f"gitdir: {administration}\n")
    assert bind_mounts.git_folder(str(tmp_path / "ws")) == [f"{tmp_path}/main/.git"]
    (tmp_path / "main" / ".git" / "config").touch()
    assert bind_mounts.git_folder(str(tmp_path / "main")) == []


def test_floor(root: Path) -> None:
    """The root's folders are mounted read-only and its links are recreated; other paths come from the host."""
    assert bind_mounts.rootfs_mounts(str(root), ["/home/me/ws"]) == [
        *("--symlink", "usr/bin", "/bin"),
        *("--ro-bind", f"{root}/etc", "/etc"),
        *("--ro-bind", f"{root}/usr", "/usr"),
        *("--ro-bind", f"{root}/var", "/var"),
    ]


def test_workspace_within_the_floor(root: Path) -> None:
    """If a host path needs a mount point in /usr, the entries of /usr are mounted one by one."""
    laid = bind_mounts.rootfs_mounts(str(root), ["/usr/src/app", "/etc/passwd"])
    assert f"{root}/usr" not in laid
    assert f"{root}/usr/bin" in laid
    assert f"{root}/usr/share" in laid
    assert f"{root}/etc" in laid


def test_environment() -> None:
    """Variables that configure services and tools are passed on; those about the host's programs are not."""
    env = {"PATH": "/host", "CC": "clang", "CCACHE": "1", "ENVIRONMENT": "dev", "BAZELW_MODE": "sealed"}
    assert bind_mounts.environment({**env, "LD_PRELOAD": "x.so", "USER_SERVICE_PORT": "1"}) == {
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
        "CCACHE": "1",
        "ENVIRONMENT": "dev",
        "USER_SERVICE_PORT": "1",
        "BAZELW_INSIDE": "1",
    }
