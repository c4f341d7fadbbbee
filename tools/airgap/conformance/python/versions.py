"""The version of a distribution that a library imports."""

import pydantic


def version() -> str:
    """Return the version of pydantic."""
    return pydantic.VERSION
