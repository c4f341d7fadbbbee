"""An application that returns the versions of its dependencies."""

from importlib import metadata

from fastapi import FastAPI
from pydantic import BaseModel

from libs.auth.fastapi import check_policies, public


class Versions(BaseModel):
    """The versions of distributions that differ between tracks."""

    httpx2: str
    pydantic: str


def create_app() -> FastAPI:
    """Return an application with two public routes."""
    app = FastAPI(docs_url=None, openapi_url=None, redoc_url=None)

    @app.get("/readyz", dependencies=[public()])
    def ready() -> None:
        """Answer 200 as soon as the service serves."""

    @app.get("/versions", dependencies=[public()])
    def versions() -> Versions:
        return Versions(httpx2=metadata.version("httpx2"), pydantic=metadata.version("pydantic"))

    check_policies(app)
    return app
