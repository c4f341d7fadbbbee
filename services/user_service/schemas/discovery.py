"""What other services look up."""

from pydantic import BaseModel, ConfigDict


class KeySet(BaseModel):
    """A JWK Set (RFC 7517)."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": True})

    keys: list[dict[str, str]]
