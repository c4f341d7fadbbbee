"""Reading the settings of pip and npm."""

from pathlib import Path

import pytest

from tools.airgap import indexes


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with pip's file at the newer path."""
    (tmp_path / ".config" / "pip").mkdir(parents=True)
    return tmp_path


def settings(home: Path, **env: str) -> dict[str, str]:
    """Return pip's settings for a user with the home folder, without settings of the machine."""
    return indexes.pip_settings({"HOME": str(home), "XDG_CONFIG_DIRS": "/nowhere", **env})


def test_pip_of_the_user(home: Path) -> None:
    """The user's file is read; `install` takes precedence over `global`, as in pip."""
    (home / ".config" / "pip" / "pip.conf").write_text(
        "[global]\nindex-url = http://i.test\nfind_links = /a\n    /b\n[install]\nindex-url=http://j.test\n"
    )
    found = settings(home)
    assert found["index-url"] == "http://j.test"
    assert found["find-links"].split() == ["/a", "/b"]


def test_pip_order(home: Path) -> None:
    """Precedence increases from the older path to the newer one, PIP_CONFIG_FILE and PIP_*; empty ones are ignored."""
    (home / ".pip").mkdir()
    (home / ".pip" / "pip.conf").write_text("[global]\nindex-url=1\nextra-index-url=1\ncert=1\ntimeout=1")
    (home / ".config" / "pip" / "pip.conf").write_text("[global]\nextra-index-url=2\ncert=2\ntimeout=2")
    (home / "named").write_text("[global]\ncert=3\ntimeout=3")
    env = {"PIP_CONFIG_FILE": str(home / "named"), "PIP_TIMEOUT": "4", "PIP_CERT": ""}
    found = settings(home, **env)
    names = ("index-url", "extra-index-url", "cert", "timeout")
    assert [found[name] for name in names] == ["1", "2", "3", "4"]


def test_pip_without_files(home: Path) -> None:
    """PIP_CONFIG_FILE=/dev/null disables all files, as in pip."""
    (home / ".config" / "pip" / "pip.conf").write_text("[global]\nindex-url = http://i.test")
    found = settings(home, PIP_CONFIG_FILE="/dev/null")
    assert "index-url" not in found


def test_local_paths(home: Path) -> None:
    """Existing folders and `file:` addresses are found; web addresses and missing paths are not."""
    found = indexes.local_paths(
        {
            "index-url": "http://i.test/simple",
            "extra-index-url": f"file://{home}/.config file:///gone",
            "find-links": str(home),
            "trusted-host": str(home),
        }
    )
    assert found == [f"{home}/.config", str(home)]


def test_npm(home: Path) -> None:
    """The variable takes precedence over the user's file; without npm and both, the result is empty."""
    env = {"HOME": str(home), "PATH": "/nowhere"}
    assert indexes.npm_registry(env) == ""
    (home / ".npmrc").write_text("color=false\nregistry = http://n.test/\n")
    assert indexes.npm_registry(env) == "http://n.test/"
    assert indexes.npm_registry({**env, "npm_config_registry": "http://v.test"}) == "http://v.test"


@pytest.mark.parametrize(("said", "known"), [("http://n.test/", "http://n.test/"), ("null", "")])
def test_npm_is_asked(home: Path, said: str, known: str) -> None:
    """Without files and variables, the index of `npm config` is used."""
    npm = home / "npm"
    npm.write_text(f"#!/bin/sh\necho {said}\n")
    npm.chmod(0o755)
    assert indexes.npm_registry({"HOME": "/nowhere", "PATH": f"{home}:/usr/bin:/bin"}) == known
