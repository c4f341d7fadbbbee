"""Repository rule: the Debian packages of one architecture of a lock, fetched by hash and unpacked."""

load("//tools/oci/debian:fetching.bzl", "fetch_packages", "warn_outdated")

_BUILD = '''"""Debian packages for {architecture}, made from {lock}."""

load("@@//tools/oci/python:shipped_python.bzl", "shipped_python")

package(default_visibility = ["//visibility:public"])

# In the order of the lock, which is the order of names.
filegroup(
    name = "debs",
    srcs = {debs},
)

# For a base: the program that images start.
filegroup(
    name = "interpreter",
    srcs = glob(["root/usr/bin/python3.*"], allow_empty = True),
)

# JSON: the packages whose older version was used, because the locked one was not available.
exports_files(["status.json"])

exports_files(glob(["root/usr/bin/*", "root/usr/lib/*/faketime/*", "root/usr/sbin/*"], allow_empty = True))

# Shared libraries and the loader, so that programs of these packages do not use those of the machine.
filegroup(
    name = "libraries",
    srcs = glob(["root/lib/**/*.so*", "root/usr/lib/**/*.so*"], allow_empty = True),
)

shipped_python(
    name = "python",
    files = glob(
        [
            "root/lib/**/*.so*",
            "root/usr/lib/**/*.so*",
            "root/usr/lib/python3*/**/*.py",
            "root/usr/lib/python3*/**/*.pyc",
        ],
        allow_empty = True,
    ),
    interpreter = glob(["root/usr/bin/python3.*"], allow_empty = True),
    loader = glob(
        [
            "root/lib/*/ld-linux-*.so.*",
        ],
        allow_empty = True,
    ),
)
'''

def _unpack(rctx, packages):
    """Unpacks the packages for this architecture into `root`, for the interpreter and for tools of tests.

    Packages for all architectures have no programs, so they are not unpacked. `affected` relies on this: a change of
    such a package affects only images.
    """
    for package in packages:
        if package["path"].endswith("_all.deb"):
            continue
        rctx.extract("debs/{}.deb".format(package["name"]), output = "members")
        for member in rctx.path("members").readdir():
            if member.basename.startswith("data.tar"):
                rctx.extract(member, output = "root")
        rctx.delete("members")

# Folder of the shared libraries, and loader.
_LOADERS = {
    "amd64": ("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "arm64": ("aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}

def _compile(rctx):
    """Compiles the standard library, if this machine can run the interpreter.

    Many short actions import the library, so compiling it once saves time.
    """
    folder, loader = _LOADERS[rctx.attr.architecture]
    interpreters = rctx.path("root/usr/bin")
    for interpreter in interpreters.readdir() if interpreters.exists else []:
        if interpreter.basename.startswith("python3."):
            # The result does not contain the path, so that it has the same bytes on every machine.
            rctx.execute([
                rctx.path("root/lib/{}/{}".format(folder, loader)),
                "--library-path",
                "root/lib/{0}:root/usr/lib/{0}".format(folder),
                interpreter,
                "-P",
                "-S",
                "-s",
                "-m",
                "compileall",
                "-q",
                "--invalidation-mode=unchecked-hash",
                "-s",
                rctx.path("root"),
                "-p",
                "/",
                rctx.path("root/usr/lib/" + interpreter.basename),
            ])

def _debian_packages_impl(rctx):
    lock = json.decode(rctx.read(rctx.attr.lock))
    packages = lock["packages"][rctx.attr.architecture]
    update = "//{}:update".format(rctx.attr.lock.package)
    fetched = fetch_packages(rctx, packages, lock.get("snapshot", ""), update)
    warn_outdated("{} for {}".format(rctx.attr.lock, rctx.attr.architecture), fetched.outdated, update)
    rctx.file("status.json", json.encode({
        "outdated": [{"architecture": rctx.attr.architecture, "update": update} | package for package in fetched.outdated],
    }))
    _unpack(rctx, fetched.packages)
    _compile(rctx)
    rctx.file("BUILD.bazel", _BUILD.format(
        architecture = rctx.attr.architecture,
        lock = rctx.attr.lock,
        debs = ["debs/{}.deb".format(package["name"]) for package in packages],
    ))

debian_packages = repository_rule(
    implementation = _debian_packages_impl,
    attrs = {
        "architecture": attr.string(mandatory = True, doc = "Debian's name of the architecture: amd64, arm64."),
        "lock": attr.label(mandatory = True, allow_single_file = [".json"], doc = "Lock that names the packages."),
    },
    doc = "Fetches the packages of one architecture: `:debs`, an interpreter `:python`, and unpacked files in `root/`.",
)
