"""`image_test`: a test of a service's image that needs no container engine."""

load("//tools/build:pytest_test.bzl", "pytest_test")

visibility("//tools/oci/...")

def image_test(name, *, image, push, title, module, port, prepare, labels, user, visibility):
    """Pushes an image to a temporary registry, pulls it, runs it in namespaces, and checks its content.

    Args:
      name: name of the test.
      image: the index; `{image}.digest`, its bills of materials and `{image}_grouped_wheels` are in the same package.
      push: the command that pushes it.
      title: name of the service.
      module: module that the image runs.
      port: port that the service listens on.
      prepare: commands of the module that must be run before it serves.
      labels: names of the labels that the image has in addition to its title.
      user: user that it runs as, `uid:gid`.
      visibility: who may use it, such as the suite of the tests of all images.

    Makes:
      name: the test.
    """
    pytest_test(
        name = name,
        size = "medium",
        srcs = ["//tools/oci/testing:tests/test_image.py"],
        data = [
            image,
            image + ".digest",
            image + "_grouped_wheels",
            image + "_amd64_sbom",
            image + "_arm64_sbom",
            push,
            "//tools/oci/registry:docker_registry",
        ],
        env = {
            "DOCKER_REGISTRY": "$(rootpath //tools/oci/registry:docker_registry)",
            "IMAGE_DIGEST": "$(rootpath {}.digest)".format(image),
            "IMAGE_GROUPED_WHEELS": "$(rootpaths {}_grouped_wheels)".format(image),
            "IMAGE_INDEX": "$(rootpath {})".format(image),
            "IMAGE_LABELS": " ".join(labels),
            "IMAGE_MODULE": module,
            "IMAGE_NAME": title,
            "IMAGE_PORT": str(port),
            "IMAGE_PREPARE": " ".join(prepare),
            "IMAGE_PUSH": "$(rootpath {})".format(push),
            "IMAGE_USER": user,
        },
        target_compatible_with = ["@platforms//os:linux"],
        visibility = visibility,
        deps = ["//tools/oci/testing"],
    )
