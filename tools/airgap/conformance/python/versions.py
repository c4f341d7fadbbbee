"""What a library finds installed."""

import pydantic


def version() -> str:
    """Return the version of pydantic."""
    return pydantic.VERSION
