"""Write the labels of a stamped image from Bazel's workspace status.

labels.py --status FILE --labels FILE --created FILE

The creation time is that of the commit, not of the build, so all builds of a commit have the same digest.
"""

import argparse
import re
import sys
from collections.abc import Mapping
from pathlib import Path

_COMMIT = "STABLE_GIT_COMMIT"
_TIME = "STABLE_GIT_COMMIT_TIME"
_EXPECTED = {
    _COMMIT: "[0-9a-f]{40}([0-9a-f]{24})?(-dirty)?",
    _TIME: r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)",
}


class WorkspaceStatusError(Exception):
    """The workspace status does not have the commit."""

    def __init__(self, key: str, value: str | None) -> None:
        found = f"no {key}" if value is None else f"{key} {value!r}"
        super().__init__(
            f"the workspace status has {found}: build stamped images with --config=stamp, "
            f"or with a --workspace_status_command that prints {_COMMIT} and {_TIME} (RFC 3339)"
        )
        self.key = key


def main(arguments: list[str]) -> int:
    """Run the command; 1 means that the status does not have the commit."""
    parser = argparse.ArgumentParser(prog="labels")
    for file in ("status", "labels", "created"):
        parser.add_argument(f"--{file}", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        status = read_status(options.status.read_text())
    except WorkspaceStatusError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    labels = {
        "org.opencontainers.image.created": status[_TIME],
        "org.opencontainers.image.revision": status[_COMMIT],
    }
    options.labels.write_text("".join(f"{key}={value}\n" for key, value in labels.items()))
    options.created.write_text(status[_TIME])
    return 0


def read_status(text: str) -> Mapping[str, str]:
    """Read a workspace status: lines of a key, a space and a value.

    Raises:
        WorkspaceStatusError: a value for the labels is missing, or is in no form that the labels may have.
    """
    status = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    for key, form in _EXPECTED.items():
        if not re.fullmatch(form, status.get(key, "")):
            raise WorkspaceStatusError(key, status.get(key))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
