"""The statements of a release about images."""

import base64
import json

import pytest

from tools.release.release import Release
from tools.release.statements import PROVENANCE, UnreadableBundleError, statement, statement_of


def test_provenance_says_where_from(release: Release) -> None:
    """Commit, builder and every lock with its hash are in a SLSA provenance about the index and its images."""
    content = release.statements()[0]
    assert (content["_type"], content["predicateType"]) == ("https://in-toto.io/Statement/v1", PROVENANCE)
    definition = content["predicate"]["buildDefinition"]
    assert definition["resolvedDependencies"] == [
        {"name": "source", "digest": {"gitCommit": "a" * 40}},
        {"name": "requirements_lock.txt", "digest": {"sha256": "b" * 64}},
    ]
    assert content["predicate"]["runDetails"]["builder"]["id"] == "urn:x"
    assert len(content["subject"]) == 1 + len(release.service.manifests())


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        json.dumps(statement([], "users", kind="x\0", predicate={})).encode(),
        json.dumps(statement([], "users", kind="x", predicate={}) | {"predicateType": 1}).encode(),
        json.dumps(statement([], "users", kind="x", predicate={}) | {"subject": [{"digest": "x"}]}).encode(),
    ],
)
def test_junk_is_no_statement(payload: bytes) -> None:
    """Every account that may push can attach a bundle, so its content may be anything."""
    bundle = json.dumps({"dsseEnvelope": {"payload": base64.b64encode(payload).decode()}}).encode()
    with pytest.raises(UnreadableBundleError):
        statement_of(bundle)
