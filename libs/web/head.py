"""HEAD on every route that has GET (RFC 9110, section 9.3.2)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadMiddleware:
    """Answer HEAD as GET is answered, without the content. FastAPI's routes answer it with 405."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_without_content(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        # The server reads the method from its own scope, where it has to stay HEAD.
        inner = {**scope, "method": "GET"}
        try:
            await self.app(inner, receive, send_without_content)
        finally:
            # Middleware further outside reads from its scope what the router has found, such as the route.
            scope.update(inner | {"method": "HEAD"})
