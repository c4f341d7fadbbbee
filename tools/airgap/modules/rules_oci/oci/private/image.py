"""Write an image in OCI layout: the documents that rules_oci's image.sh writes, key for key."""

import argparse
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import documents
from documents import Document

_LAYER = "application/vnd.oci.image.layer.v1.tar"
_DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"


def main(arguments: list[str]) -> None:
    """Run the command."""
    options = _parser().parse_args(arguments)
    output: Path = options.output
    output.mkdir(exist_ok=True)
    if options.base:
        manifest, config = _from_base(options.base, output)
    else:
        manifest, config = _from_nothing(options)
        (output / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    for pair in options.layer:
        _add_layer(output, manifest, config, *map(Path, pair.split("=")))
    if options.annotations:
        manifest.setdefault("annotations", {}).update(_pairs(options.annotations))
    _merge(config, _overrides(options, config))
    if config["config"].get("Cmd", "") is None:
        del config["config"]["Cmd"]
    _finish(output, manifest, config)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="image", allow_abbrev=False)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--layer", action="append", default=[])
    for text in ("os", "architecture", "variant", "user", "workdir"):
        parser.add_argument(f"--{text}", default="")
    for file in ("base", "created", "entrypoint", "cmd", "exposed-ports", "volumes", "env", "labels", "annotations"):
        parser.add_argument(f"--{file}", type=Path)
    return parser


def _from_nothing(options: argparse.Namespace) -> tuple[Document, Document]:
    platform = {"architecture": options.architecture, "os": options.os}
    if options.variant:
        platform["variant"] = options.variant
    manifest: Document = {
        "schemaVersion": 2,
        "mediaType": documents.MANIFEST,
        "config": {"mediaType": documents.CONFIG, "size": 0},
        "layers": [],
    }
    config: Document = {
        "created": "1970-01-01T00:00:00Z",
        "config": {},
        "history": [],
        "rootfs": {"type": "layers", "diff_ids": []},
    }
    return manifest, config | platform


def _from_base(base: Path, output: Path) -> tuple[Document, Document]:
    """Take over the base's documents, and its layers as links to the base's own links."""
    index = documents.read(base / "index.json")
    manifest = documents.read(documents.blob_path(base, index["manifests"][0]["digest"]))
    config = documents.read(documents.blob_path(base, manifest["config"]["digest"]))
    for layer in manifest["layers"]:
        _link(output, layer["digest"], documents.blob_path(base, layer["digest"]))
    shutil.copyfile(base / "oci-layout", output / "oci-layout")
    return manifest, config


def _add_layer(output: Path, manifest: Document, config: Document, layer: Path, descriptor: Path) -> None:
    described = documents.read(descriptor)
    docker = manifest["mediaType"].startswith("application/vnd.docker.")
    suffix = described["compression"] and ("." if docker else "+") + described["compression"]
    config["rootfs"]["diff_ids"].append(described["diffid"])
    config["history"].append(described["history"])
    manifest["layers"].append(
        {
            "size": described["size"],
            "digest": described["digest"],
            "mediaType": (_DOCKER_LAYER if docker else _LAYER) + suffix,
        }
    )
    _link(output, described["digest"], layer)


def _link(output: Path, digest: str, target: Path) -> None:
    """Add a layer as a relative link, so that its bytes are stored once."""
    blob = documents.blob_path(output, digest)
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.unlink(missing_ok=True)
    blob.symlink_to(os.path.relpath(target, blob.parent))


def _overrides(options: argparse.Namespace, config: Document) -> Document:
    """Return the values of the attributes, in the order in which rules_oci reads them."""
    inner: Document = {}
    if options.entrypoint:
        inner |= {"Cmd": None, "Entrypoint": _lines(options.entrypoint)}
    if options.cmd:
        inner["Cmd"] = _lines(options.cmd)
    if options.exposed_ports:
        inner["ExposedPorts"] = _set(options.exposed_ports)
    if options.volumes:
        inner["Volumes"] = _set(options.volumes)
    if options.env:
        inner["Env"] = _environment(config["config"].get("Env") or [], options.env)
    if options.labels:
        inner["Labels"] = _pairs(options.labels)
    if options.user:
        inner["User"] = options.user
    if options.workdir:
        inner["WorkingDir"] = options.workdir
    created = {"created": options.created.read_text()} if options.created else {}
    return ({"config": inner} if inner else {}) | created


def _lines(path: Path) -> list[str]:
    return [line.replace("%5Cn", "\n") for line in path.read_text().split("\n") if line]


def _set(path: Path) -> dict[str, Document]:
    return {name: {} for name in path.read_text().split(",") if name}


def _pairs(path: Path) -> dict[str, str]:
    return {line.partition("=")[0]: line.partition("=")[2] for line in path.read_text().split("\n") if line}


def _environment(inherited: list[str], path: Path) -> list[str]:
    """Add lines to an environment; each line can refer to the variables above it."""
    known = {line.partition("=")[0]: line.partition("=")[2] for line in inherited}
    for line in path.read_text().removesuffix("\n").split("\n") if path.stat().st_size else []:
        key, _, value = line.partition("=")
        known[key] = _expanded(value, known)
    return [f"{key}={value}" for key, value in known.items()]


def _expanded(raw: str, known: Mapping[str, str]) -> str:
    """Replace `$KEY` and `${KEY}`; an unknown key is empty."""
    return re.sub(r"\$\{?([a-zA-Z0-9_]+)\}?", lambda match: known.get(match[1], ""), raw)


def _merge(below: Document, above: Document) -> None:
    """Jq's `*`: objects are merged, anything else is replaced; keys keep their place."""
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            _merge(below[key], value)
        else:
            below[key] = value


def _finish(output: Path, manifest: Document, config: Document) -> None:
    rendered = documents.render(config).encode()
    manifest["config"].pop("data", None)
    manifest["config"]["digest"] = documents.write_blob(output, rendered)
    manifest["config"]["size"] = len(rendered)
    content = (documents.render(manifest) + "\n").encode()
    described = {
        "mediaType": manifest["mediaType"],
        "digest": documents.write_blob(output, content),
        "size": len(content),
    }
    documents.write(output / "index.json", {"schemaVersion": 2, "mediaType": documents.INDEX, "manifests": [described]})


if __name__ == "__main__":
    main(sys.argv[1:])
