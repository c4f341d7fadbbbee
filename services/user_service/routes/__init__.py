"""The service over HTTP, one module for each noun."""

from services.user_service.routes import accounts, administration, discovery, logins, oauth

ROUTERS = (accounts.router, logins.router, oauth.router, administration.router, discovery.router)
