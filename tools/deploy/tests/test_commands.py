"""Invalid input and failures: one sentence, and no file is changed."""

import errno
import fcntl
import json
import os
from pathlib import Path

import pytest

from tools.deploy.testing import DeployWorkspace
from tools.deploy.tests.refusals import refusal

_STAGING = ("--env", "staging")
_PROMOTE = ("promote", "--from", "staging", "--to", "prod")
_RECORD, _MANIFEST = "deploy/staging/users.json", "deploy/staging/manifests/users.yaml"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeployWorkspace:
    """Return two environments whose registry is down."""
    return DeployWorkspace.create(tmp_path / "tree", "localhost:9", monkeypatch)


@pytest.fixture
def deployed(workspace: DeployWorkspace, monkeypatch: pytest.MonkeyPatch) -> DeployWorkspace:
    """Return a workspace with staging applied and every push accepted."""
    _take_everything(monkeypatch)
    assert workspace.run("apply", *_STAGING, "--commit") == 0
    return workspace


def _take_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.deploy.environment_session.push_built", lambda *_: None)
    monkeypatch.setattr("tools.deploy.environment_session.copy_between", lambda *_, **__: None)


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_unknown_environment(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], command: str) -> None:
    """An unknown environment is refused with the names of the known ones."""
    assert refusal(workspace, capsys, command, "--env", "stagin") == (
        "there is no environment 'stagin'; deploy/ has prod, staging"
    )


