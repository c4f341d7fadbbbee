"""What bazelw says when it cannot go on."""

from __future__ import annotations


class Refusal(Exception):
    """One sentence for the person at the terminal; nothing half-made stays behind."""

    EXIT_CODE = 36
    """Bazel's own code for an environment that does not allow what was asked."""
