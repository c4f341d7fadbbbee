"""The one fact that the server tells the application: whether it is about to stop."""

from dataclasses import dataclass


@dataclass(slots=True)
class Lifecycle:
    """Set by the server on the first signal, read by readiness and by the middleware."""

    draining: bool = False
