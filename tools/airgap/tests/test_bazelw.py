"""bazelw's choice of a mode, with fakes of all programs that it can start."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path("bazelw")
TOOLS = ("bash", "cat", "chmod", "dirname", "env", "find", "mkdir", "mv", "rm", "touch", "tr", "uname")
SHA256 = {
    "x86_64": "22e7d3a188699982f661cf4687137ee52d1f24fec1ec893d91a6c4d791a75de8",
    "aarch64": "8ded44b58a0d9425a4178af26cf17693feac3b87bdcfef0a2a0898fcd1afc9f2",
}
LAUNCHER = """
[ "$1" = --version ] && echo "bazel {version}" && exit
echo "{name} in $PWD:" "$@"
exit 5
"""
CURL = """
for word; do case $word in https://*) url=$word ;; esac; done
echo "$url" >>"$CALLS"
while [ $# -gt 1 ]; do [ "$1" = --output ] && file=$2; shift; done
case $url in $ANSWERING) ;; *) exit 28 ;; esac
echo '#!/bin/sh
echo pinned bazelisk: "$@"' >"$file"
"""
SEALED = """
import os, sys
print("sealed", *sys.argv[2:], os.environ.get("BAZELW_CACHE"))
"""
EVERYTHING, NOTHING, REGISTRY = "*", "none", "*bcr.bazel.build*"


class Machine:
    """A folder of programs, a checkout and a cache; bazelw finds no other program."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.checkout = folder / "bin", folder / "a checkout"
        self.cache, self.calls = folder / "cache", folder / "calls"
        self.bin.mkdir()
        (self.checkout / "tools" / "airgap").mkdir(parents=True)
        (self.checkout / "sub").mkdir()
        (self.checkout / "MODULE.bazel").touch()
        (self.checkout / ".bazelversion").write_text("7.7.1\n")
        (self.checkout / "tools" / "airgap" / "__main__.py").write_text(SEALED)
        shutil.copy(SCRIPT, self.checkout / "bazelw")
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found, tool
            (self.bin / tool).symlink_to(found)
        self.program("curl", CURL)

    def program(self, name: str, body: str) -> None:
        """Put a shell program on PATH."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{body}")
        path.chmod(0o755)

    def launcher(self, name: str, version: str) -> None:
        """Put a bazel or bazelisk of a version on PATH."""
        self.program(name, LAUNCHER.format(name=name, version=version))

    def run(self, *arguments: str, answering: str = NOTHING, at: str = "", **env: str) -> "Result":
        """Run bazelw; only the servers that match the shell pattern answer."""
        done = subprocess.run(
            [self.checkout / "bazelw", *arguments],
            cwd=self.checkout / at,
            env={
                "PATH": str(self.bin),
                "HOME": "/nowhere",
                "BAZELW_CACHE": str(self.cache),
                "CALLS": str(self.calls),
                "ANSWERING": answering,
                **env,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return Result(done.returncode, done.stdout.strip(), done.stderr.strip())

    def asked(self) -> list[str]:
        """Return the requested addresses."""
        return self.calls.read_text().split() if self.calls.exists() else []


class Result(tuple[int, str, str]):
    """Exit code, stdout and stderr."""

    def __new__(cls, code: int, out: str, err: str) -> "Result":
        """Keep the three."""
        return super().__new__(cls, (code, out, err))

    @property
    def code(self) -> int:
        """The exit code."""
        return self[0]

    @property
    def out(self) -> str:
        """The output."""
        return self[1]

    @property
    def err(self) -> str:
        """The output on stderr."""
        return self[2]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with curl and no Bazel."""
    return Machine(tmp_path)


