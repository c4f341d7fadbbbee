"""Errors of running a service, as opposed to errors of its domain."""

import errno
import socket


class WebError(Exception):
    """Base of this library's errors."""


class StartupError(WebError):
    """A command cannot run; the text is one sentence for the operator. The exit code is 2."""


class ListenError(StartupError):
    """The service cannot listen on its address."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"{host}:{port} {reason}")
        self.host = host
        self.port = port

    @staticmethod
    def of(host: str, port: int, error: OSError | UnicodeError) -> "ListenError":
        """Return the error with the reason why the address could not be bound."""
        if isinstance(error, socket.gaierror | UnicodeError) or error.errno == errno.EADDRNOTAVAIL:
            return UnknownAddress(host, port)
        if error.errno == errno.EADDRINUSE:
            return PortTaken(host, port)
        if error.errno in {errno.EACCES, errno.EPERM}:
            return PortForbidden(host, port)
        return ListenError(host, port, f"cannot be listened on: {error.strerror}.")


class PortTaken(ListenError):
    """Another process listens on the address."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port, "is in use by another process; choose another port.")


class PortForbidden(ListenError):
    """This process has no permission to listen on the address."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port, "is not permitted to this process; choose a port above 1023.")


class UnknownAddress(ListenError):
    """The host is not an address of this machine."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            host, port, "is not an address of this machine; listen on 127.0.0.1, or on 0.0.0.0 for all interfaces."
        )


class NotReady(WebError):
    """Something that the service needs does not work; the text describes it in one sentence."""


class UnsupportedServerVersion(StartupError):
    """The hardened protocol was not tested with the server that is installed."""

    def __init__(self, name: str, found: str, supported: str) -> None:
        super().__init__(
            f"{name} {found} is installed, but the hardened HTTP protocol supports {supported}: "
            "install a supported version, or set <SERVICE>_HARDENING=off to serve without its limits."
        )
        self.name = name
        self.found = found
        self.supported = supported
