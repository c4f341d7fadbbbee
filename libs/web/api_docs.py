"""The API page: FastAPI's Swagger UI, with scripts and styles from the wheel `fastapi-offline`.

Browsers fetch nothing from other hosts, so the page works in a closed network. All addresses in the page are relative,
so it also works behind a path prefix.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.params import Depends
from starlette.responses import HTMLResponse, Response

_ASSETS: Mapping[str, str] = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
"""Media types of the files that the page loads, by name."""

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def docs_router(app: FastAPI, policy: Sequence[Depends]) -> APIRouter:
    """Return the routes of the page: `/docs` and the files below it."""
    router = APIRouter(include_in_schema=False, dependencies=policy)
    page = _page(app.title)
    headers = {"Content-Security-Policy": _content_security_policy(page)}

    @router.get("/docs", response_class=HTMLResponse)
    async def read_docs() -> HTMLResponse:
        return HTMLResponse(page, headers=headers)

    for name, media_type in _ASSETS.items():
        router.add_api_route(f"/docs/{name}", _asset(name, media_type), methods=["GET"])
    return router


def _page(title: str) -> str:
    response = get_swagger_ui_html(
        openapi_url="openapi.json",
        title=title,
        swagger_js_url="docs/swagger-ui-bundle.js",
        swagger_css_url="docs/swagger-ui.css",
        swagger_favicon_url="docs/favicon.png",
        # By default Swagger UI sends the document to a public validator.
        swagger_ui_parameters={"validatorUrl": None},
    )
    return bytes(response.body).decode("utf-8")


def _content_security_policy(page: str) -> str:
    """Return the strictest policy that Swagger UI works with. The page's own script is allowed by its hash."""
    digests = (hashlib.sha256(script.encode("utf-8")).digest() for script in _INLINE_SCRIPT.findall(page))
    hashes = " ".join(f"'sha256-{b64encode(digest).decode('ascii')}'" for digest in digests)
    return (
        f"default-src 'none'; script-src 'self' {hashes}; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _asset(name: str, media_type: str) -> Callable[[], Response]:
    def read_asset() -> Response:
        # Imported here, so that a service without the page does not load the package.
        return Response((files("fastapi_offline") / "static" / name).read_bytes(), media_type=media_type)

    return read_asset
