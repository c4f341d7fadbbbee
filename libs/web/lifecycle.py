"""The state that the server shares with the application: whether it is draining."""

from dataclasses import dataclass


@dataclass(slots=True)
class Lifecycle:
    """Set by the server on the first signal, read by readiness and by the middleware."""

    draining: bool = False
