"""Auditing with the real uv against a vulnerability service on loopback."""

import sys
from pathlib import Path

import pytest

from tools.requirements import audit as command
from tools.requirements.testing import publish, serving_advisories

_ADVISORY = {
    "id": "GHSA-2222-3333-4444",
    "aliases": ["CVE-2026-0001"],
    "summary": "base reads too much.",
    "modified": "2026-01-02T00:00:00Z",
    "published": "2026-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"name": "base", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
        }
    ],
    "references": [{"type": "ADVISORY", "url": "https://advisories.example/1"}],
}
_UNREACHABLE = "http://127.0.0.1:9/"


@pytest.fixture
def lock(tmp_path: Path, index: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock of `app` and `base`, in the workspace of the command."""
    for name, value in index[1].items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
    path = tmp_path / "requirements_lock.txt"
    path.write_text("app==1.0 \\\n    --hash=sha256:00\n    # via -r requirements.in\nbase==1.0\n    # via app\n")
    return path


def _audit(service: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["audit", "--service-url", service])
    return command.main()


@pytest.mark.usefixtures("lock")
def test_a_lock_without_advisories_is_0(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without findings the exit code is 0 and the last line counts the packages."""
    with serving_advisories({}) as service:
        assert _audit(service, monkeypatch) == 0
    assert capsys.readouterr().out == "requirements_lock.txt: 0 findings in 2 packages\n"


@pytest.mark.usefixtures("lock")
def test_the_interpreter_can_be_of_a_virtual_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In registry mode programs run in virtual environments, whose interpreters uv does not accept."""
    interpreter = tmp_path / "venv" / "bin" / "python3"
    interpreter.parent.mkdir(parents=True)
    interpreter.symlink_to(Path(sys.executable).resolve())
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    monkeypatch.setattr(sys, "executable", str(interpreter))
    with serving_advisories({}) as service:
        assert _audit(service, monkeypatch) == 0


@pytest.mark.usefixtures("lock")
def test_an_advisory_is_a_row_and_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A row has the package, its version, the CVE and the version that fixes it; the exit code is 1."""
    with serving_advisories({"base": _ADVISORY}) as service:
        assert _audit(service, monkeypatch) == 1
    assert capsys.readouterr().out.splitlines() == [
        "package  version  advisory       fixed in  what",
        "base     1.0      CVE-2026-0001  1.1       base reads too much. https://advisories.example/1",
        "requirements_lock.txt: 1 findings in 2 packages",
    ]


@pytest.mark.usefixtures("lock")
def test_an_archived_project_is_a_row_and_1(
    index: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A project that its index calls archived gets no fixes any more."""
    publish(index[0], "base", "1.0", status="archived")
    with serving_advisories({}) as service:
        assert _audit(service, monkeypatch) == 1
    assert "base     all      project is archived  none" in capsys.readouterr().out


@pytest.mark.usefixtures("lock")
def test_a_service_out_of_reach_is_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is known then, which is neither 0 nor 1; one sentence names the address and the reason."""
    assert _audit(_UNREACHABLE, monkeypatch) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(
        "requirements_lock.txt was not audited: error sending request for url (http://127.0.0.1:9/"
    )
    assert output.err.count("\n") == 1


def test_two_pins_of_one_name_are_both_looked_up(
    lock: Path, index: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name may be pinned once for each platform; each of its versions counts."""
    publish(index[0], "tool", "1.0")
    publish(index[0], "tool", "2.0")
    pins = "tool==1.0 ; sys_platform == 'darwin'\ntool==2.0 ; sys_platform == 'linux'\n"
    lock.write_text(lock.read_text() + pins)
    with serving_advisories({"tool": _ADVISORY}) as service:
        assert _audit(service, monkeypatch) == 1
    assert "2 findings in 4 packages" in capsys.readouterr().out


def test_the_lock_of_each_track_is_audited(
    lock: Path, index: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A finding only in a track's lock also makes the exit code 1, and each lock has its line."""
    publish(index[0], "tool", "1.0")
    folder = lock.parent / "requirements"
    folder.mkdir()
    folder.joinpath("old.in").write_text("tool\n")
    folder.joinpath("old_lock.txt").write_text(lock.read_text() + "tool==1.0\n")
    with serving_advisories({"tool": _ADVISORY}) as service:
        assert _audit(service, monkeypatch) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "requirements_lock.txt: 0 findings in 2 packages"
    assert lines[-1] == "requirements/old_lock.txt: 1 findings in 3 packages"
