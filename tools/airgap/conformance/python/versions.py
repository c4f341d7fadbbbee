"""The version of a distribution, as a library sees it."""

import pydantic


def version() -> str:
    """Return the version of pydantic."""
    return pydantic.VERSION
