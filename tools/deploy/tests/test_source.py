"""What git has to do with it: the commit that is asked for, and a git that will not."""

from pathlib import Path

import pytest

from tools.deploy.scene import Scene

_APPLY = ("apply", "--env", "staging", "--commit")


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Two environments whose registry takes everything."""
    monkeypatch.setattr("tools.deploy.desk.push_built", lambda *_: None)
    return Scene.make(tmp_path / "tree", "localhost:9", monkeypatch)


def _committed(scene: Scene) -> set[str]:
    names = scene.git("show", "--name-only", "--format=", "HEAD").splitlines()
    return {name.removeprefix("deploy/staging/") for name in names}


def _hook(scene: Scene, text: str) -> Path:
    hook = scene.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{text}\n")
    hook.chmod(0o755)
    return hook


def _sentence(scene: Scene, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert scene.run(*arguments) == 1
    [line] = capsys.readouterr().err.splitlines()
    return line


def test_removal_is_committed_as_a_whole(scene: Scene) -> None:
    """Manifest and record go in one commit, and the tree is clean."""
    scene.run(*_APPLY)
    (scene.root / "deploy/staging/users.toml").unlink()
    scene.commit()
    assert scene.run(*_APPLY) == 0
    assert _committed(scene) == {"users.json", "manifests/users.yaml"}
    assert scene.git("status", "--porcelain") == ""


def test_files_of_others_are_not_committed(scene: Scene) -> None:
    """Neither what a person or a killed run left there, nor what another apply wrote, nor what is staged."""
    scene.run("apply", "--env", "staging")
    for name in ("manifests/others.yaml", "manifests/.users.yaml.draft"):
        scene.write(f"deploy/staging/{name}", "mine: 1\n")
    scene.write("deploy/prod/manifests/staged.yaml", "mine: 1\n")
    scene.git("add", "deploy/prod")
    assert scene.run(*_APPLY, "--service", "users") == 0
    assert _committed(scene) == {"users.json", "manifests/users.yaml", "manifests/00-namespace.yaml"}


def test_ignored_files_are_committed_all_the_same(scene: Scene) -> None:
    """A record that git passes over would leave a deployment that nobody knows of."""
    scene.write(".gitignore", "*.json\n")
    scene.commit()
    assert scene.run(*_APPLY) == 0
    assert {"users.json", "products.json"} <= _committed(scene)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo not on a Friday >&2; exit 1", "not on a Friday"),
        ("exit 1", "no reason given"),
        ("printf '\\377\\n' >&2; exit 1", "\N{REPLACEMENT CHARACTER}"),
        ("echo 'error: line too long' >&2; echo 'hint: fold it' >&2; exit 1", "error: line too long"),
    ],
)
def test_hook_that_refuses(scene: Scene, capsys: pytest.CaptureFixture[str], text: str, said: str) -> None:
    """Its sentence is passed on; once it agrees, the same command commits what had been written."""
    hook, revision = _hook(scene, text), scene.git("rev-parse", "HEAD")
    assert _sentence(scene, capsys, *_APPLY) == f"error: git commit: {said}"
    assert scene.git("rev-parse", "HEAD") == revision
    hook.unlink()
    assert scene.run(*_APPLY) == 0
    assert scene.git("status", "--porcelain") == ""


def test_removal_after_a_hook_refused(scene: Scene) -> None:
    """What the first try took out of the index is committed by the second."""
    scene.run(*_APPLY)
    (scene.root / "deploy/staging/users.toml").unlink()
    scene.commit()
    hook = _hook(scene, "exit 1")
    assert scene.run(*_APPLY) == 1
    scene.git("add", "--all")
    hook.unlink()
    assert scene.run(*_APPLY) == 0
    assert scene.git("status", "--porcelain") == ""


def test_nobody_in_particular_commits_nothing(
    scene: Scene, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git is asked for a name before anything is pushed or written."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME")
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    scene.git("config", "user.useConfigOnly", "true")
    files = scene.files()
    assert "fatal: no email was given" in _sentence(scene, capsys, *_APPLY)
    assert scene.files() == files


def test_git_that_is_busy(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Git's reason is given, not the last line of its advice."""
    (scene.root / ".git/index.lock").touch()
    assert "index.lock': File exists" in _sentence(scene, capsys, *_APPLY)


def test_repository_without_a_commit(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing yet that a record could name."""
    scene.git("update-ref", "-d", "HEAD")
    assert "does not have any commits yet" in _sentence(scene, capsys, "plan", "--env", "staging")


def test_detached_head_is_a_commit_like_any(scene: Scene) -> None:
    """CI has no branch either."""
    scene.git("checkout", "--quiet", "--detach")
    assert scene.run(*_APPLY) == 0
    assert scene.git("status", "--porcelain") == ""
