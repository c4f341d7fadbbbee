"""Fixtures of tests that run what is in an image."""

import os

import pytest

from tools.oci.testing.running import NamespacesForbiddenError, require_namespaces

_SWITCH = "IMAGE_TEST_WITHOUT_NAMESPACES"


@pytest.fixture(scope="session")
def namespaces() -> None:
    """The files of which containers are made; a test without them fails unless the switch skips it."""
    try:
        require_namespaces()
    except NamespacesForbiddenError as error:
        if os.environ.get(_SWITCH) == "skip":
            pytest.skip(str(error))
        pytest.fail(f"{error}\nTo run all other tests, use --test_env={_SWITCH}=skip", pytrace=False)