@pytest.mark.parametrize("name", ["bazel", "bazelisk"])
def test_path_mode(machine: Machine, name: str) -> None:
    """A launcher of the right version is used if the registry answers; its exit code is bazelw's exit code."""
    machine.launcher(name, "7.7.1")
    code, out, err = machine.run("build", "//a b", answering=REGISTRY)
    assert code == 5
    assert out == f"{name} in {machine.checkout}: --output_user_root={machine.cache}/bazel build //a b"
    assert err == f"bazelw: mode path ({machine.bin}/{name})"


def test_bazelisk_comes_before_bazel(machine: Machine) -> None:
    """Of two launchers, bazelisk is taken."""
    machine.launcher("bazel", "7.7.1")
    machine.launcher("bazelisk", "7.7.1")
    assert machine.run("info", answering=REGISTRY).out.startswith("bazelisk in")


def test_another_version_is_not_taken(machine: Machine) -> None:
    """A launcher of another version is skipped, also if the expected version is a prefix of its version."""
    machine.launcher("bazel", "7.7.10")
    assert machine.run("info", answering=REGISTRY).err == "bazelw: mode sealed"


def test_launcher_without_registry_is_not_taken(machine: Machine) -> None:
    """If the registry does not answer, a launcher on PATH is not used."""
    machine.launcher("bazel", "7.7.1")
    assert machine.run("info", answering=NOTHING).err == "bazelw: mode sealed"


def test_bazelisk_mode(machine: Machine) -> None:
    """Without a launcher, the pinned bazelisk is downloaded, verified and kept."""
    machine.program("sha256sum", f'echo "{SHA256[os.uname().machine]}  $1"')
    first = machine.run("info", answering=EVERYTHING)
    assert first.out == f"pinned bazelisk: --output_user_root={machine.cache}/bazel info"
    assert first.err.startswith("bazelw: mode bazelisk (")
    assert "/v1.28.1/bazelisk-linux-" in machine.asked()[1]
    second = machine.run("info", answering=NOTHING)
    assert second == (first.code, first.out, "")


def test_wrong_checksum_is_refused(machine: Machine) -> None:
    """A bazelisk with another checksum is neither started nor kept, and the error has both checksums."""
    machine.program("sha256sum", 'echo "0badc0de  $1"')
    result = machine.run("info", answering=EVERYTHING)
    assert result.out.startswith("sealed")
    assert "has sha256 0badc0de, expected" in result.err
    assert not list(machine.cache.glob("bazelisk*"))


def test_no_github_means_sealed(machine: Machine) -> None:
    """If the registry answers but GitHub does not, the sealed root is used."""
    result = machine.run("test", "//...", answering=REGISTRY)
    assert result == (0, f"sealed test //... {machine.cache}", "bazelw: mode sealed")


def test_second_call_asks_and_says_nothing(machine: Machine) -> None:
    """The choice is cached: a second call sends no request and prints nothing."""
    machine.run("info")
    asked = machine.asked()
    assert machine.run("info").err == ""
    assert machine.asked() == asked


def test_choice_ages(machine: Machine) -> None:
    """After half a day the servers are tried again, and a changed mode is printed."""
    machine.run("info")
    yesterday = time.time() - 86400
    os.utime(machine.cache / "mode-7.7.1", (yesterday, yesterday))
    machine.launcher("bazel", "7.7.1")
    assert machine.run("info", answering=REGISTRY).err.startswith("bazelw: mode path")


def test_vanished_launcher_is_replaced(machine: Machine) -> None:
    """If the launcher of the cached choice is gone, bazelw chooses again."""
    machine.launcher("bazel", "7.7.1")
    machine.run("info", answering=REGISTRY)
    (machine.bin / "bazel").unlink()
    assert machine.run("info").err == "bazelw: mode sealed"


