"""The public rules of rules_oci: `oci_image`, `oci_image_index`, `oci_load`, `oci_push`.

Like the upstream rules they accept lists, dicts and files of lines, and make `NAME.digest` for images.
"""

load("@bazel_skylib//rules:write_file.bzl", "write_file")
load("//oci/private:digest.bzl", "oci_digest")
load("//oci/private:image.bzl", _oci_image = "oci_image")
load("//oci/private:image_index.bzl", _oci_image_index = "oci_image_index")
load("//oci/private:load.bzl", _oci_load = "oci_load")
load("//oci/private:push.bzl", _oci_push = "oci_push")

oci_image_rule = _oci_image
oci_image_index_rule = _oci_image_index
oci_push_rule = _oci_push
oci_tarball_rule = _oci_load

_COMMON = ["compatible_with", "exec_compatible_with", "features", "tags", "target_compatible_with", "testonly", "visibility"]

def _common(kwargs):
    """Returns the attributes that helper targets inherit from the main target."""
    return {key: value for key, value in kwargs.items() if key in _COMMON}

def _lines(name, kind, lines, common):
    """Writes a file of lines with the name that rules_oci gives it, and returns its label."""
    label = "{}_write_{}".format(name, kind)
    write_file(
        name = label,
        out = "{}.{}.txt".format(name, kind),
        content = lines,
        **common
    )
    return label

def _pairs(name, kind, value, common):
    """Returns a file of KEY=VALUE lines for a dict; other values are files already."""
    if type(value) != "dict":
        return value
    return _lines(name, kind, ["{}={}".format(*pair) for pair in value.items()], common)

def _arguments(name, kind, value, common):
    """Returns a file with one argument per line for a list."""
    if type(value) != "list":
        return value
    return _lines(name, kind, [argument.replace("\n", "%5Cn") for argument in value], common)

def _joined(name, kind, value, common):
    """Returns a file with one comma-separated line for a list."""
    return _lines(name, kind, [",".join(value)], common) if type(value) == "list" else value

def _tags(name, value, common):
    """Returns a file with one tag per line for a list."""
    return _lines(name, "tags", value, common) if type(value) == "list" else value

def oci_image(
        name,
        created = None,
        labels = None,
        annotations = None,
        env = None,
        cmd = None,
        entrypoint = None,
        exposed_ports = None,
        volumes = None,
        **kwargs):
    """Builds an image from layers, with or without a base image.

    Args:
      name: name of the image.
      created: file with the creation time; by default 1970-01-01.
      labels: dict, or file of KEY=VALUE lines.
      annotations: dict, or file of KEY=VALUE lines.
      env: dict, or file of KEY=VALUE lines; `$KEY` and `${KEY}` are replaced by values of the base or of earlier lines.
      cmd: list, or file of lines.
      entrypoint: list, or file of lines; removes the base's cmd.
      exposed_ports: list, or file with commas.
      volumes: list, or file with commas.
      **kwargs: base, tars, user, workdir, os, architecture, variant and common attributes.

    Makes:
      name: the image, a folder in OCI layout.
      name.digest: file with its digest.
    """
    common = _common(kwargs)
    _oci_image(
        name = name,
        created = created,
        labels = _pairs(name, "labels", labels, common),
        annotations = _pairs(name, "annotations", annotations, common),
        env = _pairs(name, "env", env, common),
        cmd = _arguments(name, "cmd", cmd, common),
        entrypoint = _arguments(name, "entrypoint", entrypoint, common),
        exposed_ports = _joined(name, "exposed_ports", exposed_ports, common),
        volumes = _joined(name, "volumes", volumes, common),
        **kwargs
    )
    oci_digest(name = name + ".digest", image = name, out = name + ".json.sha256", **common)

def oci_image_index(name, **kwargs):
    """Builds an index of images for several platforms.

    Args:
      name: name of the index.
      **kwargs: images, platforms and common attributes.

    Makes:
      name: the index, a folder in OCI layout.
      name.digest: file with its digest.
    """
    _oci_image_index(name = name, **kwargs)
    oci_digest(name = name + ".digest", image = name, out = name + ".json.sha256", **_common(kwargs))

def oci_push(name, remote_tags = None, **kwargs):
    """Makes a command that pushes an image.

    Args:
      name: name of the command.
      remote_tags: list, or file of one tag a line.
      **kwargs: image, repository or repository_file, and common attributes.

    Makes:
      name: the command; it takes `--repository` and `--tag`.
    """
    _oci_push(name = name, remote_tags = _tags(name, remote_tags, _common(kwargs)), **kwargs)

def oci_load(name, repo_tags = None, **kwargs):
    """Makes a command that writes an image's tarball and prints how to load it, because the sealed root has no daemon.

    Args:
      name: name of the command.
      repo_tags: list, or file of one NAME:TAG a line.
      **kwargs: image, format, loader and common attributes.

    Makes:
      name: the command; output group `tarball` is the tarball.
    """
    _oci_load(name = name, repo_tags = _tags(name, repo_tags, _common(kwargs)), **kwargs)
