"""The command that compares the working tree with an earlier commit."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools.contracts.commands import run
from tools.contracts.tests.contracts import document

_PATHS = {"/a": {"get": {"operationId": "a", "responses": {}}}}
_DECLARED = '"2.0.0" = "No client reads it."\n'


class Checkout:
    """A repository with one service."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("services/shop/__main__.py", "")
        self.contract(document(_PATHS))
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def contract(self, value: dict[str, Any]) -> None:
        """Write the contract of the service."""
        self.write("services/shop/openapi.json", json.dumps(value))

    def commit(self) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Change something")

    def git(self, *arguments: str) -> None:
        """Run git."""
        subprocess.run(["git", "-C", str(self.root), *arguments], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """Return a repository whose contract is committed on main."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "someone")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "someone@example.com")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
    return Checkout(tmp_path)


def test_without_the_main_branch_nothing_is_compatible(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the main branch, as in a clone of one branch, the command fails, because the base is unknown."""
    checkout.contract(document({}))
    checkout.git("branch", "--move", "topic")
    checkout.commit()
    assert run([]) == 2
    assert "the main branch is not here" in capsys.readouterr().err
    assert run(["--since", "HEAD~1"]) == 1


def test_an_equal_contract_is_compatible(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """For compatible contracts the exit code is 0, and each service has a line."""
    checkout.write("services/new/__main__.py", "")
    checkout.write("services/new/openapi.json", json.dumps(document()))
    assert run([]) == 0
    new, shop = capsys.readouterr().out.splitlines()
    assert re.fullmatch("new: the contract is new, since [0-9a-f]{12} has none; --since REF compares with another", new)
    assert shop == "shop: compatible"


def test_a_break_is_shown_with_what_to_do(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is 1, and the output has check, operation, location and the two remedies."""
    checkout.git("checkout", "--quiet", "-b", "topic")
    checkout.contract(document())
    checkout.commit()
    assert run(["--since", "main"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "shop: 1 breaking",
        f"  BREAKING   {'api-path-removed-without-deprecation':<48} GET /a",
        "             the operation is gone at #/paths/~1a/get",
        '  not declared: keep the old form too, or raise info.version to 2.0.0 and add "2.0.0" = "<reason>" to '
        "contract_changes.toml",
    ]


def test_the_base_is_where_the_branch_began(checkout: Checkout) -> None:
    """Changes on main after the merge base are not reported as breaks of the branch."""
    checkout.git("checkout", "--quiet", "-b", "topic")
    checkout.commit()
    checkout.git("checkout", "--quiet", "main")
    checkout.contract(document(_PATHS | {"/b": _PATHS["/a"]}))
    checkout.commit()
    checkout.git("checkout", "--quiet", "topic")
    assert run(["--since", "main"]) == 0


def test_a_break_is_declared_by_version_and_reason(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """A declaration needs both a new major version and a reason."""
    checkout.contract(document(version="2.0.0"))
    assert run([]) == 1
    assert 'or add "2.0.0" = "<reason>" to contract_changes.toml' in capsys.readouterr().out
    checkout.write("services/shop/contract_changes.toml", _DECLARED)
    assert run([]) == 0
    assert "shop: 1 breaking, declared\n" in capsys.readouterr().out
    checkout.contract(document(version="1.1.0"))
    assert run([]) == 1


def test_each_step_needs_a_reason(checkout: Checkout) -> None:
    """A contract that is two major versions ahead needs a reason for each of them."""
    checkout.contract(document(version="3.0.0"))
    checkout.write("services/shop/contract_changes.toml", _DECLARED)
    assert run([]) == 1
    checkout.write("services/shop/contract_changes.toml", _DECLARED + '"3.0.0" = "Neither that."\n')
    assert run([]) == 0


def test_a_removed_service_is_named(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """A removed service is reported, because its consumers no longer build."""
    for name in ("__main__.py", "openapi.json"):
        (checkout.root / "services/shop" / name).unlink()
    assert run([]) == 0
    assert capsys.readouterr().out == "shop: the service was removed\n"


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("openapi.json", "{", "services/shop/openapi.json: is not JSON: "),
        (
            "openapi.json",
            '{"swagger": "2.0"}',
            "services/shop/openapi.json: is Swagger 2.0; only OpenAPI 3.1 is compared",
        ),
        (
            "openapi.json",
            None,
            "services/shop/openapi.json does not exist; write it by `bazel run //services/shop:openapi`",
        ),
        ("contract_changes.toml", "a", "services/shop/contract_changes.toml: is not TOML: "),
        (
            "contract_changes.toml",
            '"2.1.0" = "a"',
            "services/shop/contract_changes.toml: 2.1.0: expected lines such as ",
        ),
        (
            "contract_changes.toml",
            '"2.0.0" = " "',
            "services/shop/contract_changes.toml: 2.0.0: expected lines such as ",
        ),
    ],
)
def test_an_invalid_file_is_one_sentence(
    checkout: Checkout, capsys: pytest.CaptureFixture[str], file: str, text: str | None, sentence: str
) -> None:
    """An invalid file is a one-line error with exit code 2."""
    path = f"services/shop/{file}"
    checkout.write(path, text or "")
    if text is None:
        (checkout.root / path).unlink()
    assert run([]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {sentence}")
    assert said.count("\n") == 1


def test_a_version_that_says_nothing_is_one_sentence(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """A version that is not semantic is an error if there are breaking changes."""
    checkout.contract(document(version="2"))
    assert run([]) == 2
    assert "#/info/version is not a semantic version such as 1.2.3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--since", "nowhere"], "nowhere is no revision of this repository: git fetch it, or look for a mistake"),
        (["--service", "shops"], "there is no service 'shops'; there are shop"),
    ],
)
def test_an_unknown_name_is_one_sentence(
    checkout: Checkout, capsys: pytest.CaptureFixture[str], flags: list[str], sentence: str
) -> None:
    """The error for an unknown name has the known names or the remedy."""
    assert checkout.root.is_dir()
    assert run(flags) == 2
    assert capsys.readouterr().err == f"error: {sentence}\n"