def test_mode_can_be_named(machine: Machine) -> None:
    """BAZELW_MODE overrides the choice, and no server is tried."""
    machine.launcher("bazel", "7.7.1")
    machine.run("info", answering=REGISTRY)
    asked = machine.asked()
    assert machine.run("info", BAZELW_MODE="sealed").out.startswith("sealed info")
    assert machine.run("info", BAZELW_MODE="path").out.startswith("bazel in")
    assert machine.asked() == asked


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("path", "no bazelisk or bazel 7.7.1 on PATH"),
        ("bazelisk", "cannot have bazelisk 1.28.1 from GitHub"),
        ("fast", "BAZELW_MODE is 'fast'; it can be path, bazelisk or sealed"),
    ],
)
def test_named_mode_that_cannot_be(machine: Machine, mode: str, said: str) -> None:
    """A mode that is not available is refused with a one-line error."""
    assert machine.run("info", BAZELW_MODE=mode) == (36, "", f"bazelw: {said}")


@pytest.mark.parametrize(
    ("free", "said"), [(2_097_151, "only 2047 MB are free in {}; where builds fail"), (2_097_152, "")]
)
def test_nearly_full_disk(machine: Machine, free: int, said: str) -> None:
    """A nearly full disk causes a warning, and the command still runs, because a query needs no space."""
    machine.run("info")
    machine.program("df", f"echo Filesystem and other words; echo /dev/a 9999999 99 {free} 97% /mnt/a b")
    code, out, err = machine.run("info")
    assert (code, out) == (0, f"sealed info {machine.cache}")
    assert err.removeprefix("bazelw: ").startswith(said.format(machine.cache)) if said else err == ""


@pytest.mark.parametrize("fetcher", ["wget", "python3"])
def test_machine_without_curl(machine: Machine, fetcher: str) -> None:
    """Without curl, wget or Python sends the request to the registry."""
    (machine.bin / "curl").unlink()
    machine.program(fetcher, "exit 0")
    machine.launcher("bazel", "7.7.1")
    assert machine.run("info").err.startswith("bazelw: mode path")


def test_inside_the_sealed_root(machine: Machine) -> None:
    """A call inside the sealed root runs the root's bazel directly."""
    machine.launcher("bazel", "of the root")
    result = machine.run("info", BAZELW_INSIDE="1")
    assert result == (5, f"bazel in {machine.checkout}: info", "")
    assert not machine.cache.exists()


def test_folder_of_the_caller_is_kept(machine: Machine) -> None:
    """Labels are relative to the caller's folder if that is inside a workspace."""
    machine.launcher("bazel", "7.7.1")
    result = machine.run("info", at="sub", answering=REGISTRY)
    assert result.out.startswith(f"bazel in {machine.checkout}/sub:")


def test_called_from_elsewhere(machine: Machine, tmp_path: Path) -> None:
    """Called from outside of any workspace, bazelw uses the workspace that contains it."""
    machine.launcher("bazel", "7.7.1")
    result = machine.run("info", at=str(tmp_path), answering=REGISTRY)
    assert result.out.startswith(f"bazel in {machine.checkout}:")


def test_self_test_is_a_test(machine: Machine) -> None:
    """`--self-test` runs the test //tools/airgap:self_test."""
    assert machine.run("--self-test").out.startswith("sealed test //tools/airgap:self_test")


def test_cache_defaults_to_the_users(machine: Machine, tmp_path: Path) -> None:
    """Without BAZELW_CACHE the cache is in the user's cache folder, and Bazel in path mode keeps its default folder."""
    machine.launcher("bazel", "7.7.1")
    result = machine.run("info", answering=REGISTRY, BAZELW_CACHE="", HOME=str(tmp_path))
    assert result.out == f"bazel in {machine.checkout}: info"
    assert (tmp_path / ".cache" / "bazelw" / "mode-7.7.1").exists()


def test_cache_that_cannot_be_written(machine: Machine) -> None:
    """A cache folder that cannot be created is refused with a one-line error."""
    machine.calls.touch()
    code, out, err = machine.run("info", BAZELW_CACHE=f"{machine.calls}/cache")
    assert (code, out) == (36, "")
    assert err == f"bazelw: cannot write to {machine.calls}/cache; name another folder in BAZELW_CACHE"
