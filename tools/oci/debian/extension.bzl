"""Module extension: one repository for each architecture of each Debian lock.

`debian.lock(name = "base", lock = "//tools/oci/base:lock.json")` makes `@base_amd64` and `@base_arm64`.
Nothing is downloaded before a build asks for a file of the repository.
"""

load("//tools/oci/debian:repository.bzl", "debian_packages")

_lock = tag_class(
    doc = "A lock file made by the `:update` of its folder.",
    attrs = {
        "lock": attr.label(mandatory = True, allow_single_file = [".json"], doc = "The lock file."),
        "name": attr.string(mandatory = True, doc = "Repositories are called NAME_ARCHITECTURE."),
    },
)

def _debian_impl(module_ctx):
    for module in module_ctx.modules:
        for tag in module.tags.lock:
            lock = json.decode(module_ctx.read(tag.lock))
            for architecture in lock["packages"]:
                debian_packages(
                    name = "{}_{}".format(tag.name, architecture),
                    architecture = architecture,
                    lock = tag.lock,
                )

debian = module_extension(
    implementation = _debian_impl,
    tag_classes = {"lock": _lock},
    doc = "Makes the repositories of Debian locks.",
)
