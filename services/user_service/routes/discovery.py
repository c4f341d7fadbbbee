"""What other services look up: our public keys, and what this server can do."""

from fastapi import APIRouter, Response

from libs.auth.fastapi import public
from services.user_service.dependencies import KeyRingDep, SettingsDep
from services.user_service.schemas.discovery import KeySet, ServerMetadata

router = APIRouter(prefix="/.well-known", tags=["keys"])


@router.get("/jwks.json", response_model=KeySet, dependencies=[public()])
async def read_keys(keys: KeyRingDep, response: Response) -> object:
    """Return the public keys that our tokens are signed with."""
    response.headers["Cache-Control"] = "public, max-age=60"
    return keys.to_jwks()


@router.get("/oauth-authorization-server", dependencies=[public()])
async def read_metadata(settings: SettingsDep, response: Response) -> ServerMetadata:
    """Return the endpoints of OAuth and what they support (RFC 8414)."""
    response.headers["Cache-Control"] = "public, max-age=3600"
    return ServerMetadata.of(settings.issuer)
