"""How long a body may be."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

_NO_BODY = frozenset(("GET", "HEAD", "OPTIONS"))


class BodyLimit:
    """Refuses a body that says it is too long before reading it, any other when it gets too long.

    No middleware of its own: most requests have no body, and a layer costs each of them a twelfth of the whole chain.
    """

    def __init__(self, limit: int, limits: Mapping[str, int]) -> None:
        """`limits` names the paths that have a limit of their own."""
        self._limit = limit
        self._limits = limits

    def kept(self, scope: Scope, receive: Receive) -> Receive:
        """What the application is to receive from; it raises HTTPException 413."""
        if scope["method"] in _NO_BODY:
            return receive
        limit = self._limits.get(scope["path"], self._limit)
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        is_exceeded = _exceeds(announced, limit)
        received = 0

        async def counted() -> Message:
            nonlocal received
            if is_exceeded:
                raise _too_long(limit)
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _too_long(limit)
            return message

        return counted


def _too_long(limit: int) -> HTTPException:
    return HTTPException(413, f"A body may have {limit} bytes.", {"Connection": "close"})


def _exceeds(announced: bytes, limit: int) -> bool:
    return not announced.isdigit() or len(announced) > 15 or int(announced) > limit
