"""Releasing to a real registry, and refusing what was changed afterwards."""

import base64
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools.oci.push.crane import Crane, RegistryError
from tools.oci.push.faults import Fault, failing_network
from tools.oci.push.publish import Publisher
from tools.oci.registry.server import Registry, free_port, htpasswd, running_registry
from tools.oci.registry.tokens import Account, token_server
from tools.release.cosign import Signer, Verifier, verifying_with_key
from tools.release.referrers import Referrers
from tools.release.registry_api import RegistryApi
from tools.release.release import Release, attach
from tools.release.statements import (
    CYCLONEDX,
    PROVENANCE,
    SIGNATURE,
    SPDX,
    encoded,
    statement,
    statement_of,
)
from tools.release.testing import extended_registry
from tools.release.verify import NotVerifiedError, verify

MakeRelease = Callable[[bytes], Release]


def _tag(digest: str) -> str:
    return digest.replace(":", "-")


def _replace(referrers: Referrers, tag: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest of a tag, as anyone with push rights can."""
    document = json.loads(referrers.manifest(tag) or b"")
    change(document)
    referrers.api.put(tag, json.dumps(document).encode())


def _writes(registry: Registry) -> list[str]:
    return [path for method in ("PATCH", "POST", "PUT") for path in registry.requests(method)]


def _forge(bundle: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """Change the statement of a bundle and keep its signature."""
    document, content = json.loads(bundle), statement_of(bundle)
    change(content)
    document["dsseEnvelope"]["payload"] = base64.b64encode(encoded(content)).decode()
    return json.dumps(document).encode()


def test_release_is_verified(referrers: Referrers, release: Release, signer: Signer, verifier: Verifier) -> None:
    """A released image is verified with the public key."""
    attach(release, referrers, signer)
    verify(referrers, release.service.digest, verifier)


def test_each_digest_is_released_once(
    registry: Registry, referrers: Referrers, release: Release, signer: Signer
) -> None:
    """A second release finds everything there and writes nothing."""
    attach(release, referrers, signer)
    before = _writes(registry)
    lines = attach(release, referrers, signer)
    assert all(line.startswith("was there: ") for line in lines)
    assert _writes(registry) == before


def test_statements_are_attached_to_what_they_are_about(referrers: Referrers, release: Release, signer: Signer) -> None:
    """The index has signature and provenance, its image has provenance and bills of materials."""
    attach(release, referrers, signer)
    index, [image] = release.service.digest, release.service.images().values()
    kinds = {
        digest: [statement_of(bundle)["predicateType"] for bundle in referrers.bundles(digest)]
        for digest in (index, image)
    }
    assert kinds == {index: [PROVENANCE, SIGNATURE], image: [PROVENANCE, SPDX, CYCLONEDX]}


def test_release_fits_immutable_tags(registry: Registry, release: Release, signer: Signer, verifier: Verifier) -> None:
    """Each tag of referrers is written once, so a registry that refuses to move tags takes a release."""
    with extended_registry(registry.address, immutable=True) as address:
        crane = Crane.from_environment()
        Publisher(crane=crane).push(release.service, f"{address}/users", tags=["v1"])
        referrers = Referrers.of(f"{address}/users", crane=crane)
        attach(release, referrers, signer)
        verify(referrers, release.service.digest, verifier)
        with pytest.raises(RegistryError, match="400 TAG_IMMUTABLE: v1 exists"):
            referrers.api.put("v1", release.service.read(release.service.digest))


def test_new_key_signs_again(
    referrers: Referrers, release: Release, signer: Signer, other_signer: Signer, keys: Path
) -> None:
    """After a change of the key a release adds signatures by the new one, once; each key verifies its own."""
    attach(release, referrers, other_signer)
    first, second = attach(release, referrers, signer), attach(release, referrers, signer)
    assert all(line.startswith("attached: ") for line in first)
    assert [line.replace("was there: ", "attached: ") for line in second] == first
    assert second != first
    for key in ("ours", "other"):
        with verifying_with_key(str(keys / f"{key}.pub")) as verifier:
            ignored = verify(referrers, release.service.digest, verifier)
        assert len(ignored) == len(first)
        assert all(line.startswith("ignored: ") and "not verified" in line for line in ignored)


@pytest.mark.parametrize("referrers_api", [False, True])
def test_new_key_and_immutable_tags(
    registry: Registry, release: Release, signer: Signer, other_signer: Signer, *, referrers_api: bool
) -> None:
    """The tag of referrers cannot be written again, and one sentence reports it; the referrers API needs none."""
    with extended_registry(registry.address, immutable=True, referrers_api=referrers_api) as address:
        crane = Crane.from_environment()
        Publisher(crane=crane).push(release.service, f"{address}/users")
        referrers = Referrers.of(f"{address}/users", crane=crane)
        attach(release, referrers, other_signer)
        refused = pytest.raises(RegistryError, match=r"users: 400 TAG_IMMUTABLE: sha256-\w+ exists")
        with nullcontext() if referrers_api else refused:
            attach(release, referrers, signer)


def test_referrers_api_is_used(registry: Registry, release: Release, signer: Signer, verifier: Verifier) -> None:
    """A registry with the referrers API lists the statements itself, and no tag is written for them."""
    with extended_registry(registry.address, referrers_api=True) as address:
        crane = Crane.from_environment()
        Publisher(crane=crane).push(release.service, f"{address}/users", tags=["v1"])
        referrers = Referrers.of(f"{address}/users", crane=crane)
        attach(release, referrers, signer)
        assert referrers.manifest(_tag(release.service.digest)) is None
        verify(referrers, release.service.digest, verifier)
        assert all(line.startswith("was there: ") for line in attach(release, referrers, signer))


def test_referrers_of_others_are_kept(referrers: Referrers, release: Release, signer: Signer) -> None:
    """What another tool attached stays in the index of referrers."""
    other = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "artifactType": "text/x", "size": 2}
    image = release.service.images()["amd64"]
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json"}
    entry = other | {"digest": image, "size": len(release.service.read(image))}
    referrers.api.put(_tag(release.service.digest), json.dumps(index | {"manifests": [entry]}).encode())
    attach(release, referrers, signer)
    written = json.loads(referrers.manifest(_tag(release.service.digest)) or b"")
    assert written["manifests"][0] == entry
    assert len(written["manifests"]) == 1 + len([PROVENANCE, SIGNATURE])


def test_unsigned_image_is_refused(referrers: Referrers, release: Release, verifier: Verifier) -> None:
    """An image that was only pushed is refused."""
    with pytest.raises(NotVerifiedError, match="no signature"):
        verify(referrers, release.service.digest, verifier)


def test_wrong_key_is_refused(referrers: Referrers, release: Release, other_signer: Signer, verifier: Verifier) -> None:
    """A signature by another key is refused."""
    attach(release, referrers, other_signer)
    with pytest.raises(NotVerifiedError, match="is not verified: cosign"):
        verify(referrers, release.service.digest, verifier)


def test_changed_layer_is_refused(
    tmp_path: Path, referrers: Referrers, release: Release, signer: Signer, verifier: Verifier
) -> None:
    """Every layer is read and compared with its digest."""
    attach(release, referrers, signer)
    digest = release.service.blobs()[0].removeprefix("sha256:")
    [data] = (tmp_path / "registry/blobs").rglob(f"blobs/sha256/*/{digest}/data")
    content = data.read_bytes()
    data.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    with pytest.raises(RegistryError):
        verify(referrers, release.service.digest, verifier)


def test_changed_statement_is_refused(
    referrers: Referrers, release: Release, signer: Signer, verifier: Verifier
) -> None:
    """A statement that was changed after signing is refused."""
    attach(release, referrers, signer)
    [image] = release.service.images().values()
    [bundle, *_] = referrers.bundles(image)
    _replace(referrers, _tag(image), lambda index: index["manifests"].pop(0))
    forged = _forge(bundle, lambda content: content["predicate"]["runDetails"]["builder"].update(id="urn:y"))
    referrers.attach([forged], subject=release.service.read(image))
    with pytest.raises(NotVerifiedError, match="is not verified: cosign"):
        verify(referrers, release.service.digest, verifier)


def test_signature_of_another_image_is_refused(
    make_release: MakeRelease, referrers: Referrers, release: Release, signer: Signer, verifier: Verifier
) -> None:
    """A signature by the right key, copied from another image, is refused."""
    other = make_release(b"another")
    Publisher(crane=referrers.crane).push(other.service, referrers.repository)
    attach(other, referrers, signer)
    bundles = referrers.bundles(other.service.digest)
    referrers.attach(bundles, subject=release.service.read(release.service.digest))
    with pytest.raises(NotVerifiedError, match="digest does not match"):
        verify(referrers, release.service.digest, verifier)


@pytest.mark.parametrize("instead", [True, False])
def test_statement_by_another_key_counts_as_missing(
    referrers: Referrers,
    release: Release,
    signer: Signer,
    other_signer: Signer,
    verifier: Verifier,
    *,
    instead: bool,
) -> None:
    """In place of our signature it is refused; beside it, it is ignored, and one line reports it."""
    attach(release, referrers, signer)
    digest = release.service.digest
    if instead:
        _replace(referrers, _tag(digest), lambda index: index["manifests"].pop(0))
    forged = statement([digest], "users", kind=PROVENANCE, predicate={})
    referrers.attach([other_signer.sign(encoded(forged))], subject=release.service.read(digest))
    if instead:
        with pytest.raises(NotVerifiedError, match=f"{PROVENANCE} about {digest} is not verified: cosign"):
            verify(referrers, digest, verifier)
    else:
        [line] = verify(referrers, digest, verifier)
        assert line.startswith(f"ignored: {PROVENANCE} of {digest}, not verified: cosign")


def test_statement_about_another_image_too_is_refused(
    referrers: Referrers, release: Release, signer: Signer, verifier: Verifier
) -> None:
    """A statement by the right key that names an image besides those of the index is refused."""
    attach(release, referrers, signer)
    digest = release.service.digest
    wide = statement([digest, f"sha256:{'c' * 64}"], "users", kind=PROVENANCE, predicate={})
    referrers.attach([signer.sign(encoded(wide))], subject=release.service.read(digest))
    with pytest.raises(NotVerifiedError, match="another image too: sha256:ccc"):
        verify(referrers, digest, verifier)


@pytest.mark.parametrize("part", ["index", "image"])
def test_missing_statement_is_refused(
    referrers: Referrers, release: Release, signer: Signer, verifier: Verifier, part: str
) -> None:
    """A signature without the statements that belong to it is not enough."""
    attach(release, referrers, signer)
    digest = {"index": release.service.digest, "image": release.service.images()["amd64"]}[part]
    _replace(referrers, _tag(digest), lambda index: index["manifests"].pop())
    with pytest.raises(NotVerifiedError, match="is missing"):
        verify(referrers, release.service.digest, verifier)


def test_statement_of_another_kind_is_refused(
    referrers: Referrers, release: Release, signer: Signer, verifier: Verifier
) -> None:
    """A statement that no release makes is refused, though the key signed it."""
    attach(release, referrers, signer)
    digest = release.service.digest
    content = statement([digest], "users", kind="https://example.com/x", predicate={})
    referrers.attach([signer.sign(encoded(content))], subject=release.service.read(digest))
    with pytest.raises(NotVerifiedError, match=r"example\.com/x .* is not one that a release makes"):
        verify(referrers, digest, verifier)


_ACCOUNTS = {
    "deployer": Account(password="password", actions={"*": {"pull", "push"}}),
    "reader": Account(password="password", actions={"*": {"pull"}}),
}


def test_account_that_may_pull_verifies(
    tmp_path: Path, release: Release, signer: Signer, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release needs the right to push; its verification does not, on a registry with a token server."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    folder = tmp_path / "guarded"
    folder.mkdir()
    binary, crane = Path(os.environ["DOCKER_REGISTRY"]), Crane.from_environment()
    with (
        token_server(folder, _ACCOUNTS) as auth,
        running_registry(binary, folder=folder, port=free_port(), auth=auth) as registry,
    ):
        repository = f"{registry.address}/users"
        _log_in(tmp_path, registry.address, "deployer")
        Publisher(crane=crane).push(release.service, repository)
        attach(release, Referrers.of(repository, crane=crane), signer)
        _log_in(tmp_path, registry.address, "reader")
        verify(Referrers.of(repository, crane=crane, push=False), release.service.digest, verifier)
        with pytest.raises(RegistryError, match="UNAUTHORIZED"):
            Referrers.of(repository, crane=crane).attach([b"{}"], subject=release.service.read(release.service.digest))


def _log_in(folder: Path, address: str, user: str) -> None:
    entry = base64.b64encode(f"{user}:password".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {address: {"auth": entry}}}))


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_credentials_stay_with_the_registry(registry: Registry, method: str) -> None:
    """Another host that a redirect names gets the request, with its content and without credentials."""
    seen: list[tuple[str | None, bytes]] = []

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.headers["Authorization"], self.rfile.read(int(self.headers["Content-Length"] or 0))))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_PUT = do_GET  # noqa: N815 - the name that http.server looks for

        def log_message(self, *_: object) -> None: ...

    manifest = b'{"mediaType": "text/x"}'
    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as other:
        thread = threading.Thread(target=other.serve_forever, args=(0.01,))
        thread.start()
        try:
            elsewhere = {"Location": f"http://127.0.0.1:{other.server_port}/elsewhere"}
            with failing_network(registry.address, Fault(matching=method, status=307, headers=elsewhere)) as address:
                api = RegistryApi(url=f"http://{address}", name="users", authorization="Basic c2VjcmV0")
                api.referrers(f"sha256:{'0' * 64}") if method == "GET" else api.put("v1", manifest)
        finally:
            other.shutdown()
            thread.join()
    assert seen == [(None, b"" if method == "GET" else manifest)]


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Registry]:
    """A registry that accepts `user` with `password`."""
    auth = htpasswd(tmp_path, "user:$2a$04$o7CjjN2PPN0EJ3QYAtDVgenwEAI79sa6ZbWy71G9BBuztYJbz0LoG")
    with running_registry(Path(os.environ["DOCKER_REGISTRY"]), folder=tmp_path, port=free_port(), auth=auth) as made:
        yield made


@pytest.mark.parametrize("status", [307, 308])
def test_redirect_within_the_registry_keeps_credentials(guarded: Registry, status: int) -> None:
    """A registry that sends writing requests on to itself gets them again, with the password."""
    fault = Fault(matching="", times=2, status=status, headers={"Location": "{path}"})
    with failing_network(guarded.address, fault) as address:
        api = RegistryApi(url=f"http://{address}", name="users", authorization="Basic dXNlcjpwYXNzd29yZA==")
        digest = api.upload(b"content")
    assert fault.times == 0
    assert any(path.endswith(f"digest={digest.replace(':', '%3A')}") for path in guarded.requests("PUT"))


def test_upload_leads_to_http_alone(registry: Registry) -> None:
    """A registry cannot name a file of this machine in place of an upload."""
    fault = Fault(matching="POST ", status=202, headers={"Location": "file:///etc/hostname"})
    with failing_network(registry.address, fault) as address:
        api = RegistryApi(url=f"http://{address}", name="users")
        with pytest.raises(RegistryError, match="users: the registry refers to 'file' instead of HTTP"):
            api.upload(b"content")
