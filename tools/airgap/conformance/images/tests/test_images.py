"""The images have the digests that the upstream rules produce, and their commands exist."""

import os
import subprocess
import sys
from pathlib import Path

_DIGESTS = {
    "greeting_amd64": "sha256:b5a048b6dd81623803a6928ee585659f04c07f60314aec3f29153b526f33a1ff",
    "index": "sha256:6793e68db5b150c2810d6c3d518bd548b111c62918ba91da12725e53ea03d779",
    "split": "sha256:a9334dfbda50c9d1e3efa551e61b31db1a77506aff4f70ed99064ba665c20fe6",
}


def main(folder: Path) -> None:
    """Compare the digests, and check that the push command fails without a repository."""
    found = {name: (folder / f"{name}.json.sha256").read_text().strip() for name in _DIGESTS}
    assert found == _DIGESTS, found
    runfiles = os.environ | {"RUNFILES_DIR": str(Path.cwd().parent)}
    done = subprocess.run([folder / "push_push.sh"], env=runfiles, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1, done
    assert "repository not set" in done.stderr, done.stderr


if __name__ == "__main__":
    main(Path(sys.argv[1]))
