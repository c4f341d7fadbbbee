"""Bills of materials: the documents that are written from locks and metadata."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools.oci.sbom.components import pypi_name
from tools.oci.sbom.write import main

_LOCK: dict[str, Any] = {
    "packages": {
        "amd64": [
            {
                "name": "libstdc++6",
                "version": "12.2.0-14+deb12u1",
                "path": "pool/main/g/gcc-12/libstdc++6_12.2.0-14+deb12u1_amd64.deb",
                "sha256": "aa",
            },
            {
                "name": "tzdata",
                "version": "1:2026f-0",
                "path": "pool/updates/main/t/tzdata_2026f-0_all.deb",
                "sha256": "cc",
                "archive": "debian-security",
                "fallback": {"version": "1:2026b-0", "path": "pool/main/t/tzdata_2026b-0_all.deb", "sha256": "bb"},
            },
        ]
    }
}
_SECOND_LOCK = {
    "packages": {
        "amd64": [
            {
                "name": "tini",
                "version": "0.19.0-1+b3",
                "path": "pool/main/t/tini/tini_0.19.0-1+b3_amd64.deb",
                "sha256": "ee",
            },
            _LOCK["packages"]["amd64"][0],
        ]
    }
}
_STATUS = {
    "outdated": [
        {"architecture": "amd64", "package": "tzdata", "wanted": "1:2026f-0", "used": "1:2026b-0"},
        {"architecture": "arm64", "package": "libstdc++6", "wanted": "13", "used": "12"},
    ]
}
_WHEEL_HASHES = f"""\
# sha256:{"1" * 64} typing_extensions-4.16.0-py3-none-any.whl
# sha256:{"2" * 64} typing_extensions-4.16.0-py2.py3-none-any.whl
"""
_PURLS = [
    "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12",
    "pkg:deb/debian/tzdata@1%3A2026b-0?arch=all&distro=debian-12",
    "pkg:deb/debian/tini@0.19.0-1%2Bb3?arch=amd64&distro=debian-12",
    "pkg:pypi/typing-extensions@4.16.0",
]


@pytest.fixture
def documents(tmp_path: Path) -> tuple[Any, Any]:
    """The SPDX and the CycloneDX document of three Debian packages of two locks and a wheel."""
    lock, metadata = tmp_path / "lock.json", tmp_path / "METADATA"
    wheel_hashes = tmp_path / "typing_extensions.txt"
    wheel_hashes.write_text(_WHEEL_HASHES)
    (tmp_path / "WHEEL").write_text("Tag: py2-none-any\nTag: py3-none-any\n")
    lock.write_text(json.dumps(_LOCK))
    second = tmp_path / "second.json"
    second.write_text(json.dumps(_SECOND_LOCK))
    status = tmp_path / "status.json"
    status.write_text(json.dumps(_STATUS))
    metadata.write_text("Name: typing_extensions\nVersion: 4.16.0\nLicense-Expression: PSF-2.0\n\nVersion: not this\n")
    spdx, cyclonedx = tmp_path / "spdx", tmp_path / "cdx"
    files = [
        "--lock",
        str(lock),
        "--lock",
        str(second),
        "--status",
        str(status),
        "--wheel-hashes",
        str(wheel_hashes),
        "--spdx",
        str(spdx),
        "--cyclonedx",
        str(cyclonedx),
        str(metadata),
    ]
    main(["--title", "service", "--architecture", "amd64", *files])
    return json.loads(spdx.read_text()), json.loads(cyclonedx.read_text())


def test_spdx_names_every_package(documents: tuple[Any, Any]) -> None:
    """Each package has a unique identifier and a purl; an outdated package has the version that is used."""
    spdx = documents[0]
    image, *packages = spdx["packages"]
    assert image["name"] == spdx["name"] == "service"
    assert [package["externalRefs"][0]["referenceLocator"] for package in packages] == _PURLS
    contained = [
        entry["relatedSpdxElement"] for entry in spdx["relationships"] if entry["relationshipType"] == "CONTAINS"
    ]
    assert contained == [package["SPDXID"] for package in packages]
    assert len(set(contained)) == len(packages)


def test_cyclonedx_names_every_package(documents: tuple[Any, Any]) -> None:
    """Components have a purl, a hash if the lock has one, and a licence if the wheel states one."""
    components = documents[1]["components"]
    assert [component["purl"] for component in components] == _PURLS
    assert components[0]["hashes"] == [{"alg": "SHA-256", "content": "aa"}]
    assert components[3]["hashes"] == [{"alg": "SHA-256", "content": "2" * 64}]
    assert components[3]["licenses"] == [{"expression": "PSF-2.0"}]
    assert documents[1]["dependencies"] == [{"ref": "image", "dependsOn": _PURLS}]


def test_documents_hold_no_time(documents: tuple[Any, Any]) -> None:
    """The identifiers of both documents depend only on their content."""
    spdx, cyclonedx = documents
    assert spdx["creationInfo"]["created"] == "1970-01-01T00:00:00Z"
    assert spdx["documentNamespace"] == cyclonedx["serialNumber"]


@pytest.mark.parametrize("name", ["Ruamel.YAML", "ruamel_yaml", "ruamel--yaml"])
def test_spellings_of_a_distribution_are_one(name: str) -> None:
    """Different spellings of a distribution's name in wheels lead to one purl."""
    assert pypi_name(name) == "ruamel-yaml"
