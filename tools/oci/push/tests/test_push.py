"""The command around `oci_push`: where it pushes, what it says, when it tries again."""

import json
from pathlib import Path

import pytest

from tools.oci.push.push import Image, PushFailedError, main, push, repository_for

_NOWHERE = "localhost:9/service"


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """An image, as far as pushing looks at it."""
    folder = tmp_path / "image"
    folder.mkdir()
    (folder / "index.json").write_text(json.dumps({"manifests": [{"digest": "sha256:abc"}]}))
    return folder


def _pusher(folder: Path, script: str) -> Path:
    """A stand-in for the command of rules_oci that counts its calls in `calls`."""
    path = folder / "pusher"
    path.write_text(f'#!/bin/sh\necho "$@" >> {folder}/calls\n{script}\n')
    path.chmod(0o755)
    return path


def _calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines()


@pytest.mark.parametrize(
    ("registry", "repository"),
    [
        ("", "localhost:5000/user_service"),
        ("registry.example", "registry.example/user_service"),
        ("registry.example/team/", "registry.example/team/user_service"),
    ],
)
def test_registry_of_the_environment_replaces_the_default(registry: str, repository: str) -> None:
    """One variable moves all services; the name of each stays."""
    assert repository_for("localhost:5000/user_service", registry) == repository


def test_push_prints_where_the_image_is(tmp_path: Path, layout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is the reference by digest, ready for a deployment."""
    pusher = _pusher(tmp_path, "exit 0")
    arguments = ["--image", str(layout), "--pusher", str(pusher), "--default-repository", _NOWHERE, "--tag", "v1"]
    assert main(arguments) == 0
    assert capsys.readouterr().out == "localhost:9/service@sha256:abc\n"
    assert _calls(tmp_path) == ["--repository localhost:9/service --tag=latest --tag=v1"]


def test_flag_wins_over_the_environment(tmp_path: Path, layout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--repository` is the last word."""
    monkeypatch.setenv("IMAGE_REGISTRY", "localhost:8")
    pusher = _pusher(tmp_path, "exit 0")
    arguments = ["--image", str(layout), "--pusher", str(pusher), "--default-repository", "localhost:7/service"]
    assert main([*arguments, "--repository", _NOWHERE]) == 0
    assert _calls(tmp_path) == [f"--repository {_NOWHERE} --tag=latest"]


def test_passing_trouble_is_tried_again(tmp_path: Path, layout: Path) -> None:
    """A connection that breaks once costs a pause, not the push."""
    pusher = _pusher(tmp_path, f'test "$(wc -l < {tmp_path}/calls)" = 2 || {{ echo "Error: reset" >&2; exit 1; }}')
    image = Image.read(layout, pusher=pusher)
    assert push(image, _NOWHERE, tags=["latest"], pauses=[0.0, 0.0])
    assert len(_calls(tmp_path)) == 2


def test_wrong_password_is_one_line_at_once(tmp_path: Path, layout: Path) -> None:
    """What trying again cannot mend is said at once, in the registry's words."""
    pusher = _pusher(tmp_path, 'echo "noise" >&2; echo "Error: UNAUTHORIZED: wrong password" >&2; exit 1')
    with pytest.raises(PushFailedError, match="did not take the image: UNAUTHORIZED: wrong password"):
        push(Image.read(layout, pusher=pusher), _NOWHERE, tags=["latest"], pauses=[0.0])
    assert len(_calls(tmp_path)) == 1


def test_unreachable_registry_fails_after_all_attempts(
    tmp_path: Path, layout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command ends with one line that says which repository and why."""
    monkeypatch.setattr("tools.oci.push.push.time.sleep", lambda _: None)
    pusher = _pusher(tmp_path, 'echo "Error: connection refused" >&2; exit 1')
    assert main(["--image", str(layout), "--pusher", str(pusher), "--default-repository", _NOWHERE]) == 1
    assert capsys.readouterr().err == f"error: {_NOWHERE} did not take the image: connection refused\n"
