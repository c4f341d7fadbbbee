"""The header with which a client can repeat a request (draft-ietf-httpapi-idempotency-key-header)."""

from typing import Annotated

from fastapi import Header

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Chosen by the client. The same request with the same key gets the first response again.",
    ),
]
