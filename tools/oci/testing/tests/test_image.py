"""Tests that the image of every service passes. `image_test` names the image in the environment."""

import dataclasses
import json
import os
import platform
import shutil
import stat
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import pytest

from tools.oci.registry.server import Registry, free_port, running_registry
from tools.oci.sbom.components import pypi_name
from tools.oci.testing.layout import Image, Layout, Member, images
from tools.oci.testing.remote import Repository
from tools.oci.testing.running import (
    Container,
    FailedError,
    find_emulator,
    wait_until_ready,
)
from tools.oci.testing.schemas import cyclonedx_errors, spdx_errors
from tools.oci.testing.wheel_layers import grouped_wheel_errors, layer_count_errors

pytest_plugins = ["tools.oci.testing.fixtures"]

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_PROGRAM_FOLDERS = {"bin", "sbin"}
_SHELLS_AND_PACKAGE_MANAGERS = {"apt", "apt-get", "ash", "bash", "busybox", "dash", "dpkg", "ksh", "mksh", "sh", "zsh"}
_ELF_MACHINES = {"amd64": 62, "arm64": 183}
_NAME = os.environ["IMAGE_NAME"]
_USER = os.environ["IMAGE_USER"]
_EMULATED_SECONDS = 240.0


@pytest.fixture(scope="session")
def layout() -> Layout:
    """The index as the build made it."""
    return Layout(folder=Path(os.environ["IMAGE_INDEX"]))


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A real registry on loopback."""
    folder = tmp_path_factory.mktemp("registry")
    with running_registry(Path(os.environ["DOCKER_REGISTRY"]), folder=folder, port=free_port()) as registry:
        yield registry


@pytest.fixture(scope="session")
def pushed(registry: Registry) -> Repository:
    """The repository of the service, after a push with the service's push command."""
    _push(registry)
    return Repository(url=f"{registry.url}/{_NAME}")


@pytest.fixture(scope="session")
def container(
    namespaces: None, layout: Layout, pushed: Repository, tmp_path_factory: pytest.TempPathFactory
) -> Container:
    """The image for this machine, pulled from the registry and unpacked."""
    del namespaces
    root, data = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("data")
    image = images(pushed, layout.digest)[_ARCHITECTURES[platform.machine()]]
    image.unpack(root)
    return Container(root=root, data=data, config=image.config["config"])


@pytest.fixture(scope="session")
def emulated(namespaces: None, layout: Layout, tmp_path_factory: pytest.TempPathFactory) -> Container:
    """The arm64 image and an emulator that runs it on this machine."""
    del namespaces
    emulator = find_emulator()
    if emulator is None or platform.machine() == "aarch64":
        pytest.skip("no qemu-user on PATH, and --test_env=QEMU_AARCH64=/path/to/qemu-aarch64-static names none")
    root, data = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("data")
    image = images(layout, layout.digest)["arm64"]
    image.unpack(root)
    shutil.copy(emulator, root / "emulator")
    return Container(root=root, data=data, config=image.config["config"], emulator="/emulator")


@pytest.fixture(scope="session", params=["amd64", "arm64"])
def image(request: pytest.FixtureRequest, layout: Layout) -> Image:
    """The image of each architecture."""
    return images(layout, layout.digest)[request.param]


@pytest.fixture(scope="session")
def members(image: Image) -> list[Member]:
    """The entries of all layers of an image."""
    return list(image.members())


