"""The third-party modules whose types are read once for all packages.

One that is missing here is read by each package that imports it, which is slower and not wrong.
"""

# ruff: noqa: F401
import alembic.command
import alembic.config
import argon2
import cryptography.hazmat.primitives.asymmetric.ed25519
import fastapi.security
import fastapi.testclient
import httpx2
import hypothesis
import joserfc.jwk
import joserfc.jwt
import prometheus_client
import pydantic
import pydantic_settings
import pytest
import sqlalchemy.ext.asyncio
import starlette.middleware
import structlog
import uvicorn
