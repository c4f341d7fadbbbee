"""What goes wrong around a service rather than in its domain."""


class WebError(Exception):
    """Base of this library's errors."""


class StartupError(WebError):
    """A reason not to start, in one sentence for the person who typed the command."""


class PortTaken(StartupError):
    """The address to listen on belongs to another process."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"{host}:{port} is in use by another process; choose another port.")
        self.host = host
        self.port = port


class UnknownServerVersion(StartupError):
    """The guard was not written for the server that is installed."""

    def __init__(self, name: str, found: str, known: str) -> None:
        super().__init__(
            f"{name} {found} is installed, but libs/web/guard.py is written for {known}:"
            " lock that version, or adapt the guard and its tests to the other."
        )
        self.name = name
        self.found = found
        self.known = known
