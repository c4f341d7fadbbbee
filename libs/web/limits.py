"""What one client may ask of a server before any application code runs."""

import resource
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps and deadlines of one connection. Bytes are bytes on the wire, durations are seconds.

    Deadlines are kept by one shared sweep, so a connection may outlive its own by two looks of it.

    Attributes:
        header_seconds: from the first byte of a request, or from connecting, to the last header.
        body_seconds: from the last header to the end of the body; time in which the application
            did not take what had come is not counted.
        idle_seconds: between an answer and the next request on the same connection.
        send_seconds: for how long a client may take nothing of an answer.
        linger_seconds: after a rejection, for the client to read it before the connection is cut.
        parting_seconds: once the server takes no more connections, for a request that is on its
            way on an open one.
        target_bytes: the request target (path and query).
        head_bytes: target and header fields together; likewise trailers and chunk extensions.
        header_count: header fields.
        body_bytes: the body, its transfer coding undone.
        body_bytes_of: the same for the paths that have a limit of their own.
        pipelined_requests: requests sent ahead while one is being answered.
        connections: open at one time.
        spare_descriptors: file descriptors kept for files, databases and other services; where
            the process may open few, `connections` gives way.
    """

    header_seconds: float = 10.0
    body_seconds: float = 30.0
    idle_seconds: float = 10.0
    send_seconds: float = 30.0
    linger_seconds: float = 2.0
    parting_seconds: float = 0.5
    target_bytes: int = 8 * 1024
    head_bytes: int = 16 * 1024
    header_count: int = 100
    body_bytes: int = 1024 * 1024
    body_bytes_of: Mapping[bytes, int] = field(default_factory=dict)
    pipelined_requests: int = 16
    connections: int = 2000
    spare_descriptors: int = 40

    @property
    def sweep_seconds(self) -> float:
        """How often deadlines are looked at: often enough for the shortest."""
        deadlines = (self.header_seconds, self.body_seconds, self.idle_seconds, self.send_seconds, self.linger_seconds)
        return min(1.0, max(0.02, min(deadlines) / 10))

    def affordable_connections(self) -> int:
        """`connections`, or as many as the process's descriptor limit leaves room for."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY:
            return self.connections
        return max(1, min(self.connections, soft - min(self.spare_descriptors, soft // 2)))
