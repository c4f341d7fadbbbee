"""A program that sends one request to the service and is killed after its commit, before the response.

Arguments: the data folder and the URL of the database. It prints the status if it gets a response.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

from libs.auth.testing import AUDIENCE, ISSUER, TokenFactory
from libs.web.testing import running
from services.product_service.app import create_app
from services.product_service.settings import ProductSettings
from services.product_service.tests.token_headers import KEYED, TEA, ann
from services.user_service.client import UserServiceClient
from services.user_service.client.testing import FakeUserService


async def _send(data_dir: str, database_url: str) -> None:
    factory = TokenFactory()
    settings = ProductSettings(
        data_dir=Path(data_dir), database_url=database_url, issuer=ISSUER, audience=AUDIENCE, log_level="error"
    )
    users = UserServiceClient(FakeUserService().http_client())
    async with running(create_app(settings, clock=factory.clock, keys=factory.keys, users=users)) as client:
        event.listen(Session, "after_commit", lambda _: os.kill(os.getpid(), signal.SIGKILL))
        answer = await client.post("/products", json=TEA, headers=ann(factory) | KEYED)
        print(answer.status_code)


if __name__ == "__main__":
    asyncio.run(_send(*sys.argv[1:]))
