"""The library builds on public names of its frameworks."""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator

import pytest

import libs.web

FRAMEWORKS = ("fastapi", "starlette", "uvicorn")


def subclasses() -> Iterator[type]:
    """Yield every class of the library that has a framework's class as a base."""
    for module in pkgutil.iter_modules(libs.web.__path__, "libs.web."):
        # In registry mode, rules_python puts the program that starts this test into the folder: `_*_bootstrap.py`.
        if module.ispkg or module.name.startswith("libs.web._"):
            continue
        for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if found.__module__ == module.name and framework_bases(found):
                yield found


def framework_bases(found: type) -> list[type]:
    """Return the classes of frameworks among the bases."""
    return [base for base in found.__mro__ if base.__module__.partition(".")[0] in FRAMEWORKS]


def private_names(found: type) -> set[str]:
    """Return the names with a leading underscore that the source of a class uses on `self`."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(found)))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
        and node.attr.startswith("_")
    }


@pytest.mark.parametrize("found", list(subclasses()), ids=lambda found: found.__name__)
def test_subclasses_use_no_private_name_of_their_bases(found: type) -> None:
    """Subclasses neither use nor redefine private attributes of a framework, which can change in any release."""
    for base in framework_bases(found):
        assert private_names(found) & private_names(base) == set()


def test_the_server_and_its_protocol_are_looked_at() -> None:
    """The checked classes include the server and its protocol, whose bases have private attributes."""
    names = {found.__name__ for found in subclasses()}
    assert {"GracefulServer", "HardenedHttpProtocol", "StrictRoute"} <= names
