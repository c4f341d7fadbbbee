"""What clumsy users are told, and that nothing changed."""

import errno
import fcntl
import json
import os
from pathlib import Path

import pytest

from tools.deploy.testing import DeployWorkspace

_STAGING = ("--env", "staging")
_PROMOTE = ("promote", "--from", "staging", "--to", "prod")
_RECORD, _MANIFEST = "deploy/staging/users.json", "deploy/staging/manifests/users.yaml"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeployWorkspace:
    """Two environments whose registry is not there."""
    return DeployWorkspace.create(tmp_path / "tree", "localhost:9", monkeypatch)


@pytest.fixture
def deployed(workspace: DeployWorkspace, monkeypatch: pytest.MonkeyPatch) -> DeployWorkspace:
    """Staging as it is after an apply, with a registry that takes everything."""
    _take_everything(monkeypatch)
    assert workspace.run("apply", *_STAGING, "--commit") == 0
    return workspace


def _take_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.deploy.environment_session.push_built", lambda *_: None)
    monkeypatch.setattr("tools.deploy.environment_session.copy_between", lambda *_, **__: None)


def _refusal(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence of a command that changes nothing."""
    files = workspace.files()
    capsys.readouterr()
    assert workspace.run(*arguments) == 1
    assert workspace.files() == files
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_unknown_environment(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], command: str) -> None:
    """The sentence names those that are there."""
    assert _refusal(workspace, capsys, command, "--env", "stagin") == (
        "there is no environment 'stagin'; deploy/ has prod, staging"
    )


def test_registry_that_is_down(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images come first, so nothing was written when they cannot go out."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert "localhost:9/products" in _refusal(workspace, capsys, "apply", *_STAGING)


def test_dirty_tree_is_not_committed(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """A commit must not name a source that nobody has."""
    workspace.write("code.py", "edited\n")
    assert _refusal(workspace, capsys, "apply", *_STAGING, "--commit").startswith(
        "there are changes that are not committed"
    )


def test_dirty_tree_is_in_the_record_and_is_not_promoted(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --commit an image of uncommitted code may be tried out, and goes no further; committed, it may."""
    _take_everything(monkeypatch)
    workspace.write("code.py", "edited\n")
    assert workspace.run("apply", *_STAGING) == 0
    assert json.loads(workspace.read("deploy/staging/users.json"))["is_committed"] is False
    assert "built from changes that are not committed" in _refusal(workspace, capsys, *_PROMOTE)
    workspace.commit()
    assert workspace.run("apply", *_STAGING) == 0
    assert workspace.run(*_PROMOTE) == 0


def test_what_is_not_promoted_keeps_nothing_back(deployed: DeployWorkspace) -> None:
    """An image of uncommitted code stays where it is, and another service goes on."""
    deployed.build("second", "products")
    deployed.write("code.py", "edited\n")
    assert deployed.run("apply", *_STAGING) == 0
    assert deployed.run(*_PROMOTE, "--service", "users") == 0
    assert {"prod/users.json", "prod/products.json"} & deployed.files().keys() == {"prod/users.json"}


def test_promotion_of_what_was_never_deployed(deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """A service that is asked for by name is promoted or refused, not passed over."""
    (deployed.root / _RECORD).unlink()
    line = _refusal(deployed, capsys, *_PROMOTE, "--service", "users")
    assert line == "staging has no record of users; it has products"


def test_promotion_to_itself(deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody means that."""
    line = _refusal(deployed, capsys, "promote", "--from", "staging", "--to", "staging")
    assert line.startswith("staging cannot be promoted to itself")


def test_nothing_to_promote(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """An environment without records has no image to give."""
    assert _refusal(workspace, capsys, *_PROMOTE).startswith("nothing was deployed to staging yet")


def test_promotion_by_another_way(deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """An environment that says where its images come from takes none from elsewhere."""
    line = _refusal(deployed, capsys, "promote", "--from", "prod", "--to", "prod")
    assert line == "deploy/prod/environment.toml: prod is promoted from staging alone"


def test_configuration_of_no_service(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """A file with a name that no service has is a slip of the pen."""
    workspace.write("deploy/staging/user.toml", workspace.read("deploy/staging/users.toml"))
    line = _refusal(workspace, capsys, "apply", *_STAGING)
    assert line == "deploy/staging/user.toml: there is no service user; there are products, users"


@pytest.mark.parametrize(
    ("name", "hint"), [("loglevel", "did you mean log_level?"), ("colour", "docs/configuration.md lists them")]
)
def test_setting_that_the_service_does_not_have(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], name: str, hint: str
) -> None:
    """The service would pass over it without a word."""
    workspace.write("deploy/staging/users.toml", workspace.read("deploy/staging/users.toml").replace("log_level", name))
    line = _refusal(workspace, capsys, "plan", *_STAGING)
    assert line == f"deploy/staging/users.toml: users has no setting {name}; {hint}"


@pytest.mark.parametrize("service", ["products", "users"])
def test_settings_of_a_service_that_the_page_does_not_know(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], service: str
) -> None:
    """They could not be checked, be they settings or secrets; a service without any needs no page."""
    page = workspace.read("docs/configuration.md").splitlines()
    workspace.write("docs/configuration.md", "\n".join(row for row in page if service.upper() not in row))
    assert _refusal(workspace, capsys, "plan", *_STAGING) == (
        f"deploy/staging/{service}.toml: docs/configuration.md has no settings of {service}; "
        f"add what `bazel run //services/{service} -- settings` prints"
    )
    workspace.write(f"deploy/staging/{service}.toml", "database = false\n")
    assert workspace.run("plan", *_STAGING) == 0


@pytest.mark.parametrize(
    ("name", "hint"), [("user", "did you mean users?"), ("orders_and_more", "staging has products, users")]
)
def test_call_of_no_service(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], name: str, hint: str
) -> None:
    """A rule for pods that are not there would say nothing when it is a slip of the pen."""
    _connect(workspace, "products", f'to_services = ["{name}"]')
    assert _refusal(workspace, capsys, "plan", *_STAGING) == (
        f"deploy/staging/products.toml: network.to_services names {name}, but there is no "
        f"deploy/staging/{name}.toml; {hint}"
    )


def test_caller_that_is_not_here(workspace: DeployWorkspace) -> None:
    """A service goes, or comes, without an edit of those that it calls."""
    _connect(workspace, "products", 'from_services = ["orders"]')
    assert workspace.run("plan", *_STAGING) == 0


@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize(("key", "other"), [("to_services", "from_services"), ("from_services", "to_services")])
def test_connection_that_only_one_side_names(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], command: str, key: str, other: str
) -> None:
    """One rule lets it through and the other does not, so that both services would only time out."""
    _connect(workspace, "products", f'{key} = ["users"]')
    assert _refusal(workspace, capsys, command, *_STAGING) == (
        f"deploy/staging/products.toml: network.{key} names users, but network.{other} in "
        "deploy/staging/users.toml does not name products"
    )
    _connect(workspace, "users", f'{other} = ["products"]')
    assert workspace.run("plan", *_STAGING) == 0


def test_connection_that_the_whole_namespace_may_make(workspace: DeployWorkspace) -> None:
    """Who lets the namespace of the environment in need not name its services."""
    _connect(workspace, "products", 'to_services = ["users"]')
    _connect(workspace, "users", 'from_namespaces = ["staging"]')
    assert workspace.run("plan", *_STAGING) == 0


def _connect(workspace: DeployWorkspace, service: str, line: str) -> None:
    """Give a service, for which nothing else of the network matters, a line of [network]."""
    workspace.write(f"deploy/staging/{service}.toml", f"database = false\n[network]\n{line}\n")


def test_configuration_before_the_first_apply(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """Where images are built there is no record to keep; where they are promoted, one waits for them."""
    waiting = []
    for environment in ("staging", "prod"):
        assert workspace.run("plan", "--env", environment, "--configuration-only") == 0
        waiting.append(capsys.readouterr().out)
    built, promoted = waiting
    assert "no record yet; an apply without --configuration-only makes it" in built
    assert "promoted" not in built
    assert "no image was promoted yet" in promoted


def test_service_of_no_such_name(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """--service takes those of the environment."""
    line = _refusal(workspace, capsys, "plan", *_STAGING, "--service", "user")
    assert line == "staging has no service 'user'; it has products, users"


def test_registry_by_flag_is_checked_like_one_in_the_file(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """A URL is no registry, and neither is an empty variable of a script."""
    for registry in ("https://registry.example", ""):
        assert _refusal(workspace, capsys, "plan", *_STAGING, "--registry", registry).startswith(
            "--registry: registry: "
        )


def test_two_at_once(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """The second one is told so instead of writing into the first one's files."""
    handle = os.open(workspace.root / "deploy/staging", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    line = _refusal(workspace, capsys, "apply", *_STAGING)
    os.close(handle)
    assert line == "another command is deploying to staging; try again when it has ended"


@pytest.mark.parametrize("content", [b"", b"<<<<<<< HEAD\n", b'{"digest": "sha', b"[]", b"\xff\xfe"])
def test_record_that_was_edited_into_nonsense(
    deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    """A merge conflict in a record, or half of one, is named and not guessed around."""
    (deployed.root / _RECORD).write_bytes(content)
    assert _refusal(deployed, capsys, "apply", *_STAGING).startswith(f"{_RECORD}: ")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("digest", "sha256:abc"),
        ("manifests", ""),
        ("port", 70000),
        ("repository", "a b"),
        ("revision", "HEAD"),
        ("user", "0:0"),
    ],
)
def test_record_of_what_cannot_be(
    deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str], key: str, value: object
) -> None:
    """What a record says is rendered and asked for, so that it is checked like everything else."""
    deployed.write(_RECORD, json.dumps(json.loads(deployed.read(_RECORD)) | {key: value}))
    line = _refusal(deployed, capsys, "apply", *_STAGING, "--configuration-only")
    assert line.startswith(f"{_RECORD}: {key}: ")


def test_no_git(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """A record without a revision would be of no use."""
    (workspace.root / ".git").rename(workspace.root / "git")
    assert _refusal(workspace, capsys, "plan", *_STAGING).startswith("git status: ")


@pytest.mark.parametrize(
    "flags",
    [["plan"], ["plan", "--env"], ["promote", "--to", "prod"], ["plan", *_STAGING, "--comit"], ["apply", "staging"]],
)
def test_wrong_flags_are_exit_code_2(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    """The usage, and what is wrong with it."""
    with pytest.raises(SystemExit) as ended:
        workspace.run(*flags)
    assert ended.value.code == 2
    assert "usage: bazel run //deploy:" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["plan", "apply", "promote"])
def test_help_teaches_by_example(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], command: str) -> None:
    """--help begins with what to type."""
    with pytest.raises(SystemExit):
        workspace.run(command, "--help")
    assert f"\n    bazel run //deploy:{command} -- --" in capsys.readouterr().out


def test_manifest_edited_by_hand_is_put_right(deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """What was rendered is not a place for edits: the plan says so, and apply renders it again."""
    rendered = deployed.read("deploy/staging/manifests/users.yaml")
    deployed.write("deploy/staging/manifests/users.yaml", rendered.replace("1Gi", "9Gi"))
    deployed.run("plan", *_STAGING)
    assert "manifests are not those of the record" in capsys.readouterr().out
    deployed.run("apply", *_STAGING)
    assert deployed.read("deploy/staging/manifests/users.yaml") == rendered


@pytest.mark.parametrize("content", [b"\xff\x00", b"a: 2026-99-99\n", b"a: &a [*a]\n", b"[" * 5000, b"<<<<<<< HEAD\n"])
def test_manifest_of_nonsense_is_put_right(deployed: DeployWorkspace, content: bytes) -> None:
    """Whatever lies where a manifest should be, it is only compared with, also where the configuration differs."""
    rendered = deployed.read(_MANIFEST)
    (deployed.root / _MANIFEST).write_bytes(content)
    configuration = deployed.read("deploy/staging/users.toml")
    deployed.write("deploy/staging/users.toml", configuration.replace("info", "debug"))
    assert deployed.run("apply", *_STAGING) == 0
    assert deployed.read(_MANIFEST) == rendered.replace("value: info", "value: debug")


def test_manifest_that_nothing_speaks_of_is_removed(
    deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """A service whose configuration and record were deleted by hand would run on; what others put there stays."""
    deployed.write("deploy/staging/manifests/others.yaml", "kind: ConfigMap\n")
    for name in ("users.toml", "users.json"):
        (deployed.root / "deploy/staging" / name).unlink()
    assert deployed.run("apply", *_STAGING) == 0
    assert "-l app.kubernetes.io/name=users" in capsys.readouterr().out
    assert not (deployed.root / _MANIFEST).exists()
    assert (deployed.root / "deploy/staging/manifests/others.yaml").exists()


def test_value_that_moves_the_cursor_is_shown_as_text(
    deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan goes to terminals and to logs that take lines for commands."""
    configuration = deployed.read("deploy/staging/users.toml")
    deployed.write("deploy/staging/users.toml", configuration.replace("info", r"a\n::error::b\u001b[31m"))
    assert deployed.run("plan", *_STAGING) == 0
    said = capsys.readouterr().out
    assert r'"a\n::error::b\u001b[31m"' in said
    assert "\n::error::" not in said


def test_disk_that_is_full(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the file, and no half of it stays."""
    _take_everything(monkeypatch)
    with monkeypatch.context() as context:
        context.setattr("os.fsync", _no_space)
        line = _refusal(workspace, capsys, "apply", *_STAGING)
    assert line.endswith("deploy/staging/manifests/00-namespace.yaml: No space left on device")
    assert workspace.run("apply", *_STAGING) == 0


def _no_space(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_forms_of_a_plan(deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """One question, three answers that agree."""
    deployed.build("second", "users")
    capsys.readouterr()
    said = []
    for form in ("text", "json", "github"):
        deployed.run("plan", *_STAGING, "--format", form)
        said.append(capsys.readouterr().out)
    text, document, outputs = said
    assert text.endswith("to do: 1 changed\n")
    [changed] = [entry for entry in json.loads(document)["services"] if entry["change"] == "changed"]
    count, matrix = outputs.splitlines()
    assert count == "count=1"
    assert json.loads(matrix.removeprefix("matrix=")) == {"include": [changed]}


def test_wherever_it_is_interrupted_the_next_run_ends_the_same(
    workspace: DeployWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before any one of its writes, the tool run again leaves the files that it would have left at once."""
    _take_everything(monkeypatch)
    start = workspace.files()
    assert workspace.run("apply", *_STAGING) == 0
    end = workspace.files()
    writes = len(end) - len(start)
    assert writes == 5
    for number in range(writes):
        _go_back(workspace, start)
        with monkeypatch.context() as context:
            _die_at(number, context)
            assert workspace.run("apply", *_STAGING) == 130
        # What was whole stays; the draft of what was not is no file of the environment.
        assert len(workspace.files()) == len(start) + number + 1
        assert workspace.run("apply", *_STAGING) == 0
        assert workspace.files() == end


def _go_back(workspace: DeployWorkspace, files: dict[str, bytes]) -> None:
    for name in workspace.files().keys() - files.keys():
        (workspace.root / "deploy" / name).unlink()


def _die_at(number: int, context: pytest.MonkeyPatch) -> None:
    """Stop at the given rename, which is what makes a file visible."""
    rename, seen = Path.rename, []

    def dying(path: Path, target: Path) -> Path:
        seen.append(path)
        if len(seen) > number:
            raise KeyboardInterrupt
        return rename(path, target)

    context.setattr(Path, "rename", dying)
