"""What is said of images: in-toto Statements v1, in signed envelopes (DSSE v1)."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tools.release.signing import Checker, Signer

PROVENANCE = "https://slsa.dev/provenance/v1"
SPDX = "https://spdx.dev/Document"
CYCLONEDX = "https://cyclonedx.org/bom"

_PAYLOAD = "application/vnd.in-toto+json"


class ForgedError(Exception):
    """An envelope is not signed by the key."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What an image was made from: a commit, and the locks of everything that is not in it (SHA-256 by path)."""

    revision: str
    locks: Mapping[str, str]


def statement(digests: Iterable[str], name: str, *, kind: str, predicate: Mapping[str, Any]) -> dict[str, Any]:
    """Say something of images; https://in-toto.io/Statement/v1."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}} for digest in digests],
        "predicateType": kind,
        "predicate": predicate,
    }


def provenance(source: Source, *, target: str, builder: str) -> dict[str, Any]:
    """How an image came to be; SLSA provenance v1, whose fields these are."""
    locks = [{"name": path, "digest": {"sha256": sha256}} for path, sha256 in sorted(source.locks.items())]
    return {
        "buildDefinition": {
            "buildType": "urn:build:bazel:oci-image:v1",
            "externalParameters": {"target": target},
            "resolvedDependencies": [{"name": "source", "digest": {"gitCommit": source.revision}}, *locks],
        },
        "runDetails": {"builder": {"id": builder}},
    }


def seal(content: Mapping[str, Any], signer: Signer) -> bytes:
    """Put a statement into a signed envelope."""
    payload = json.dumps(content, sort_keys=True).encode()
    envelope = {
        "payloadType": _PAYLOAD,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"sig": signer.sign(_signed(payload))}],
    }
    return json.dumps(envelope).encode()


def unseal(envelope: bytes, checker: Checker) -> dict[str, Any]:
    """Take a statement out of its envelope.

    Raises ForgedError unless one of its signatures is by the key.
    """
    try:
        document = json.loads(envelope)
        payload = base64.b64decode(document["payload"])
        signatures = [entry["sig"] for entry in document["signatures"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ForgedError(str(error)) from error
    if not any(checker.accepts(signature, _signed(payload)) for signature in signatures):
        raise ForgedError
    content: dict[str, Any] = json.loads(payload)
    return content


def _signed(payload: bytes) -> bytes:
    """What DSSE signs: type and content, with their lengths."""
    return b"DSSEv1 %d %s %d %s" % (len(_PAYLOAD), _PAYLOAD.encode(), len(payload), payload)
