"""A JSON body needs the content type of JSON: 415 otherwise (RFC 9110, section 15.5.16)."""

import pytest

from libs.web.testing import running
from libs.web.tests.application import application

_BODY = b'{"name": "Tea"}'


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;Charset="UTF-8"',
        "application/json; version=1",
    ],
)
async def test_json_in_utf_8_is_accepted(content_type: str) -> None:
    """The type is accepted in any letter case, with or without the charset."""
    async with running(application()) as client:
        answer = await client.post("/echo", content=_BODY, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["name"]) == (200, "Tea")


@pytest.mark.parametrize(
    "content_types",
    [
        [],
        [""],
        ["text/plain"],
        ["text/json"],
        ["application/merge-patch+json"],
        ["application/problem+json"],
        ["application/json, text/plain"],
        ["application/json charset=utf-8"],
        ["application/json; charset=utf-16"],
        ["application/json; charset=iso-8859-1"],
        ["application/json; charset"],
        ["application/json; charset=utf-8; charset=utf-16"],
        ["application/json; charset*=utf-8''utf-16"],
        ["application/json", "application/json"],
        ["application/json", "text/plain"],
        ['application/json;a="' + ";" * 250],
        ["application/x-www-form-urlencoded"],
    ],
)
async def test_other_content_is_unsupported(content_types: list[str]) -> None:
    """Other types are 415, with `Accept` and the supported type in the problem document."""
    headers = [("Content-Type", each) for each in content_types]
    async with running(application()) as client:
        answer = await client.post("/echo", content=_BODY, headers=headers)
    assert answer.status_code == answer.json()["status"] == 415
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["accept"] == "application/json"
    assert answer.json()["detail"] == "The body must be application/json in UTF-8."


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "gzip, gzip", "x"])
async def test_compressed_bodies_are_unsupported(coding: str) -> None:
    """Compressed bodies are 415 with `Accept-Encoding: identity`; nothing is decompressed."""
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    async with running(application()) as client:
        answer = await client.post("/echo", content=_BODY, headers=headers)
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "identity"
    assert answer.json()["detail"] == "The body must not be compressed."
