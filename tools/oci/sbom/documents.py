"""SPDX 2.3 and CycloneDX 1.6 documents, without times and random identifiers, so equal images have equal documents."""

import hashlib
import re
import uuid
from collections.abc import Sequence
from typing import Any

from tools.oci.sbom.components import Component

Document = dict[str, Any]

_TOOL = "tools/oci/sbom"
_EPOCH = "1970-01-01T00:00:00Z"


def spdx(title: str, components: Sequence[Component]) -> Document:
    """An SPDX 2.3 document (ISO/IEC 5962) that describes one image."""
    packages = [_spdx_package(component) for component in components]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": title,
        "documentNamespace": f"urn:uuid:{_identity(title, components)}",
        "creationInfo": {"created": _EPOCH, "creators": [f"Tool: {_TOOL}"]},
        "packages": [_spdx_image(title), *packages],
        "relationships": [
            _relationship("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-image"),
            *(_relationship("SPDXRef-image", "CONTAINS", package["SPDXID"]) for package in packages),
        ],
    }


def cyclonedx(title: str, components: Sequence[Component]) -> Document:
    """A CycloneDX 1.6 document (ECMA-424) that describes one image."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{_identity(title, components)}",
        "version": 1,
        "metadata": {
            "component": {"type": "container", "bom-ref": "image", "name": title},
            "tools": {"components": [{"type": "application", "name": _TOOL}]},
        },
        "components": [_cyclonedx_component(component) for component in components],
        "dependencies": [{"ref": "image", "dependsOn": [component.purl for component in components]}],
    }


def _identity(title: str, components: Sequence[Component]) -> uuid.UUID:
    """Return a UUID that is derived from the described content."""
    described = "\n".join([title, *(component.purl for component in components)])
    return uuid.UUID(bytes=hashlib.sha256(described.encode()).digest()[:16], version=4)


def _spdx_image(title: str) -> Document:
    return {
        "SPDXID": "SPDXRef-image",
        "name": title,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "primaryPackagePurpose": "CONTAINER",
    }


def _spdx_package(component: Component) -> Document:
    checksums = [{"algorithm": "SHA256", "checksumValue": component.sha256}] if component.sha256 else []
    return {
        "SPDXID": "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]+", "-", component.purl),
        "name": component.name,
        "versionInfo": component.version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": component.license or "NOASSERTION",
        "copyrightText": "NOASSERTION",
        **({"checksums": checksums} if checksums else {}),
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": component.purl}
        ],
    }


def _relationship(subject: str, kind: str, what: str) -> Document:
    return {"spdxElementId": subject, "relationshipType": kind, "relatedSpdxElement": what}


def _cyclonedx_component(component: Component) -> Document:
    licenses = [{"expression": component.license}] if component.license else []
    hashes = [{"alg": "SHA-256", "content": component.sha256}] if component.sha256 else []
    return {
        "type": "library",
        "bom-ref": component.purl,
        "name": component.name,
        "version": component.version,
        "purl": component.purl,
        **({"licenses": licenses} if licenses else {}),
        **({"hashes": hashes} if hashes else {}),
    }
