"""Commits of deployments, and failures of git."""

from pathlib import Path

import pytest

from tools.deploy.testing import DeployWorkspace

_APPLY = ("apply", "--env", "staging", "--commit")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeployWorkspace:
    """Return two environments where every push is accepted."""
    monkeypatch.setattr("tools.deploy.environment_session.push_built", lambda *_: None)
    return DeployWorkspace.create(tmp_path / "tree", "localhost:9", monkeypatch)


def _committed(workspace: DeployWorkspace) -> set[str]:
    names = workspace.git("show", "--name-only", "--format=", "HEAD").splitlines()
    return {name.removeprefix("deploy/staging/") for name in names}


def _hook(workspace: DeployWorkspace, text: str) -> Path:
    hook = workspace.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{text}\n")
    hook.chmod(0o755)
    return hook


def _sentence(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert workspace.run(*arguments) == 1
    [line] = capsys.readouterr().err.splitlines()
    return line


def test_removal_is_committed_as_a_whole(workspace: DeployWorkspace) -> None:
    """Manifest and record are removed in one commit, and the tree is clean."""
    workspace.run(*_APPLY)
    (workspace.root / "deploy/staging/users.toml").unlink()
    workspace.commit()
    assert workspace.run(*_APPLY) == 0
    assert _committed(workspace) == {"users.json", "manifests/users.yaml"}
    assert workspace.git("status", "--porcelain") == ""


def test_files_of_others_are_not_committed(workspace: DeployWorkspace) -> None:
    """Untracked, staged and other services' files are not part of the commit."""
    workspace.run("apply", "--env", "staging")
    for name in ("manifests/others.yaml", "manifests/.users.yaml.draft"):
        workspace.write(f"deploy/staging/{name}", "mine: 1\n")
    workspace.write("deploy/prod/manifests/staged.yaml", "mine: 1\n")
    workspace.git("add", "deploy/prod")
    assert workspace.run(*_APPLY, "--service", "users") == 0
    assert _committed(workspace) == {"users.json", "manifests/users.yaml", "manifests/00-namespace.yaml"}


def test_ignored_files_are_committed_all_the_same(workspace: DeployWorkspace) -> None:
    """Records that .gitignore matches are committed."""
    workspace.write(".gitignore", "*.json\n")
    workspace.commit()
    assert workspace.run(*_APPLY) == 0
    assert {"users.json", "products.json"} <= _committed(workspace)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo not on a Friday >&2; exit 1", "not on a Friday"),
        ("exit 1", "no reason given"),
        ("printf '\\377\\n' >&2; exit 1", "\N{REPLACEMENT CHARACTER}"),
        ("echo 'error: line too long' >&2; echo 'hint: fold it' >&2; exit 1", "error: line too long"),
    ],
)
def test_hook_that_refuses(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    """The message of a failing hook is printed; once it passes, the same command commits the files."""
    hook, revision = _hook(workspace, text), workspace.git("rev-parse", "HEAD")
    assert _sentence(workspace, capsys, *_APPLY) == f"error: git commit: {said}"
    assert workspace.git("rev-parse", "HEAD") == revision
    hook.unlink()
    assert workspace.run(*_APPLY) == 0
    assert workspace.git("status", "--porcelain") == ""


def test_removal_after_a_hook_refused(workspace: DeployWorkspace) -> None:
    """A removal that was staged by a failed commit is committed by the next one."""
    workspace.run(*_APPLY)
    (workspace.root / "deploy/staging/users.toml").unlink()
    workspace.commit()
    hook = _hook(workspace, "exit 1")
    assert workspace.run(*_APPLY) == 1
    workspace.git("add", "--all")
    hook.unlink()
    assert workspace.run(*_APPLY) == 0
    assert workspace.git("status", "--porcelain") == ""


def test_commit_without_an_identity_is_refused(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The identity is checked before anything is pushed or written."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME")
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    workspace.git("config", "user.useConfigOnly", "true")
    files = workspace.files()
    assert "fatal: no email was given" in _sentence(workspace, capsys, *_APPLY)
    assert workspace.files() == files


def test_git_that_is_busy(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """The message has the reason of git, not the last line of its advice."""
    (workspace.root / ".git/index.lock").touch()
    assert "index.lock': File exists" in _sentence(workspace, capsys, *_APPLY)


def test_repository_without_a_commit(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """A repository without commits has no revision to record, and the command is refused."""
    workspace.git("update-ref", "-d", "HEAD")
    assert "does not have any commits yet" in _sentence(workspace, capsys, "plan", "--env", "staging")


def test_detached_head_is_a_commit_like_any(workspace: DeployWorkspace) -> None:
    """Deployments from a detached HEAD, as in CI, are committed."""
    workspace.git("checkout", "--quiet", "--detach")
    assert workspace.run(*_APPLY) == 0
    assert workspace.git("status", "--porcelain") == ""
