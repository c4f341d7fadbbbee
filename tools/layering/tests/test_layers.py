"""The rules of the layers, each by an import that keeps it and one that breaks it."""

from pathlib import Path

import pytest

from tools.layering.layers import advice_on, advice_on_framework, main, violations


@pytest.mark.parametrize(
    ("file", "imported"),
    [
        ("services/shop/app.py", "services.shop.routes"),
        ("services/shop/app.py", "services.users.client"),
        ("services/shop/app.py", "services.users.client.UserView"),
        ("services/shop/tests/test_app.py", "services.users.client.testing.FakeUsers"),
        ("services/shop/app.py", "services.users.events"),
        ("services/shop/app.py", "services.users.events.UserDeleted"),
        ("services/shop/events.py", "libs.events.event.Event"),
        ("services/shop/app.py", "libs.web.app"),
        ("services/shop/app.py", "fastapi"),
        ("libs/web/app.py", "libs.auth.tokens"),
        ("tools/dev/dev.py", "tools.dev.dev"),
        ("tests/end_to_end/test_both_services.py", "libs.auth.testing"),
    ],
)
def test_dependencies_that_point_down_are_fine(file: str, imported: str) -> None:
    """Own package, libraries and third party are there to be imported."""
    assert advice_on(file, imported) is None


@pytest.mark.parametrize(
    ("file", "imported", "advice"),
    [
        ("services/shop/app.py", "services.users.models", "by its client (//services/users:client)"),
        ("services/shop/app.py", "services.users.clients", "call the other's API"),
        ("services/shop/app.py", "services.client", "call the other's API"),
        ("services/shop/events.py", "services.shop.models", "only on events.py"),
        ("services/shop/events.py", "services.users.events", "only on events.py"),
        ("services/shop/app.py", "services.users.events_tables", "call the other's API"),
        ("services/shop/tests/test_app.py", "services.users.app", "call the other's API"),
        ("libs/web/app.py", "services.users.models", "move what is needed here to libs/"),
        ("libs/web/app.py", "services.users.client", "move what is needed here to libs/"),
        ("tests/end_to_end/test_both_services.py", "services.users.app", "start it as a program"),
        ("tools/dev/dev.py", "services.users.app", "start it as a program"),
        ("services/shop/app.py", "tools.dev.dev", "move what is needed here to libs/"),
        ("libs/web/app.py", "tests.service_stack", "move what is needed here to libs/"),
    ],
)
def test_every_other_dependency_is_refused_with_advice(file: str, imported: str, advice: str) -> None:
    """The message states what to do instead."""
    assert advice in str(advice_on(file, imported))


@pytest.mark.parametrize(
    ("file", "imported", "is_refused"),
    [
        ("libs/web/server.py", "uvicorn._types.Scope", True),
        ("services/shop/models.py", "sqlalchemy.orm._orm_constructors", True),
        ("libs/db/tests/test_a.py", "starlette.requests._Private", True),
        ("tools/bench/server.py", "uvicorn._types.Scope", False),
        ("libs/web/server.py", "uvicorn.__version__", False),
        ("libs/web/server.py", "structlog._log_levels", False),
    ],
)
def test_private_names_of_frameworks_are_refused(file: str, imported: str, *, is_refused: bool) -> None:
    """In services and libraries, whose frameworks are upgraded often."""
    assert ("documented interface" in str(advice_on_framework(file, imported))) is is_refused


@pytest.mark.parametrize(
    "statement",
    [
        "import services.users",
        "import services.users.models as m",
        "from services import users",
        "from services.users.models import User",
        "from .. import users",
        "from ..users.models import User",
        "def later():\n    from services.users import models",
    ],
)
def test_no_spelling_of_an_import_escapes(statement: str) -> None:
    """Absolute, renamed, relative and late imports are all seen."""
    assert list(violations("services/shop/app.py", statement)), statement


def test_a_violation_names_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line begins with file and line number, as editors expect, and the exit code is 1."""
    monkeypatch.chdir(tmp_path)
    file = Path("services/shop/app.py")
    file.parent.mkdir(parents=True)
    file.write_text("import json\nfrom services.users import models\n")

    assert main([str(file)]) == 1
    assert capsys.readouterr().err.startswith("services/shop/app.py:2: imports services.users.models. ")
