"""Tests of libs.auth.key_files, on real folders."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from libs.auth.errors import UnusableKey
from libs.auth.key_files import KeyFolder
from libs.auth.keys import KeyRing
from libs.auth.signatures import Algorithm
from libs.clock.testing import START, FakeClock


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    """Return a folder with one key that signs by now."""
    keys = KeyFolder(tmp_path / "keys")
    with keys.locked():
        keys.write(Algorithm.EDDSA, activates_at=START)
    return keys


def the_file(folder: KeyFolder) -> Path:
    """Return the one key file."""
    (path,) = folder.path.iterdir()
    return path


def test_a_written_key_is_read_back_under_its_name(folder: KeyFolder) -> None:
    """The file's name is the kid and begins with the time of activation."""
    (key,) = folder.read()
    assert key.key_id == the_file(folder).stem
    assert key.key_id.startswith("20260101T120000Z-")
    assert key.activates_at == START


def test_a_key_is_readable_by_its_owner_alone(folder: KeyFolder) -> None:
    """The file is private from its creation on."""
    assert stat.S_IMODE(the_file(folder).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_a_time_in_another_zone_is_written_in_utc(folder: KeyFolder) -> None:
    """File names sort by time, regardless of the time zone of the given time."""
    zone = datetime(2026, 1, 1, 12, tzinfo=UTC).astimezone().tzinfo
    folder.write(Algorithm.ES256, activates_at=(START + timedelta(hours=1)).astimezone(zone))
    assert [key.activates_at for key in folder.read()] == [START, START + timedelta(hours=1)]


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600, 0o640])
def test_modes_of_mounted_secrets_are_accepted(folder: KeyFolder, mode: int) -> None:
    """A key file may be readable by its owner and group."""
    the_file(folder).chmod(mode)
    assert folder.read()


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o602, 0o777, 0o601])
def test_a_key_that_others_may_touch_is_refused(folder: KeyFolder, mode: int) -> None:
    """The error has the mode of the file and the expected mode."""
    the_file(folder).chmod(mode)
    with pytest.raises(UnusableKey, match=f"{mode:04o}; expected 0400, 0440 or 0600"):
        folder.read()


@pytest.mark.parametrize(
    "name", ["key.pem", "2026-key.pem", "20260101T120000Z-sp ace.pem", "20261301T000000Z-a.pem", "-a.pem"]
)
def test_a_name_without_a_time_is_refused(folder: KeyFolder, name: str) -> None:
    """A key whose time is unknown must not sign."""
    the_file(folder).rename(folder.path / name)
    with pytest.raises(UnusableKey, match="name"):
        folder.read()


@pytest.mark.parametrize("content", [b"", b"secret", b"-----BEGIN PRIVATE KEY-----\n", b"\xff" * 100, b"x" * 70_000])
def test_a_file_that_is_no_key_is_refused(folder: KeyFolder, content: bytes) -> None:
    """The error has the name of the file and not its content."""
    the_file(folder).write_bytes(content)
    with pytest.raises(UnusableKey) as caught:
        folder.read()
    assert caught.value.where == str(the_file(folder))


def test_other_files_and_drafts_are_passed_over(folder: KeyFolder) -> None:
    """Links and folders with a leading dot, as in mounted secrets, are ignored."""
    (folder.path / ".draft.pem").write_bytes(b"")
    (folder.path / "README").write_bytes(b"")
    (folder.path / "..data").mkdir()
    assert len(folder.read()) == 1


def test_a_folder_in_the_place_of_a_key_is_refused(folder: KeyFolder) -> None:
    """A file with the name of a key must contain a key."""
    (folder.path / "20260101T120000Z-a.pem").mkdir()
    with pytest.raises(UnusableKey, match="not a key file"):
        folder.read()


@pytest.mark.parametrize("make", [True, False])
def test_no_keys_are_one_sentence(tmp_path: Path, *, make: bool) -> None:
    """An empty or missing folder stops the start."""
    path = tmp_path / "keys"
    if make:
        path.mkdir()
    with pytest.raises(UnusableKey, match=f"^{path}: no "):
        KeyRing.from_folder(path, clock=FakeClock())


def test_a_ring_sees_the_link_of_a_mounted_secret_move(tmp_path: Path) -> None:
    """Mounted secrets change by pointing a link at another folder, as Kubernetes does."""
    for name in ("first", "second"):
        folder = KeyFolder(tmp_path / name)
        with folder.locked():
            folder.write(Algorithm.EDDSA, activates_at=START)
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    data = mounted / "..data"
    data.symlink_to(tmp_path / "first")
    key = the_file(KeyFolder(tmp_path / "first")).name
    (mounted / key).symlink_to(Path("..data") / key)
    clock = FakeClock()
    ring = KeyRing.from_folder(mounted, clock=clock)
    before = ring.to_jwks()
    the_file(KeyFolder(tmp_path / "second")).rename(tmp_path / "second" / key)
    (mounted / "..tmp").symlink_to(tmp_path / "second")
    (mounted / "..tmp").rename(data)
    clock.advance(5)
    assert ring.to_jwks() != before


def test_an_unreadable_key_is_one_sentence(folder: KeyFolder) -> None:
    """The error is one sentence with the path and the reason."""
    (folder.path / "20260101T130000Z-dangling.pem").symlink_to("nowhere")
    for attempt in (folder.read, folder.stamp):
        with pytest.raises(UnusableKey, match="cannot be read: No such file"):
            attempt()


def test_folder_that_cannot_be_written_to_is_one_sentence(tmp_path: Path) -> None:
    """The error names the reason. The remedy for a missing permission is tested in image_test."""
    tmp_path.joinpath("file").touch()
    keys = KeyFolder(tmp_path / "file" / "keys")
    sentence = r"/file/keys: cannot be written to: Not a directory$"
    with pytest.raises(UnusableKey, match=sentence), keys.locked():
        pass
    with pytest.raises(UnusableKey, match=sentence):
        keys.write(Algorithm.EDDSA, activates_at=START)


def test_key_that_cannot_be_deleted_is_one_sentence(folder: KeyFolder) -> None:
    """An error of the file system names the folder."""
    (key,) = folder.read()
    folder.remove(key.key_id)
    with pytest.raises(UnusableKey, match=r"/keys: cannot be written to: No such file or directory$"):
        folder.remove(key.key_id)
