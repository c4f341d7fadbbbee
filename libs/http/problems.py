"""How a service answers when a call that it needs has no response: 504 or 503, and nothing of the peer's own error."""

from libs.http.errors import CallerDisconnected, CallError, DeadlineExceeded
from libs.web.problems import Problem, ProblemTable

PROBLEMS: ProblemTable = {
    CallError: Problem(
        503, "dependency-unavailable", "Dependency unavailable", detail="Another service cannot be reached: try later."
    ),
    DeadlineExceeded: Problem(
        504, "dependency-timeout", "Dependency timeout", detail="Another service did not respond in time: try later."
    ),
    # Below 500, so that it is not logged: any client could provoke the line.
    CallerDisconnected: Problem(400, "client-disconnected", "Client disconnected"),
}
"""For the `problems` of a service's `ServiceDefinition`."""
