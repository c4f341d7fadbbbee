"""Copy the generated clients into the source tree, where editors and tools outside of Bazel find them."""

import os
import sys
from pathlib import Path


def copy(files: list[Path], workspace: Path) -> list[Path]:
    """Copy files, given by their paths from the root, and return the changed ones."""
    changed = []
    for file in files:
        content, target = file.read_bytes(), workspace / file
        if target.exists() and target.read_bytes() == content:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        changed.append(file)
    return changed


def main(files: list[str]) -> int:
    """Run the command and return the exit code."""
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if workspace is None:
        sys.stderr.write("clients: run `bazel run //:clients` in the source tree\n")
        return 1
    changed = copy([Path(file) for file in files], Path(workspace))
    sys.stderr.writelines(f"clients: wrote {file}\n" for file in changed)
    sys.stderr.write(f"clients: {len(files) - len(changed)} files are up to date\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
