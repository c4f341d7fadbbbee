"""Types of settings that come as text: lists, durations, ports. Each error is one sentence for the operator."""

import ipaddress
import json
import re
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

_LIST_FORMS = 'expected "a,b" or ["a", "b"]'
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"\*|(\*\.)?{_LABEL}(\.{_LABEL})*|\[[0-9A-Fa-f:.]+\]")
_SERVICE_LINK = re.compile(r"(tcp|udp|sctp)://", re.IGNORECASE)


def _parse_list(value: object) -> object:
    """Return the entries of a comma-separated list or of a JSON list; other types are left to pydantic."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    entries = _parse_json(text) if text.startswith("[") else [entry.strip() for entry in text.split(",")]
    if not all(isinstance(entry, str) and entry for entry in entries):
        raise ValueError(f"an entry is empty or is not text; {_LIST_FORMS}")
    return entries


def _parse_json(text: str) -> list[object]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, list):
        raise ValueError(f"is not a valid JSON list; {_LIST_FORMS}")  # noqa: TRY004  # pydantic's protocol
    return entries


def _each(check: Callable[[str], None]) -> AfterValidator:
    def check_all(entries: tuple[str, ...]) -> tuple[str, ...]:
        for entry in entries:
            check(entry)
        return entries

    return AfterValidator(check_all)


def _check_host(entry: str) -> None:
    if not _HOST_NAME.fullmatch(entry):
        raise ValueError(f"{entry!r} is not a host name such as api.example or *.example, without scheme, port or path")


def _check_network(entry: str) -> None:
    try:
        ipaddress.ip_network(entry)
    except ValueError:
        raise ValueError(f"{entry!r} is neither an IP address nor a network such as 10.1.0.0/16") from None


def _check_origin(entry: str) -> None:
    if entry == "*":
        return
    try:
        parts = urlsplit(entry)
        is_origin = bool(parts.hostname) and parts.port != 0 and entry == f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        is_origin = False
    if not is_origin or "@" in entry or entry != entry.lower():
        raise ValueError(
            f"{entry!r} is not an origin such as https://www.example: scheme and host in small letters, no path"
        )


def _check_service_link(value: object) -> object:
    if isinstance(value, str) and _SERVICE_LINK.match(value):
        raise ValueError(
            "Kubernetes has set it to the address of a Service with this name; "
            "set enableServiceLinks: false in the pod, or set this variable to the port number"
        )
    return value


StrList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parse_list)]
"""A list, written as `a,b` or as JSON."""

HostList = Annotated[StrList, _each(_check_host)]
"""Host names; `*.example` means every name below example."""

NetworkList = Annotated[StrList, _each(_check_network)]
"""IP addresses and networks."""

OriginList = Annotated[StrList, _each(_check_origin)]
"""Web origins (RFC 6454) as browsers send them."""

Port = Annotated[int, BeforeValidator(_check_service_link), Field(ge=0, le=65535)]
"""A TCP port; 0 means any free one."""

Seconds = Annotated[float, Field(allow_inf_nan=False, le=86_400)]
"""A duration of at most a day. Infinity is rejected, since timers cannot hold it."""
