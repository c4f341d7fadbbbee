"""The call of mmdebstrap and the progress messages, with a fake mmdebstrap."""

import contextlib
import os
from pathlib import Path

import pytest

from tools.airgap import bootstrap, host, mirrors
from tools.airgap.errors import AirgapError
from tools.airgap.mirrors import Mirror, Offer
from tools.airgap.paths import Paths

TRIES = """#!/bin/sh
for word; do echo "$word"; done >"$0.called"
echo "I: running apt-get update..." >&2
echo "I: installing remaining packages inside the chroot..." >&2
"""


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A machine that allows everything, with a mirror that offers Bazel."""
    monkeypatch.setattr(host, "prepare", lambda _: None)
    monkeypatch.setattr(host, "PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(mirrors, "debian_mirror", lambda _: Mirror("http://m.test/debian"))
    monkeypatch.setattr(mirrors, "best_offer", lambda *_: Offer("sid", "7.7.1+ds-8", ""))
    (tmp_path / "sealed").mkdir()
    return Paths(str(Path.cwd()), str(tmp_path))


def fake(folder: Path, name: str, body: str) -> None:
    """Put a fake program into the first folder of host.PATH, which mmdebstrap and its helpers are started from."""
    (folder / name).write_text(body)
    (folder / name).chmod(0o755)


def build(paths: Paths) -> str:
    """Make a root with the fakes, past setpriv, which a sandbox may forbid."""
    fake(Path(paths.cache), "setpriv", '#!/bin/sh\nshift 2\nexec "$@"\n')
    lock = os.open(paths.cache, os.O_RDONLY)
    try:
        return bootstrap.build(os.path.join(paths.sealed, "key.part"), paths, lock)
    finally:
        os.close(lock)


def as_root(paths: Paths, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Pretend to be root; the command that would run in new namespaces is a fake."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    fake(Path(paths.cache), "unshare", body)


def test_phases_are_told(
    paths: Paths,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each phase is a line with the seconds on stderr, the version is returned, and stdout is empty."""
    as_root(paths, monkeypatch, TRIES)
    assert build(paths) == "7.7.1+ds-8"
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split("s  ")[-1] for line in err.splitlines()] == [
        "bazelw: creating the sealed root, once, which takes about a minute: Debian sid, Bazel 7.7.1+ds-8",
        "reading the package lists",
        "installing Bazel and its tools (half of the time)",
        "the sealed root is ready",
    ]


def test_mmdebstrap_is_told_everything(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages, patterns, proxy and the waiver of Valid-Until reach mmdebstrap, which runs in new namespaces."""
    offer = Offer("sid", "7.7.1", "yesterday")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    command = bootstrap.mmdebstrap("/r", paths, Mirror("http://m.test", "http://p.test"), offer)
    assert command[:3] == ["unshare", "--mount", "--pid"]
    assert command[-4:] == ["--mode=root", "sid", "/r", "http://m.test"]
    assert "--dpkgopt=path-exclude=/usr/share/doc/*" in command
    assert '--aptopt=Acquire::Check-Valid-Until "false"' in command
    assert '--aptopt=Acquire::http::Proxy "http://p.test"' in command
    packages = next(word for word in command if word.startswith("--include="))
    assert "bazel-bootstrap" in packages
    assert "#" not in packages
    assert " " not in packages


def test_dates_are_checked_unless_expired(paths: Paths) -> None:
    """Valid-Until is waived only for an expired Release."""
    offer = Offer("sid", "7.7.1", "")
    command = bootstrap.mmdebstrap("/r", paths, Mirror("http://m.test"), offer)
    assert not [word for word in command if "Valid-Until" in word or "Proxy" in word]


def test_waiver_is_told(
    paths: Paths,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An expired Release is used, with a warning."""
    as_root(paths, monkeypatch, TRIES)
    monkeypatch.setattr(mirrors, "best_offer", lambda *_: Offer("sid", "7.7.1", "Fri, 06 Nov"))
    build(paths)
    assert "sid is past its date (Fri, 06 Nov); using it anyway" in capsys.readouterr().err


def test_ordinary_user(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary user owns every file: mmdebstrap's tar is unpacked, without its devices."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    body = "mkdir -p /tmp/t.$$/usr /tmp/t.$$/dev; cd /tmp/t.$$; touch dev/null usr/x; tar -c ./usr ./dev"
    fake(Path(paths.cache), "mmdebstrap", f"#!/bin/sh\n{body}\n")
    build(paths)
    root = Path(paths.sealed, "key.part")
    assert (root / "usr" / "x").exists()
    assert not (root / "dev" / "null").exists()


@pytest.mark.parametrize("user", [0, 1000])
def test_failure_is_told(paths: Paths, monkeypatch: pytest.MonkeyPatch, user: int) -> None:
    """The error message holds mmdebstrap's first error and the path of its log."""
    body = '#!/bin/sh\necho "I: fine" >&2\necho "E: no space" >&2\necho "E: later" >&2\nexit 1\n'
    as_root(paths, monkeypatch, body)
    fake(Path(paths.cache), "mmdebstrap", body)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with pytest.raises(AirgapError, match=r"mmdebstrap failed: E: no space \(its output: .*/log\)"):
        build(paths)
    assert "I: fine" in Path(paths.sealed, "log").read_text()


def test_silence_is_not_endless(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long phase prints a progress message from time to time; the phase in this test lasts until one is printed."""
    heard = Path(paths.cache, "heard")
    monkeypatch.setattr(bootstrap, "HEARTBEAT", 0.1)
    until_heard = f"until grep -q 'still installing Bazel and its tools' {heard}; do sleep 0.05; done"
    as_root(paths, monkeypatch, f'{TRIES}timeout 60 sh -c "{until_heard}"\n')
    with heard.open("w") as stderr, contextlib.redirect_stderr(stderr):
        build(paths)


def test_mmdebstrap_keeps_the_lock(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock's descriptor is inherited by mmdebstrap, so no other process makes the root while it runs."""
    listing = Path(paths.cache, "open")
    as_root(paths, monkeypatch, f"#!/bin/sh\nls -l /proc/$$/fd >{listing}\n")
    build(paths)
    assert f"-> {paths.cache}\n" in listing.read_text()


def test_series(paths: Paths) -> None:
    """The series is that of tools/airgap/bazel_version, with its dot."""
    version = Path(paths.airgap, "bazel_version").read_text().strip()
    assert version.startswith(bootstrap.series(paths))
    assert bootstrap.series(paths).count(".") == 2