def _push(registry: Registry) -> None:
    command = [Path(os.environ["IMAGE_PUSH"]).absolute(), "--repository", f"{registry.address}/{_NAME}", "--tag", "v1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _serve(container: Container, *, seconds: float) -> None:
    for command in os.environ["IMAGE_PREPARE"].split():
        container.run(command)
    url = f"http://127.0.0.1:{os.environ['IMAGE_PORT']}"
    with container.serving() as process:
        wait_until_ready(f"{url}/readyz", process, seconds=seconds)
        for path in ("/docs", "/openapi.json"):
            with pytest.raises(urllib.error.HTTPError):
                urllib.request.urlopen(url + path, timeout=_EMULATED_SECONDS)


def test_registry_has_the_digest_of_the_build(layout: Layout, pushed: Repository) -> None:
    """The tag on the registry names the digest in `image.digest`."""
    assert pushed.digest("v1") == layout.digest == Path(os.environ["IMAGE_DIGEST"]).read_text().strip()


def test_second_push_sends_nothing(registry: Registry, pushed: Repository) -> None:
    """Pushing an image that the registry has uploads no blob and writes no manifest."""
    assert pushed.digest("v1")
    before = {method: registry.requests(method) for method in ("PATCH", "POST", "PUT")}
    _push(registry)
    assert {method: registry.requests(method) for method in before} == before


def test_pulled_image_serves(container: Container) -> None:
    """With only its root file system, the image prepares its data, becomes ready, and serves no API description."""
    _serve(container, seconds=60)


def test_other_architecture_serves(emulated: Container) -> None:
    """Under qemu-user the arm64 image runs its own interpreter, prepares its data, starts and is ready."""
    assert emulated.run_python("import platform; print(platform.machine())").strip() == "aarch64"
    _serve(emulated, seconds=_EMULATED_SECONDS)


def test_volume_that_cannot_be_written_to_is_one_sentence(container: Container, tmp_path: Path) -> None:
    """A uid that does not own /data, as on OpenShift, gets a one-line error with the remedy and no traceback."""
    tmp_path.chmod(0o555)
    denied = dataclasses.replace(container, data=tmp_path)
    for command in os.environ["IMAGE_PREPARE"].split():
        with pytest.raises(FailedError, match="fsGroup") as caught:
            denied.run(command)
        assert "Traceback" not in str(caught.value)


def test_process_has_no_rights(container: Container) -> None:
    """The process runs as the user of the image, without capabilities, and can write only to /data and /tmp."""
    code = """if True:
        import os
        print(os.getuid(), os.getgid())
        for folder, _, _ in os.walk("/"):
            try:
                open(folder + "/probe", "x").close()
                print(folder)
            except OSError:
                pass
    """
    uid, gid, *writable = container.run_python(code).split()
    assert f"{uid}:{gid}" == _USER
    assert {folder for folder in writable if not folder.startswith("/data/")} == {"/data", "/tmp"}


def test_config_states_user_entrypoint_and_port(image: Image) -> None:
    """The config has all that a container engine needs; the entrypoint is in exec form."""
    config = image.config["config"]
    assert config["User"] == _USER
    assert config["Entrypoint"] == ["/usr/bin/python3.11", "-m", os.environ["IMAGE_MODULE"]]
    assert config["WorkingDir"] == "/app"
    assert list(config["ExposedPorts"]) == [os.environ["IMAGE_PORT"]]


def test_labels_are_the_same_for_every_commit_and_mode(image: Image) -> None:
    """No label names a commit or a moment, and no history names a repository outside of this one."""
    text = json.dumps(image.config)
    assert "@@" not in text
    named = set(os.environ["IMAGE_LABELS"].split())
    assert set(image.config["config"]["Labels"]) == {"org.opencontainers.image.title"} | named
    assert {entry["created"] for entry in image.config["history"]} == {"1970-01-01T00:00:00Z"}


def test_nothing_can_be_run_but_python(members: list[Member]) -> None:
    """There is no shell, package manager or set-uid program; only additional Debian packages add programs."""
    assert not [member.path for member in members if member.mode & (stat.S_ISUID | stat.S_ISGID)]
    programs = [member for member in members if not member.is_folder and member.path.parent.name in _PROGRAM_FOLDERS]
    assert not {member.path.name for member in programs} & _SHELLS_AND_PACKAGE_MANAGERS
    ours = {str(member.path) for member in programs if not member.layer.endswith("_additional")}
    assert ours == {"usr/bin/python3.11"}


def test_nothing_can_be_written_but_data_and_tmp(members: list[Member]) -> None:
    """Every file belongs to root, and only root can write it."""
    writable = {
        str(member.path)
        for member in members
        if (member.uid, member.gid) != (0, 0) or (member.mode & 0o022 and not member.is_link)
    }
    assert writable == {"data", "tmp"}


def test_data_belongs_to_the_user(container: Container, members: list[Member]) -> None:
    """The uppermost layer with /data gives it to the user that the image runs as, and passwd has a name for it."""
    *_, data = [member for member in members if str(member.path) == "data"]
    assert f"{data.uid}:{data.gid}" == _USER
    code = "import os, pwd; user = pwd.getpwuid(os.getuid()); print(user.pw_name, user.pw_gid == os.getgid())"
    assert container.run_python(code).split() == ["nonroot", "True"]


def test_every_binary_is_for_the_architecture(image: Image, members: list[Member]) -> None:
    """No wheel has binaries for another architecture."""
    machines = {
        int.from_bytes(member.content[18:20], "little") for member in members if member.content[:4] == b"\x7fELF"
    }
    assert machines == {_ELF_MACHINES[image.config["architecture"]]}


def test_every_source_is_compiled(members: list[Member]) -> None:
    """Each first-party module has its .pyc, so that nothing is compiled at start."""
    paths = {member.path for member in members}
    sources = {path for path in paths if path.parts[0] == "app" and path.suffix == ".py"}
    assert sources
    assert {path.parent / "__pycache__" / f"{path.stem}.cpython-311.pyc" for path in sources} <= paths


def test_third_party_code_lies_in_one_folder(members: list[Member]) -> None:
    """All wheels are in one site-packages folder, for any names of the build's repositories."""
    found = {parent for member in members for parent in member.path.parents if parent.name == "site-packages"}
    assert found == {PurePosixPath("usr/local/lib/python3.11/site-packages")}


def test_wheels_have_few_layers(image: Image) -> None:
    """The number of wheel layers is limited: each adds some 800 bytes to every push, and build time in rules_oci."""
    assert layer_count_errors(image.config) == []


def test_large_wheels_have_layers_of_their_own() -> None:
    """Large wheels have separate layers, so that an update of a small wheel does not push a large one."""
    assert grouped_wheel_errors(map(Path, os.environ["IMAGE_GROUPED_WHEELS"].split())) == []


def test_bill_of_materials_is_what_is_there(image: Image, members: list[Member]) -> None:
    """Both documents have exactly the Debian packages and the distributions in the layers."""
    described = [member for member in members if member.describes_package]
    there = {_purl(member) for member in described}
    assert len(there) == len(described)
    spdx = json.loads(_bill(image, "spdx").read_text())["packages"][1:]
    assert {package["externalRefs"][0]["referenceLocator"].partition("?")[0] for package in spdx} == there
    cyclonedx = json.loads(_bill(image, "cdx").read_text())["components"]
    assert {component["purl"].partition("?")[0] for component in cyclonedx} == there


def test_bill_of_materials_fits_the_official_schemas(image: Image) -> None:
    """Both documents are valid by the schemas of SPDX 2.3 and CycloneDX 1.6."""
    assert spdx_errors(_bill(image, "spdx").read_text()) == []
    assert cyclonedx_errors(_bill(image, "cdx").read_text()) == []


def _bill(image: Image, kind: str) -> Path:
    return Path(f"{os.environ['IMAGE_INDEX']}_{image.config['architecture']}_sbom.{kind}.json")


def _purl(member: Member) -> str:
    """Return the purl of a package, from its metadata in the image."""
    fields = HeaderParser().parsestr(member.content.decode())
    if member.path.name == "METADATA":
        return f"pkg:pypi/{pypi_name(fields['Name'])}@{quote(fields['Version'])}"
    return f"pkg:deb/debian/{quote(fields['Package'])}@{quote(fields['Version'])}"
