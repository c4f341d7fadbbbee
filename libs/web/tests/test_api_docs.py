"""The API page: Swagger UI that fetches nothing from other hosts, under a strict content security policy."""

import base64
import hashlib
import re

import pytest

from libs.web.settings import WebSettings
from libs.web.testing import running
from libs.web.tests.application import application


async def test_the_page_names_no_other_host() -> None:
    """Scripts, styles, the icon and the document come from the service, by relative addresses."""
    async with running(application(WebSettings(docs=True))) as client:
        page = await client.get("/docs")
        addresses = re.findall(r"""(?:src|href)="([^"]*)"|url: '([^']*)'""", page.text)
        found = [address for pair in addresses for address in pair if address]
        answers = [await client.get(f"/{address}") for address in found]
    assert len(found) == 4
    assert "//" not in page.text
    assert [answer.status_code for answer in answers] == [200] * 4


@pytest.mark.parametrize(
    ("name", "media_type", "content"),
    [
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8", b"SwaggerUIBundle"),
        ("swagger-ui.css", "text/css; charset=utf-8", b".swagger-ui"),
        ("favicon.png", "image/png", b"\x89PNG"),
    ],
)
async def test_the_files_of_the_page_are_served(name: str, media_type: str, content: bytes) -> None:
    """Each file has its media type, since browsers must not guess it; no other file of the wheel is served."""
    async with running(application(WebSettings(docs=True))) as client:
        answer = await client.get(f"/docs/{name}")
        other = await client.get("/docs/redoc.standalone.js")
    assert answer.headers["content-type"] == media_type
    assert content in answer.content
    assert other.status_code == 404


async def test_the_policy_allows_the_script_of_the_page_alone() -> None:
    """The inline script is allowed by its hash; other inline scripts, eval and other hosts are not."""
    async with running(application(WebSettings(docs=True))) as client:
        page = await client.get("/docs")
    policy = dict(directive.split(" ", 1) for directive in page.headers["content-security-policy"].split("; "))
    [script] = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    assert policy == {
        "default-src": "'none'",
        "script-src": f"'self' 'sha256-{digest}'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


async def test_the_page_is_off_by_default() -> None:
    """By default the page, its files and the OpenAPI document are 404."""
    async with running(application()) as client:
        paths = ("/docs", "/docs/swagger-ui.css", "/openapi.json", "/redoc")
        assert [(await client.get(path)).status_code for path in paths] == [404] * 4
