"""What other services look up: our public keys."""

from fastapi import APIRouter, Response

from libs.auth.fastapi import public
from services.user_service.dependencies import SigningKeys
from services.user_service.schemas.discovery import KeySet

router = APIRouter(prefix="/.well-known", tags=["keys"])


@router.get("/jwks.json", response_model=KeySet, dependencies=[public()])
async def read_keys(keys: SigningKeys, response: Response) -> object:
    """Return the public keys that our tokens are signed with."""
    response.headers["Cache-Control"] = "public, max-age=60"
    return keys.to_jwks()
