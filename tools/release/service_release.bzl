"""`service_release`: the commands that release a service's image and verify a released one."""

load("@rules_python//python:py_binary.bzl", "py_binary")

visibility("//tools/build")

_CRANE = "//tools/oci/push:crane"

def service_release(name, *, image, sbom, status, locks, visibility):
    """Makes the commands that release and verify a service's image.

    Args:
      name: name of the service.
      image: index of its images.
      sbom: their bills of materials.
      status: JSON file of their Debian packages that are older than locked.
      locks: locks of all content of an image that is not in the commit, by their paths from the root.
      visibility: who may use the commands.

    Makes:
      release: pushes the image, attaches provenance and bills of materials, and signs.
      image_verify: verifies that the image on a registry was released from this source.
    """
    repository = "localhost:5000/" + name
    py_binary(
        name = "release",
        srcs = ["//tools/release:release.py"],
        args = [
            "--image=$(rootpath {})".format(image),
            "--sbom $(rootpaths {})".format(sbom),
            "--target=" + str(native.package_relative_label(image)).lstrip("@"),
            "--default-repository=" + repository,
        ] + ["--lock=" + lock for lock in locks],
        data = [
            _CRANE,
            status,
            image,
            sbom,
        ],
        env = {
            "BASE_STATUS": "$(rootpath {})".format(status),
            "CRANE": "$(rootpath {})".format(_CRANE),
        },
        main = "//tools/release:release.py",
        target_compatible_with = ["@platforms//os:linux"],
        visibility = visibility,
        deps = ["//tools/release:trust"],
    )
    py_binary(
        name = "image_verify",
        srcs = ["//tools/release:verify.py"],
        args = [
            "--image=$(rootpath {})".format(image),
            "--default-repository=" + repository,
        ],
        data = [
            _CRANE,
            image,
        ],
        env = {"CRANE": "$(rootpath {})".format(_CRANE)},
        main = "//tools/release:verify.py",
        target_compatible_with = ["@platforms//os:linux"],
        visibility = visibility,
        deps = ["//tools/release:trust"],
    )
