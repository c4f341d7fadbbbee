"""Clear-signed files of a Debian archive, checked by gpgv against keyrings."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.oci.debian.errors import DebianArchiveError

_WEAK_DIGESTS = ("MD5", "SHA1", "RIPEMD160")


class NoGpgvError(DebianArchiveError):
    """The program that checks signatures is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "gpgv is not installed and checks the signatures of Debian's indexes: "
            "install it with `apt install gpgv` or `brew install gnupg`"
        )


class SignatureError(DebianArchiveError):
    """A file has no valid signature by a trusted key."""

    def __init__(self, url: str, *, reason: str) -> None:
        super().__init__(
            f"{url}: no valid signature by a trusted key ({reason}); "
            "for a mirror that signs its own indexes, name its keyring with --keyring or DEBIAN_KEYRING"
        )
        self.url = url


def verified(content: bytes, *, url: str, keyrings: Sequence[Path]) -> str:
    """Return the signed text of a clear-signed file, without anything outside the signature.

    As in apt, one good signature is enough, one bad signature is too many, and unknown keys are ignored.

    Raises:
        NoGpgvError: gpgv is not installed.
        SignatureError: no trusted key has signed the file, or it was changed.
    """
    program = shutil.which("gpgv")
    if program is None:
        raise NoGpgvError
    with tempfile.TemporaryDirectory() as folder:
        signed, text = Path(folder, "signed"), Path(folder, "text")
        signed.write_bytes(content)
        command = [program, "--homedir", folder, "--status-fd", "1", "--output", str(text)]
        command += [word for digest in _WEAK_DIGESTS for word in ("--weak-digest", digest)]
        command += [word for keyring in keyrings for word in ("--keyring", str(keyring.resolve()))]
        done = subprocess.run([*command, str(signed)], capture_output=True, text=True, check=False, errors="replace")
        words = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("[GNUPG:] ")]
        if "GOODSIG" not in words or "BADSIG" in words or not text.is_file():
            raise SignatureError(url, reason=_reason(words))
        return text.read_bytes().decode()


def _reason(words: Sequence[str]) -> str:
    reasons = {
        "BADSIG": "the file was changed after it was signed",
        "EXPKEYSIG": "the key has expired",
        "REVKEYSIG": "the key was revoked",
        "NO_PUBKEY": "signed by an unknown key",
    }
    return next((reason for word, reason in reasons.items() if word in words), "it is not signed")
