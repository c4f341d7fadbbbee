"""Errors of calls to other services. `ApiError` is their base class."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

import httpx2
from pydantic import BaseModel, ConfigDict


class Problem(BaseModel):
    """Problem details of an error (RFC 9457). Further members are in `model_extra`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str = "about:blank"
    title: str = ""
    status: int = 0
    detail: str = ""
    request_id: str = ""


class ApiError(Exception):
    """A call failed. `operation` is the operation id of the contract."""

    def __init__(self, operation: str, message: str) -> None:
        super().__init__(f"{operation}: {message}")
        self.operation = operation


class NoResponseError(ApiError):
    """No usable response arrived. `__cause__`: no connection, no time left, or an error of `libs/http`."""


class UnexpectedResponseError(ApiError):
    """The contract does not describe the response: its status, content type, content, headers or size."""

    def __init__(self, operation: str, status: int, reason: str) -> None:
        super().__init__(operation, f"unexpected response with status {status}: {reason}")
        self.status = status
        self.reason = reason


class StatusError(ApiError):
    """The service answered with an error.

    `problem` holds the problem details. If the contract describes an error of another form, `body` has it, and
    `problem` has only the status and its title.
    """

    def __init__(
        self, operation: str, problem: Problem, *, status: int, headers: httpx2.Headers, body: object = None
    ) -> None:
        words = ": ".join(filter(None, [problem.title, problem.detail]))
        super().__init__(operation, f"status {status}, {problem.type}, {words}")
        self.problem = problem
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def retry_after(self) -> float | None:
        """The seconds of `Retry-After`; None without the header or where it is a date."""
        try:
            seconds = float(self.headers.get("Retry-After", ""))
        except ValueError:
            return None
        return seconds if math.isfinite(seconds) and seconds >= 0 else None


class BadRequestError(StatusError):
    """400: the request is malformed."""


class UnauthorizedError(StatusError):
    """401: the credentials are missing or not valid."""


class ForbiddenError(StatusError):
    """403: the credentials do not allow this."""


class NotFoundError(StatusError):
    """404: the resource does not exist."""


class ConflictError(StatusError):
    """409: the request contradicts the state of the resource."""


class PreconditionFailedError(StatusError):
    """412: the version of `If-Match` is stale."""


class UnprocessableContentError(StatusError):
    """422: a value of the request is not valid."""


class TooManyRequestsError(StatusError):
    """429: there were too many requests."""


class ServerError(StatusError):
    """Any 5xx: the service failed."""


class ServiceUnavailableError(ServerError):
    """503: the service cannot do this at present."""


_BY_STATUS: Mapping[int, type[StatusError]] = MappingProxyType(
    {
        HTTPStatus.BAD_REQUEST: BadRequestError,
        HTTPStatus.UNAUTHORIZED: UnauthorizedError,
        HTTPStatus.FORBIDDEN: ForbiddenError,
        HTTPStatus.NOT_FOUND: NotFoundError,
        HTTPStatus.CONFLICT: ConflictError,
        HTTPStatus.PRECONDITION_FAILED: PreconditionFailedError,
        HTTPStatus.UNPROCESSABLE_ENTITY: UnprocessableContentError,
        HTTPStatus.TOO_MANY_REQUESTS: TooManyRequestsError,
        HTTPStatus.SERVICE_UNAVAILABLE: ServiceUnavailableError,
    }
)


def error_class(status: int) -> type[StatusError]:
    """Return the class of errors with this status."""
    return _BY_STATUS.get(status, ServerError if status >= HTTPStatus.INTERNAL_SERVER_ERROR else StatusError)
