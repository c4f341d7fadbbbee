"""Services, and what they show at the endpoints of OAuth."""

import base64

from libs.auth.testing import FakeClock
from libs.db.sessions import open_sessions
from services.user_service.service.clients import ClientRegister
from services.user_service.settings import UserSettings

GRANT = {"grant_type": "client_credentials"}


async def new_client(settings: UserSettings, name: str, scopes: str) -> str:
    """Register a service as the command line does; its secret."""
    sessions = open_sessions(settings.database)
    try:
        return await ClientRegister(sessions, FakeClock()).add(name, scopes)
    finally:
        await sessions.close()


def basic(name: str, secret: str) -> dict[str, str]:
    """The header of HTTP Basic authentication."""
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{secret}'.encode()).decode()}"}
