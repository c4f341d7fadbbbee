"""The options of a service's image take effect in the image of each architecture."""

import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.oci.testing.layout import Image, Layout, images
from tools.oci.testing.running import Container

pytest_plugins = ["tools.oci.testing.fixtures"]

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_ADDITIONAL = {"libyaml-0-2", "tini"}


@pytest.fixture(scope="module")
def built() -> dict[str, Image]:
    """The images by architecture."""
    return _images("IMAGE_INDEX")


def _images(variable: str) -> dict[str, Image]:
    layout = Layout(folder=Path(os.environ[variable]))
    return images(layout, layout.digest)


@pytest.fixture(params=["amd64", "arm64"])
def image(request: pytest.FixtureRequest, built: dict[str, Image]) -> Image:
    """The image of each architecture."""
    return built[request.param]


@pytest.fixture(scope="module")
def container(namespaces: None, built: dict[str, Image], tmp_path_factory: pytest.TempPathFactory) -> Container:
    """The image for this machine, unpacked."""
    del namespaces
    image = built[_ARCHITECTURES[platform.machine()]]
    root, data = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("data")
    image.unpack(root)
    return Container(root=root, data=data, config=image.config["config"])


def _layers(image: Image) -> Iterator[str]:
    """The targets that the layers come from, lowest first."""
    return (entry["created_by"].rpartition(":")[2] for entry in image.config["history"])


def test_labels_and_environment_are_in_every_image(image: Image) -> None:
    """The service's labels and variables are added to those that every image has."""
    config = image.config["config"]
    assert config["Labels"] == {
        "org.opencontainers.image.title": "fixture_options",
        "org.opencontainers.image.source": "https://git.example.com/fixtures",
        "com.example.team": "fixtures",
    }
    assert {"GREETING=hello, world", "FIXTURE_SERVICE_HOST=0.0.0.0", "PYTHONUNBUFFERED=1"} <= set(config["Env"])


def test_own_layers_lie_between_base_and_wheels(image: Image) -> None:
    """The additional packages and the user have a layer each, below the wheels, because they change less often."""
    architecture = image.config["architecture"]
    base, additional, user, wheels, *_ = _layers(image)
    assert base == f"layer_{architecture}"
    assert (additional, user) == (f"image_{architecture}_additional", f"image_{architecture}_user")
    assert wheels.startswith(f"image_{architecture}_third_party")


def test_image_is_built_upon_the_base_that_was_asked_for(image: Image) -> None:
    """The image has the packages of the selected base, and not those that only the default base has."""
    assert image.config["history"][0]["created_by"].partition(":")[0].endswith("/fixture_service/options/base")
    described = {member.path.name for member in image.members() if member.path.parent.name == "status.d"}
    assert {"libc6", "libpython3.11-stdlib", "python3.11-minimal"} < described
    assert not {"ca-certificates", "tzdata"} & described


def test_additional_layer_has_what_the_base_lacks(image: Image) -> None:
    """The layer has the packages of the lock, without dependencies that are in the base."""
    described = {member.path.name for member in image.members() if _is_description(member.layer, str(member.path))}
    assert described == _ADDITIONAL


def _is_description(layer: str, path: str) -> bool:
    return layer.endswith("_additional") and path.startswith("var/lib/dpkg/status.d/") and not path.endswith("status.d")


def test_additional_library_and_program_run(container: Container) -> None:
    """The loader finds the library, and the program starts, as the user of the image."""
    code = """if True:
        import ctypes, os, subprocess
        yaml = ctypes.CDLL("libyaml-0.so.2")
        yaml.yaml_get_version_string.restype = ctypes.c_char_p
        print(yaml.yaml_get_version_string().decode(), f"{os.getuid()}:{os.getgid()}")
        print(subprocess.run(["/usr/bin/tini", "--version"], capture_output=True, text=True, check=True).stdout)
    """
    library, program = container.run_python(code).strip().splitlines()
    assert library == "0.2.5 10001:10002"
    assert program.startswith("tini version 0.19.0")


def test_bill_of_materials_names_additional_packages(image: Image) -> None:
    """Additional packages have a hash and a purl, as those of the base."""
    bill = Path(f"{os.environ['IMAGE_INDEX']}_{image.config['architecture']}_sbom.cdx.json")
    found = {component["name"]: component for component in json.loads(bill.read_text())["components"]}
    assert found["tini"]["purl"].startswith("pkg:deb/debian/tini@0.19.0")
    assert all(found[name]["hashes"] for name in _ADDITIONAL)


def test_stamped_image_differs_in_labels_and_moment_alone(image: Image) -> None:
    """Stamping adds no layer, so a registry that has the unstamped image receives only some documents."""
    stamped = _images("IMAGE_OF_COMMIT")[image.config["architecture"]]
    moment, commit = "2026-11-29T03:00:00Z", "0123456789abcdef0123456789abcdef01234567"
    labels = {"org.opencontainers.image.created": moment, "org.opencontainers.image.revision": commit}
    config = image.config["config"]
    config = config | {"Labels": config["Labels"] | labels}
    assert stamped.config == image.config | {"created": moment, "config": config}
    assert stamped.manifest["layers"] == image.manifest["layers"]


def test_status_covers_additional_packages() -> None:
    """Outdated packages prevent publishing in both locks, the base's and that of the additional packages."""
    inputs = Path(os.environ["STATUS_INPUTS"]).read_text()
    for architecture in ("amd64", "arm64"):
        for lock in ("fixture_base", "fixture_debian"):
            assert f"{lock}_{architecture}//:status.json\n" in inputs
