"""The failure on a machine that forbids namespaces differs from that of a broken image."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.oci.testing import forbid_namespaces
from tools.oci.testing.running import find_emulator, require_namespaces

_ASK = "from tools.oci.testing.running import require_namespaces; require_namespaces()"


def test_namespaces_are_allowed_here() -> None:
    """On a machine that runs image tests, the probe succeeds without output."""
    require_namespaces()


def test_forbidden_namespaces_are_said() -> None:
    """The error has the refused system call and the settings to change."""
    command = [sys.executable, forbid_namespaces.__file__, sys.executable, "-c", _ASK]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "NamespacesForbiddenError: error: unshare: Operation not permitted. Allow user namespaces" in done.stderr


@pytest.mark.parametrize(("switch", "code"), [("", 1), ("skip", 0)])
def test_image_test_fails_unless_told_to_skip(switch: str, code: int) -> None:
    """Without namespaces the image test fails and names the switch; with the switch it is skipped with the reason."""
    image_test = [str(Path(os.environ["IMAGE_TEST"]).absolute()), "tools/oci/testing/tests/test_image.py"]
    command = [sys.executable, forbid_namespaces.__file__, *image_test, "-k", "has_no_rights", "-rs"]
    env = os.environ | {"IMAGE_TEST_WITHOUT_NAMESPACES": switch, "XML_OUTPUT_FILE": "", "TESTBRIDGE_TEST_ONLY": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == code, done.stdout + done.stderr
    assert ("SKIPPED" if switch else "--test_env=IMAGE_TEST_WITHOUT_NAMESPACES=skip") in done.stdout
    assert "unshare: Operation not permitted" in done.stdout


def test_emulator_is_looked_for_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator of qemu-user is found on PATH; QEMU_AARCH64 names one in another place."""
    monkeypatch.delenv("QEMU_AARCH64", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_emulator() is None
    program = tmp_path / "qemu-aarch64-static"
    program.touch(mode=0o755)
    assert find_emulator() == program
    monkeypatch.setenv("QEMU_AARCH64", "/elsewhere/qemu")
    assert find_emulator() == Path("/elsewhere/qemu")
