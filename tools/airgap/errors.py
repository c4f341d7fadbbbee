"""The error with which bazelw stops."""

from __future__ import annotations


class AirgapError(Exception):
    """Bazel cannot be started on this machine; the message is one sentence with the fix."""

    EXIT_CODE = 36
    """Bazel's exit code for an environment error."""
