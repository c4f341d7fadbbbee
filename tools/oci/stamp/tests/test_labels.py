"""Labels of a stamped image, from a workspace status."""

from pathlib import Path

import pytest

from tools.oci.stamp.labels import main

_COMMIT = "0123456789" * 4
_TIME = "2026-11-29T03:00:00Z"
_STATUS = f"BUILD_HOST builder\nBUILD_EMBED_LABEL \nSTABLE_GIT_COMMIT {_COMMIT}\nSTABLE_GIT_COMMIT_TIME {_TIME}\n"


def _run(folder: Path, status: str) -> int:
    (folder / "status.txt").write_text(status)
    return main([f"--{name}={folder / name}.txt" for name in ("status", "labels", "created")])


@pytest.mark.parametrize("commit", [_COMMIT, _COMMIT + "-dirty"])
def test_commit_and_its_moment_are_the_labels(tmp_path: Path, commit: str) -> None:
    """One KEY=VALUE a line; the moment has no newline, because image rules take the whole file."""
    assert _run(tmp_path, _STATUS.replace(_COMMIT, commit)) == 0
    assert (tmp_path / "labels.txt").read_text() == (
        f"org.opencontainers.image.created={_TIME}\norg.opencontainers.image.revision={commit}\n"
    )
    assert (tmp_path / "created.txt").read_text() == _TIME


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("BUILD_HOST builder\n", "has no STABLE_GIT_COMMIT: "),
        (_STATUS.replace(_COMMIT, "main"), "has STABLE_GIT_COMMIT 'main': "),
        (_STATUS.replace(_TIME, "yesterday"), "has STABLE_GIT_COMMIT_TIME 'yesterday': "),
    ],
)
def test_status_without_a_commit_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], status: str, said: str
) -> None:
    """The error names what is missing and the flag that adds it."""
    assert _run(tmp_path, status) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert said in line
    assert "--config=stamp" in line
    assert not (tmp_path / "labels.txt").exists()
