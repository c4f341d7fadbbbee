"""What goes wrong around a service rather than in its domain."""


class WebError(Exception):
    """Base of this library's errors."""


class Refusal(WebError):
    """A reason not to start, in one sentence for the person who typed the command."""


class PortTaken(Refusal):
    """The address to listen on belongs to another process."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"{host}:{port} is in use by another process; choose another port.")
        self.host = host
        self.port = port
