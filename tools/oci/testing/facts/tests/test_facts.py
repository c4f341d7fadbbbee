"""The properties of rules_oci 2.3.0's documents that a stand-in must reproduce to get equal digests."""

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools.oci.registry.server import free_port, running_registry
from tools.oci.testing.layout import Layout

_HERE = Path("tools/oci/testing/facts")
_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_EPOCH = "1970-01-01T00:00:00Z"


def _layout(name: str) -> Layout:
    return Layout(folder=_HERE / name)


def _manifest_text(name: str) -> str:
    layout = _layout(name)
    return layout.read(layout.digest).decode()


def _manifest(name: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(_manifest_text(name))


def _config_text(name: str) -> str:
    return _layout(name).read(_manifest(name)["config"]["digest"]).decode()


def _config(name: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(_config_text(name))


def _digest(file: str) -> str:
    return "sha256:" + hashlib.sha256((_HERE / file).read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("text", "end"),
    [
        pytest.param(_manifest_text("full"), "\n", id="manifest"),
        pytest.param((_HERE / "full" / "index.json").read_text(), "\n", id="index.json of an image"),
        pytest.param((_HERE / "index" / "index.json").read_text(), "\n", id="index.json of an index"),
        pytest.param(_manifest_text("index"), "\n", id="nested index"),
        pytest.param(_config_text("full"), "", id="config"),
    ],
)
def test_documents_are_indented_by_two_and_keep_their_order(text: str, end: str) -> None:
    """All documents except the config end in a newline."""
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + end


def test_layout_file_of_an_image_is_30_bytes() -> None:
    """Regctl writes the layout file without a space and without a newline."""
    assert (_HERE / "full" / "oci-layout").read_text() == '{"imageLayoutVersion":"1.0.0"}'


def test_layout_file_of_an_index_is_32_bytes() -> None:
    """A shell script writes the layout file with a space and a newline."""
    assert (_HERE / "index" / "oci-layout").read_text() == '{"imageLayoutVersion": "1.0.0"}\n'


def test_index_of_an_image_names_its_manifest_and_nothing_else() -> None:
    """The entry of the manifest has neither annotations nor a platform."""
    index = json.loads((_HERE / "full" / "index.json").read_text())
    size = len(_manifest_text("full"))
    entry = {"mediaType": _MANIFEST, "digest": _layout("full").digest, "size": size}
    assert list(index.items()) == [("schemaVersion", 2), ("mediaType", _INDEX), ("manifests", [entry])]
    assert list(index["manifests"][0]) == list(entry)


def test_index_points_at_a_nested_index() -> None:
    """The outer index has neither schemaVersion nor mediaType."""
    index = json.loads((_HERE / "index" / "index.json").read_text())
    size = len(_manifest_text("index"))
    assert index == {"manifests": [{"mediaType": _INDEX, "size": size, "digest": _layout("index").digest}]}
    assert list(index["manifests"][0]) == ["mediaType", "size", "digest"]


def test_nested_index_lists_images_in_order_with_their_platforms() -> None:
    """The platform has os, architecture and, if set, variant."""
    nested = _manifest("index")
    assert list(nested) == ["schemaVersion", "mediaType", "manifests"]
    assert [list(entry) for entry in nested["manifests"]] == [["mediaType", "digest", "size", "platform"]] * 2
    assert [list(entry["platform"].items()) for entry in nested["manifests"]] == [
        [("os", "linux"), ("architecture", "arm64"), ("variant", "v8")],
        [("os", "linux"), ("architecture", "amd64")],
    ]


def test_manifest_has_annotations_last() -> None:
    """The manifest ends with annotations, and its config descriptor has jq's order: size before digest."""
    manifest = _manifest("full")
    assert list(manifest) == ["schemaVersion", "mediaType", "config", "layers", "annotations"]
    assert manifest["mediaType"] == _MANIFEST
    assert list(manifest["config"].items())[:2] == [
        ("mediaType", _CONFIG),
        ("size", len(_config_text("full").encode())),
    ]
    assert manifest["annotations"] == {"org.example.note": "a=b"}
    assert "annotations" not in _manifest("empty")


def test_media_type_of_a_layer_is_told_from_its_bytes() -> None:
    """Layers are never recompressed; the media type is detected from the first bytes."""
    layers = _manifest("full")["layers"]
    assert [list(layer) for layer in layers] == [["size", "digest", "mediaType"]] * 3
    assert [layer["mediaType"] for layer in layers] == [_LAYER, f"{_LAYER}+gzip", f"{_LAYER}+zstd"]
    assert [layer["digest"] for layer in layers] == [
        _digest(name) for name in ("plain.tar", "gzip.tar.gz", "zstd.tar.zst")
    ]


def test_diff_ids_are_of_what_is_inside() -> None:
    """A tar has the same diff id uncompressed, with gzip and with zstd."""
    assert _config("full")["rootfs"] == {"type": "layers", "diff_ids": [_digest("plain.tar")] * 3}


def test_config_has_its_keys_in_this_order() -> None:
    """The keys of the config, and of the part `config` in it, have a fixed order; Cmd precedes Entrypoint."""
    config = _config("full")
    assert list(config) == ["created", "config", "history", "rootfs", "architecture", "os", "variant"]
    assert list(config["config"]) == [
        *("Cmd", "Entrypoint", "ExposedPorts", "Volumes", "Env", "Labels", "User", "WorkingDir"),
    ]
    assert config["created"] == _EPOCH


def test_config_of_nothing_is_an_empty_object() -> None:
    """Keys without a value are omitted."""
    config = _config("empty")
    assert config["config"] == {}
    assert config["history"] == []
    assert config["rootfs"]["diff_ids"] == []


def test_values_are_taken_as_they_are() -> None:
    """Ports get no protocol, dicts keep their order, and newlines in arguments are kept."""
    config = _config("full")["config"]
    assert config["Cmd"] == ["--flag", "two\nlines"]
    assert config["ExposedPorts"] == {"80": {}, "53/udp": {}}
    assert config["Volumes"] == {"/data": {}}
    assert list(config["Labels"].items()) == [("zeta", "last"), ("alpha", "first")]


def test_variables_are_expanded_from_the_lines_above() -> None:
    """`$NAME` and `${NAME}` are expanded; unset variables are empty."""
    assert _config("full")["config"]["Env"] == ["GREETING=hello", "PATH=/bin", "TWICE=hello hello "]


def test_history_names_the_target_of_each_layer() -> None:
    """The history has the label of a layer's target, which must be in the main repository for equal digests."""
    entry = [("created", _EPOCH), ("created_by", "bazel build //tools/oci/testing/facts:layers")]
    assert [list(found.items()) for found in _config("full")["history"]] == [entry] * 3


def test_image_upon_another_merges_into_it() -> None:
    """The base's layers and values come first, an entrypoint removes the base's Cmd, and the platform is the base's."""
    config = _config("upon")
    assert config["config"]["Env"] == ["GREETING=hello", "PATH=/opt:/bin", "TWICE=hello hello "]
    assert config["config"]["Labels"] == {"zeta": "last", "alpha": "changed"}
    assert list(config["config"]["ExposedPorts"]) == ["80", "53/udp", "443"]
    assert "Cmd" not in config["config"]
    assert (config["architecture"], config["variant"]) == ("arm64", "v8")
    layers, history = _manifest("upon")["layers"], config["history"]
    assert layers[:3] == _manifest("full")["layers"]
    assert history[:3] == _config("full")["history"]
    assert len(history) == len(layers) == 4


def test_words_from_files_merge_into_the_base_and_keep_their_place() -> None:
    """Labels and the creation time can come from files; an image that adds no layers has the layers of its base."""
    base, config = _config("full"), _config("stamped")
    labels = {"zeta": "last", "alpha": "from a=file", "beta": "new"}
    expected = base | {"created": "2026-11-29T03:00:00Z", "config": base["config"] | {"Labels": labels}}
    assert _config_text("stamped") == json.dumps(expected, indent=2, ensure_ascii=False)
    assert list(config["config"]["Labels"]) == list(labels)
    assert _manifest("stamped")["layers"] == _manifest("full")["layers"]


@pytest.mark.parametrize("name", ["full", "stamped", "upon", "index"])
def test_what_is_referenced_is_there(name: str) -> None:
    """Every referenced blob exists and matches its name; rules_oci also leaves documents of intermediate steps."""
    folder = _HERE / name / "blobs" / "sha256"
    documents = {_layout(name).digest} | {entry["digest"] for entry in _manifest(name).get("manifests", [])}
    for digest in list(documents):
        document = json.loads(_layout(name).read(digest))
        described = [document["config"], *document["layers"]] if "layers" in document else []
        documents |= {entry["digest"] for entry in described}
    assert {f"sha256:{blob.name}" for blob in folder.iterdir()} >= documents
    for blob in folder.iterdir():
        assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name


def _kept_elsewhere(name: str) -> set[str]:
    """Return the blobs that are links out of the folder of an image or index; links of a sandbox do not count."""
    own = (name, "blobs", "sha256")
    blobs = (_HERE / name / "blobs" / "sha256").iterdir()
    return {f"sha256:{blob.name}" for blob in blobs if blob.resolve().parent.parts[-3:] != own}


@pytest.mark.parametrize("name", ["full", "upon"])
def test_image_links_to_its_layers(name: str) -> None:
    """An image has links to its layers; documents from a base can be links into the base, too."""
    assert {layer["digest"] for layer in _manifest(name)["layers"]} <= _kept_elsewhere(name)


def test_index_has_copies() -> None:
    """An index has copies of all blobs, so that it can be moved without its images."""
    assert _kept_elsewhere("index") == set()


@pytest.mark.parametrize("name", ["full", "index"])
def test_digest_file_holds_the_digest_and_a_newline(name: str) -> None:
    """`:NAME.digest` has the form that deployments read."""
    assert (_HERE / f"{name}.json.sha256").read_text() == _layout(name).digest + "\n"


def _push(*flags: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"RUNFILES_DIR": str(Path.cwd().parent)}
    command = [str(_HERE / "push_push.sh"), *flags]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_push_without_a_repository_says_so() -> None:
    """A push without a repository fails before anything is sent."""
    done = _push()
    assert done.returncode == 1
    assert "repository not set" in done.stderr


def test_push_is_by_digest_and_then_by_tag(tmp_path: Path) -> None:
    """Repository and tags of the command line take precedence; tags are set after the content was sent."""
    binary = Path(os.environ["DOCKER_REGISTRY"])
    with running_registry(binary, folder=tmp_path, port=free_port()) as registry:
        done = _push("--repository", f"{registry.address}/team/service", "--tag", "one", "--tag=two")
        assert done.returncode == 0, done.stderr
        wanted = [f"/v2/team/service/manifests/{name}" for name in (_layout("index").digest, "one", "two")]
        assert [path for path in registry.requests("PUT") if "/manifests/" in path][-3:] == wanted


def test_digests_have_not_moved() -> None:
    """Digests equal those recorded with rules_oci; they change with a property above or with a compressor."""
    assert {name: _layout(name).digest for name in ("empty", "full", "upon", "index")} == {
        "empty": "sha256:721f7055dd3bab220c502a761fe7bc3a643cefacfdf04fa749196bfa03384554",
        "full": "sha256:a074b7f4120d0a8e50403e47e1ca843bad07c93db135c80bc664ead17ed8df73",
        "upon": "sha256:1b8a366773c7614c0754dc9b232c1b41e42931e2973919744f00de53920c59fa",
        "index": "sha256:e7d73ac179950677bf23b3e308a00a16941e8fe6d16c587d82b63d50e7c3b745",
    }
