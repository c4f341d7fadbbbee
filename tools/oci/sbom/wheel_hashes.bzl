"""Module extension: the hashes of each release's wheels, a file each, from the locks of Python distributions.

`wheel_hashes.read(locks = ["//:requirements_lock.txt"])` makes `@wheel_hashes` with a file `pydantic_core-2.50.5.txt` of
lines `# sha256:HASH FILE.whl`. A bill of materials reads the files of the wheels that an image has and no others, so that
an edit of another pin, or of the same distribution in the lock of another track, changes none of its inputs. Nothing is
downloaded, and both modes read the same locks.
"""

_COMMENT = "# sha256:"

_BUILD = """\
filegroup(
    name = "wheel_hashes",
    srcs = glob(["*.txt"]),
    visibility = ["//visibility:public"],
)
"""

def wheel_hashes_file(release):
    """Returns the name of the file with a release's hashes.

    Args:
      release: name and version, as its wheels and its .dist-info folder begin: `pydantic_core-2.50.5`.
    """
    distribution, _, version = release.rpartition("-")
    return "{}-{}.txt".format(distribution.lower().replace("-", "_").replace(".", "_"), version)

def _wheel_hashes_repository_impl(rctx):
    lines = {}
    for lock in rctx.attr.locks:
        for line in rctx.read(lock).split("\n"):
            line = line.strip()
            if line.startswith(_COMMENT) and line.endswith(".whl"):
                wheel = line.removeprefix(_COMMENT).partition(" ")[2]
                lines.setdefault(wheel_hashes_file("-".join(wheel.split("-")[:2])), {})[line] = None
    for name in sorted(lines):
        rctx.file(name, "".join([line + "\n" for line in sorted(lines[name])]))
    rctx.file("BUILD.bazel", _BUILD)

_wheel_hashes_repository = repository_rule(
    implementation = _wheel_hashes_repository_impl,
    attrs = {"locks": attr.label_list(allow_files = [".txt"], doc = "Locks with a comment for each wheel.", mandatory = True)},
    doc = "Writes a file of hashes for each release in some locks.",
)

_read = tag_class(
    attrs = {"locks": attr.label_list(allow_files = [".txt"], doc = "Locks made by `bazel run //:requirements.update`.")},
    doc = "Names locks whose wheels may be in an image.",
)

def _wheel_hashes_impl(module_ctx):
    _wheel_hashes_repository(
        name = "wheel_hashes",
        locks = [lock for module in module_ctx.modules for tag in module.tags.read for lock in tag.locks],
    )

wheel_hashes = module_extension(
    implementation = _wheel_hashes_impl,
    tag_classes = {"read": _read},
    doc = "Makes `@wheel_hashes`.",
)
