"""in-toto Statements v1 about images, and how they are read from the Sigstore bundles that cosign makes of them."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
"""Media type of a Sigstore bundle."""

PROVENANCE = "https://slsa.dev/provenance/v1"
SPDX = "https://spdx.dev/Document"
CYCLONEDX = "https://cyclonedx.org/bom"
SIGNATURE = "https://sigstore.dev/cosign/sign/v1"
"""Predicate type of what `cosign sign` signs since version 3: a statement about an image without further content."""


class UnreadableBundleError(ValueError):
    """Content is not a Sigstore bundle with an in-toto statement."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The sources of an image: a commit, and the locks of everything that is not in it (SHA-256 by path)."""

    revision: str
    locks: Mapping[str, str]


def statement(digests: Iterable[str], name: str, *, kind: str, predicate: Mapping[str, Any]) -> dict[str, Any]:
    """Return a statement about images (https://in-toto.io/Statement/v1)."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}} for digest in digests],
        "predicateType": kind,
        "predicate": predicate,
    }


def provenance(source: Source, *, target: str, builder: str) -> dict[str, Any]:
    """Return how an image was built, with the fields of SLSA provenance v1."""
    locks = [{"name": path, "digest": {"sha256": sha256}} for path, sha256 in sorted(source.locks.items())]
    return {
        "buildDefinition": {
            "buildType": "urn:build:bazel:oci-image:v1",
            "externalParameters": {"target": target},
            "resolvedDependencies": [{"name": "source", "digest": {"gitCommit": source.revision}}, *locks],
        },
        "runDetails": {"builder": {"id": builder}},
    }


def subjects(content: Mapping[str, Any]) -> list[str]:
    """Return the digests that a statement is about."""
    return [f"sha256:{subject['digest']['sha256']}" for subject in content["subject"]]


def encoded(content: Mapping[str, Any]) -> bytes:
    """Return a statement as the bytes that are signed."""
    return json.dumps(content, sort_keys=True).encode()


def statement_of(bundle: bytes) -> dict[str, Any]:
    """Return the statement of a bundle, whose signature this does not check.

    The payload of the DSSE envelope is base64 (https://github.com/secure-systems-lab/dsse, "envelope.md").

    Raises UnreadableBundleError.
    """
    try:
        content: dict[str, Any] = json.loads(base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"]))
        subjects(content)
        is_readable = str.isprintable(content["predicateType"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableBundleError(f"not a bundle with a statement: {error!r}") from error
    if not is_readable:
        raise UnreadableBundleError("a predicate type with control characters")
    return content
