"""`debian_base`: a base image from the Debian packages of a lock."""

load("@rules_oci//oci:defs.bzl", "oci_image")
load("//tools/oci/base:base_layer.bzl", "base_layer")
load("//tools/oci/debian:debian_packages.bzl", "debian_packages")

def debian_base(name, interpreter = None):
    """Declares a base in the folder of its `packages.json` and `lock.json`: `fastapi_service(base = "//that/folder")`.

    All layers above have bytecode of Python 3.11, so the lock must have python3.11-minimal and libpython3.11-stdlib.

    Args:
      name: name of the lock in MODULE.bazel.
      interpreter: path, from the workspace root, of a second list, for amd64, that is updated with the lock.

    Makes:
      layer_amd64, layer_arm64: the layers.
      image_amd64, image_arm64: the base images of services.
      debs_amd64, debs_arm64, status, update, outdated: as `debian_packages` does.
    """
    for architecture in ["amd64", "arm64"]:
        base_layer(
            name = "layer_" + architecture,
            debs = [":debs_" + architecture],
            interpreter = "@{}_{}//:interpreter".format(name, architecture),
            visibility = ["//tools/oci:__subpackages__"],
        )
        oci_image(
            name = "image_" + architecture,
            architecture = architecture,
            os = "linux",
            tars = [":layer_" + architecture],
            visibility = ["//visibility:public"],
        )
    debian_packages(
        name = name,
        interpreter = interpreter,
    )