def test_registry_that_is_down(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images are pushed first, so that nothing is written when the registry is down."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert "localhost:9/products" in refusal(workspace, capsys, "apply", *_STAGING)


def test_dirty_tree_is_not_committed(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """`--commit` is refused when the tree has uncommitted changes."""
    workspace.write("code.py", "edited\n")
    assert refusal(workspace, capsys, "apply", *_STAGING, "--commit").startswith(
        "there are changes that are not committed"
    )


def test_dirty_tree_is_in_the_record_and_is_not_promoted(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image of uncommitted code may be applied, and is promoted only once the code is committed."""
    _take_everything(monkeypatch)
    workspace.write("code.py", "edited\n")
    assert workspace.run("apply", *_STAGING) == 0
    assert json.loads(workspace.read("deploy/staging/users.json"))["is_committed"] is False
    assert "built from changes that are not committed" in refusal(workspace, capsys, *_PROMOTE)
    workspace.commit()
    assert workspace.run("apply", *_STAGING) == 0
    assert workspace.run(*_PROMOTE) == 0


def test_promotion_of_one_service_ignores_the_others(deployed: DeployWorkspace) -> None:
    """One service is promoted while another has an image of uncommitted code."""
    deployed.build("second", "products")
    deployed.write("code.py", "edited\n")
    assert deployed.run("apply", *_STAGING) == 0
    assert deployed.run(*_PROMOTE, "--service", "users") == 0
    assert {"prod/users.json", "prod/products.json"} & deployed.files().keys() == {"prod/users.json"}


def test_promotion_of_what_was_never_deployed(deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """A service named by `--service` without a record is refused."""
    (deployed.root / _RECORD).unlink()
    line = refusal(deployed, capsys, *_PROMOTE, "--service", "users")
    assert line == "staging has no record of users; it has products"


def test_promotion_to_itself(deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """An environment cannot be promoted to itself."""
    line = refusal(deployed, capsys, "promote", "--from", "staging", "--to", "staging")
    assert line.startswith("staging cannot be promoted to itself")


def test_nothing_to_promote(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """Promotion from an environment without records is refused."""
    assert refusal(workspace, capsys, *_PROMOTE).startswith("nothing was deployed to staging yet")


def test_promotion_by_another_way(deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """An environment with `promoted_from` takes images from no other environment."""
    line = refusal(deployed, capsys, "promote", "--from", "prod", "--to", "prod")
    assert line == "deploy/prod/environment.toml: prod is promoted from staging alone"


def test_configuration_of_no_service(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """A configuration whose name is that of no service is refused."""
    workspace.write("deploy/staging/user.toml", workspace.read("deploy/staging/users.toml"))
    line = refusal(workspace, capsys, "apply", *_STAGING)
    assert line == "deploy/staging/user.toml: there is no service user; there are products, users"


@pytest.mark.parametrize(
    ("name", "hint"), [("loglevel", "did you mean log_level?"), ("colour", "docs/configuration.md lists them")]
)
def test_setting_that_the_service_does_not_have(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], name: str, hint: str
) -> None:
    """An unknown setting is refused, since the service would ignore it."""
    workspace.write("deploy/staging/users.toml", workspace.read("deploy/staging/users.toml").replace("log_level", name))
    line = refusal(workspace, capsys, "plan", *_STAGING)
    assert line == f"deploy/staging/users.toml: users has no setting {name}; {hint}"


@pytest.mark.parametrize("service", ["products", "users"])
def test_settings_of_a_service_that_the_page_does_not_know(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], service: str
) -> None:
    """Settings and secrets of a service that the page does not list are refused."""
    page = workspace.read("docs/configuration.md").splitlines()
    workspace.write("docs/configuration.md", "\n".join(row for row in page if service.upper() not in row))
    assert refusal(workspace, capsys, "plan", *_STAGING) == (
        f"deploy/staging/{service}.toml: docs/configuration.md has no settings of {service}; "
        f"add what `bazel run //services/{service} -- settings` prints"
    )
    workspace.write(f"deploy/staging/{service}.toml", "database = false\n")
    assert workspace.run("plan", *_STAGING) == 0


def test_configuration_before_the_first_apply(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """`--configuration-only` without a record waits for an apply, or for a promotion."""
    waiting = []
    for environment in ("staging", "prod"):
        assert workspace.run("plan", "--env", environment, "--configuration-only") == 0
        waiting.append(capsys.readouterr().out)
    built, promoted = waiting
    assert "no record yet; an apply without --configuration-only makes it" in built
    assert "promoted" not in built
    assert "no image was promoted yet" in promoted


def test_service_of_no_such_name(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """`--service` accepts only services of the environment."""
    line = refusal(workspace, capsys, "plan", *_STAGING, "--service", "user")
    assert line == "staging has no service 'user'; it has products, users"


def test_registry_by_flag_is_checked_like_one_in_the_file(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--registry` refuses a URL and an empty string."""
    for registry in ("https://registry.example", ""):
        assert refusal(workspace, capsys, "plan", *_STAGING, "--registry", registry).startswith(
            "--registry: registry: "
        )


def test_two_at_once(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """A second command on the same environment is refused while the first one runs."""
    handle = os.open(workspace.root / "deploy/staging", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    line = refusal(workspace, capsys, "apply", *_STAGING)
    os.close(handle)
    assert line == "another command is deploying to staging; try again when it has ended"


@pytest.mark.parametrize("content", [b"", b"<<<<<<< HEAD\n", b'{"digest": "sha', b"[]", b"\xff\xfe"])
def test_record_with_invalid_content(
    deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    """A record with a merge conflict or partial content is refused by name."""
    (deployed.root / _RECORD).write_bytes(content)
    assert refusal(deployed, capsys, "apply", *_STAGING).startswith(f"{_RECORD}: ")


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
def test_record_with_an_invalid_value(
    deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str], key: str, value: object
) -> None:
    """The values of a record are validated, since they are rendered."""
    deployed.write(_RECORD, json.dumps(json.loads(deployed.read(_RECORD)) | {key: value}))
    line = refusal(deployed, capsys, "apply", *_STAGING, "--configuration-only")
    assert line.startswith(f"{_RECORD}: {key}: ")


def test_no_git(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """Without git there is no revision to record, and the command is refused."""
    (workspace.root / ".git").rename(workspace.root / "git")
    assert refusal(workspace, capsys, "plan", *_STAGING).startswith("git status: ")


@pytest.mark.parametrize(
    "flags",
    [["plan"], ["plan", "--env"], ["promote", "--to", "prod"], ["plan", *_STAGING, "--comit"], ["apply", "staging"]],
)
def test_wrong_flags_are_exit_code_2(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    """A wrong command line prints the usage and exits with code 2."""
    with pytest.raises(SystemExit) as ended:
        workspace.run(*flags)
    assert ended.value.code == 2
    assert "usage: bazel run //deploy:" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["plan", "apply", "promote"])
def test_help_begins_with_examples(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """`--help` shows commands to copy."""
    with pytest.raises(SystemExit):
        workspace.run(command, "--help")
    assert f"\n    bazel run //deploy:{command} -- --" in capsys.readouterr().out


def test_manifest_edited_by_hand_is_rendered_again(
    deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """The plan names a manifest that was edited by hand, and apply renders it again."""
    rendered = deployed.read("deploy/staging/manifests/users.yaml")
    deployed.write("deploy/staging/manifests/users.yaml", rendered.replace("1Gi", "9Gi"))
    deployed.run("plan", *_STAGING)
    assert "manifests are not those of the record" in capsys.readouterr().out
    deployed.run("apply", *_STAGING)
    assert deployed.read("deploy/staging/manifests/users.yaml") == rendered


@pytest.mark.parametrize("content", [b"\xff\x00", b"a: 2026-99-99\n", b"a: &a [*a]\n", b"[" * 5000, b"<<<<<<< HEAD\n"])
def test_manifest_with_invalid_content_is_rendered_again(deployed: DeployWorkspace, content: bytes) -> None:
    """Invalid YAML in place of a manifest is replaced."""
    rendered = deployed.read(_MANIFEST)
    (deployed.root / _MANIFEST).write_bytes(content)
    configuration = deployed.read("deploy/staging/users.toml")
    deployed.write("deploy/staging/users.toml", configuration.replace("info", "debug"))
    assert deployed.run("apply", *_STAGING) == 0
    assert deployed.read(_MANIFEST) == rendered.replace("value: info", "value: debug")


def test_manifest_without_configuration_and_record_is_removed(
    deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rendered manifests are removed with their configuration and record; other files stay."""
    deployed.write("deploy/staging/manifests/others.yaml", "kind: ConfigMap\n")
    for name in ("users.toml", "users.json"):
        (deployed.root / "deploy/staging" / name).unlink()
    assert deployed.run("apply", *_STAGING) == 0
    assert "-l app.kubernetes.io/name=users" in capsys.readouterr().out
    assert not (deployed.root / _MANIFEST).exists()
    assert (deployed.root / "deploy/staging/manifests/others.yaml").exists()


def test_control_characters_are_escaped_in_a_plan(
    deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Terminals and CI logs would interpret control characters of a value."""
    configuration = deployed.read("deploy/staging/users.toml")
    deployed.write("deploy/staging/users.toml", configuration.replace("info", r"a\n::error::b\u001b[31m"))
    assert deployed.run("plan", *_STAGING) == 0
    said = capsys.readouterr().out
    assert r'"a\n::error::b\u001b[31m"' in said
    assert "\n::error::" not in said


def test_disk_that_is_full(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the file, and no partial file stays."""
    _take_everything(monkeypatch)
    with monkeypatch.context() as context:
        context.setattr("os.fsync", _no_space)
        line = refusal(workspace, capsys, "apply", *_STAGING)
    assert line.endswith("deploy/staging/manifests/00-namespace.yaml: No space left on device")
    assert workspace.run("apply", *_STAGING) == 0


def _no_space(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_formats_of_a_plan_agree(deployed: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """Text, JSON and the outputs of GitHub Actions describe the same changes."""
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
    """Interrupted before any of its writes, apply run again leaves the same files as an uninterrupted run."""
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
        # Complete files stay. The draft of the file that was not renamed is removed or replaced.
        assert len(workspace.files()) == len(start) + number + 1
        assert workspace.run("apply", *_STAGING) == 0
        assert workspace.files() == end


def _go_back(workspace: DeployWorkspace, files: dict[str, bytes]) -> None:
    for name in workspace.files().keys() - files.keys():
        (workspace.root / "deploy" / name).unlink()


def _die_at(number: int, context: pytest.MonkeyPatch) -> None:
    """Stop before the rename with the given number."""
    rename, seen = Path.rename, []

    def dying(path: Path, target: Path) -> Path:
        seen.append(path)
        if len(seen) > number:
            raise KeyboardInterrupt
        return rename(path, target)

    context.setattr(Path, "rename", dying)
