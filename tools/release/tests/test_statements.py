"""What a release says of images."""

from tools.release.release import Release
from tools.release.statements import PROVENANCE


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
