"""The service over HTTP, one module for each noun."""

from services.user_service.routes import accounts, administration, directory, discovery, logins, oauth, recovery

ROUTERS = (
    accounts.router,
    logins.router,
    recovery.router,
    oauth.router,
    administration.router,
    directory.router,
    discovery.router,
)
