"""Why a call to another service has no response. A response with an error status is no error here."""

from typing import ClassVar

import httpx2


class CallError(httpx2.TransportError):
    """Base of this library's errors. `request` of httpx2 has the request.

    Attributes:
        peer: name of the called service.
        outcome: value of the label `outcome` of the metrics.
        is_transient: whether another attempt may succeed.
        has_callers_deadline: whether the client of the request in progress set a shorter deadline than usual.
    """

    outcome: ClassVar[str]
    is_transient: ClassVar[bool] = False
    has_callers_deadline: bool = False

    def __init__(self, peer: str, reason: str) -> None:
        super().__init__(f"{peer}: {reason}")
        self.peer = peer


class DeadlineExceeded(CallError):
    """There is no response within the deadline, or it had passed before the request was sent."""

    outcome = "deadline_exceeded"


class PeerUnreachable(CallError):
    """No connection could be made, so the request was not sent."""

    outcome = "unreachable"
    is_transient = True


class ConnectionTimeout(PeerUnreachable):
    """No connection could be made in the time that the deadline leaves for it."""


class BrokenResponse(CallError):
    """The connection ended before the response did, or the response is not HTTP. The request may have had an effect."""

    outcome = "broken_response"
    is_transient = True


class UnacceptableResponse(CallError):
    """The response is too large, compressed without a request for it, or a redirect."""

    outcome = "unacceptable_response"


class CircuitOpen(CallError):
    """The request was not sent, because too many of the last ones failed."""

    outcome = "circuit_open"


class CredentialsUnavailable(CallError):
    """The request was not sent, because there is no token for it."""

    outcome = "no_credentials"


class CallerDisconnected(CallError):
    """The client of the request in progress disconnected, so nothing waits for the response."""

    outcome = "caller_disconnected"
