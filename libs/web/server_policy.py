"""The limits that the server keeps before any application code runs."""

import resource
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPolicy:
    """Limits of one connection. Sizes are bytes on the wire, durations are seconds.

    Attributes:
        header_seconds: from the first byte of a request, or from connecting, to the last header.
        body_seconds: for each `body_window_bytes` of the body, or for the rest of it. Time in which the application
            did not read is not counted.
        body_window_bytes: the least that a client has to send of its body in `body_seconds`.
        send_seconds: for how long a client may read nothing of a response.
        linger_seconds: after a rejection, for the client to read it before the connection is closed.
        parting_seconds: once the server takes no more connections, for a request that is on its way on an open one.
        target_bytes: the request target (path and query).
        head_bytes: target and header fields together; trailers and chunk extensions have the same limit.
        header_count: header fields.
        pipelined_requests: requests sent ahead while one is being answered.
        connections: open at one time.
        spare_descriptors: file descriptors kept for files, databases and other services; where the process may open
            few, `connections` is reduced.
    """

    header_seconds: float = 10.0
    body_seconds: float = 30.0
    body_window_bytes: int = 64 * 1024
    send_seconds: float = 30.0
    linger_seconds: float = 2.0
    parting_seconds: float = 0.5
    target_bytes: int = 8 * 1024
    head_bytes: int = 16 * 1024
    header_count: int = 100
    pipelined_requests: int = 16
    connections: int = 2000
    spare_descriptors: int = 40

    def affordable_connections(self) -> int:
        """Return `connections`, or as many as the descriptor limit of the process leaves room for."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY:
            return self.connections
        return max(1, min(self.connections, soft - min(self.spare_descriptors, soft // 2)))
