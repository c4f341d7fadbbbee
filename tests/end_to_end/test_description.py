"""The responses of the running services match the committed contracts."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.service_stack import ServiceStack, running_stack

_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
_QUICK = settings(
    max_examples=20,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
_ANN = {"email": "ann@example.com", "password": "seven green lanterns"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceStack]:
    """Both services."""
    with running_stack(tmp_path_factory.mktemp("data")) as opened:
        yield opened


@pytest.fixture(scope="module")
def token(stack: ServiceStack) -> str:
    """The token of a user."""
    with httpx2.Client(trust_env=False, timeout=30) as http:
        assert http.post(f"{stack.users.url}/users", json=_ANN | {"name": "Ann"}).status_code == 201
        return str(http.post(f"{stack.users.url}/auth/login", json=_ANN).json()["access_token"])


@pytest.mark.parametrize(("service", "contract"), [("users", "user_service"), ("products", "product_service")])
def test_every_operation_keeps_to_its_contract(stack: ServiceStack, token: str, service: str, contract: str) -> None:
    """No operation crashes or returns an undocumented status or body, and none is skipped."""
    base_url = getattr(stack, service).url
    schema = schemathesis.openapi.from_path(f"services/{contract}/openapi.json")
    tried = set()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()

        @_QUICK
        @given(case=operation.as_strategy())
        def keeps_to_it(case: schemathesis.Case[Any]) -> None:
            answer = case.call(base_url=base_url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
            case.validate_response(answer, checks=_CHECKS)
            tried.add(case.operation.label)

        keeps_to_it()
    assert len(tried) == sum(len(item) for item in schema.raw_schema["paths"].values())
