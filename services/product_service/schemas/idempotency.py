"""The header that lets a client repeat a request (draft-ietf-httpapi-idempotency-key-header)."""

from typing import Annotated

from fastapi import Header

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Of the client's choice; sent again with the same request, it gives what it made before.",
    ),
]
