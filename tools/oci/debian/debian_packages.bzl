"""`debian_packages`: the packages of a Debian lock for images, and the commands that keep the lock current."""

load("//tools/oci/debian:debian_lock.bzl", "debian_lock")

_ARCHITECTURES = [
    "amd64",
    "arm64",
]

def debian_packages(name, interpreter = None):
    """Declares packages for images in the folder of their `packages.json` and `lock.json`.

    MODULE.bazel names the lock too: `debian.lock(name = "user_service_debian", lock = "//services/user_service/debian:lock.json")`,
    with `user_service_debian_amd64` and `user_service_debian_arm64` in `use_repo`.

    Args:
      name: name of the lock in MODULE.bazel.
      interpreter: path, from the workspace root, of a second list, for amd64, that is updated with the lock.

    Makes:
      debs_amd64, debs_arm64: the packages.
      status: JSON file of the packages whose older version is used, because the locked one was not available.
      update, outdated: commands that update the lock and that print the packages older than in Debian's archives.
    """
    native.exports_files(
        ["lock.json"],
        visibility = ["//visibility:public"],
    )
    for architecture in _ARCHITECTURES:
        native.filegroup(
            name = "debs_" + architecture,
            srcs = ["@{}_{}//:debs".format(name, architecture)],
            visibility = ["//visibility:public"],
        )
    merged_status(
        name = "status",
        statuses = ["@{}_{}//:status.json".format(name, architecture) for architecture in _ARCHITECTURES],
    )
    debian_lock(interpreter = interpreter)

def merged_status(name, statuses, **kwargs):
    """Merges status files of Debian packages into one with all their entries.

    Args:
      name: name of the target; its file is `{name}.json`.
      statuses: labels of the files.
      **kwargs: common attributes.
    """
    tool = Label("//tools/oci/base:merge_status")
    native.genrule(
        name = name,
        srcs = statuses,
        outs = [name + ".json"],
        cmd = "$(execpath {}) $(SRCS) > $@".format(tool),
        tools = [tool],
        visibility = ["//visibility:public"],
        **kwargs
    )
