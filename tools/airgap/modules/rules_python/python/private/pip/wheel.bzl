"""The repository of one distribution for one platform: its wheel, chosen out of the lock, unpacked and described.

A change to this file fetches every wheel again, so it holds only what must be here.
"""

load(":index.bzl", "find_files")
load(":metadata.bzl", "dependencies")
load(":tags.bzl", "choose")

_BUILD = """\
load("{rules}", "{rule}")

package(default_visibility = ["//visibility:public"])

{rule}(
    name = "pkg",
    {attributes},
)
"""
_DATA_SCHEME = {
    "data": "data",
    "headers": "include",
    "platlib": "site-packages",
    "purelib": "site-packages",
    "scripts": "bin",
}

def _pin(attr):
    return "{}=={}".format(attr.distribution, attr.version)

def _find(rctx, hashes):
    """Asks the indexes for locked files; stops where there are none, since tomorrow there may be."""
    attr = rctx.attr
    found = find_files(
        rctx,
        rctx.path(attr.indexes),
        hashes = hashes,
        name = attr.distribution,
        python = rctx.path(attr._python),
    )
    if found.files:
        return found.files
    if not found.listed:
        fail("{}: no package index of this machine lists it. Check PIP_INDEX_URL and the network.".format(_pin(attr)))
    fail("{}: the lock expects sha256 {}, and the index has {}. Run bazel run //:requirements.update.".format(
        _pin(attr),
        " or ".join(hashes),
        ", ".join([
            "{} {}".format(file.sha256, file.filename)
            for file in found.listed
            if "-{}-".format(attr.version) in file.filename or "-{}.tar".format(attr.version) in file.filename
        ]) or "no file of that version",
    ))

def _unavailable(attr, files):
    """Says why no file can be unpacked, in the terms of whoever edits requirements.in."""
    wheels = [file.filename for file in files if file.filename.endswith(".whl")]
    if not wheels:
        return "{}: it is published as source only, and this build compiles no third-party code. Pin a version that has wheels.".format(_pin(attr))
    return "{}: it has wheels, but none for {} and Python 3.11: {}. Pin another version, or keep it out of what is built for that platform.".format(
        _pin(attr),
        attr.platform,
        ", ".join(wheels),
    )

def _download(rctx, file):
    """Brings a file, from the repository cache where it is there, and only else from the index."""
    if not file.url:
        if rctx.download([], output = file.filename, sha256 = file.sha256, allow_fail = True).success:
            return
        file = _find(rctx, [file.sha256])[0]
    rctx.download(file.url, output = file.filename, sha256 = file.sha256)

def _execute(rctx, arguments):
    result = rctx.execute(arguments)
    if result.return_code:
        fail("{}: {} ended with {}: {}".format(rctx.attr.distribution, arguments[0], result.return_code, result.stderr))

def _spread(rctx, data):
    """Moves the parts of a wheel's .data folder to where rules_python has them; a part may add to what is there."""
    for scheme, folder in _DATA_SCHEME.items():
        part = data.get_child(scheme)
        if part.exists:
            _execute(rctx, ["mkdir", "-p", folder])
            _execute(rctx, ["cp", "-a", "{}/.".format(part), folder])
    rctx.delete(data)

def _unpack(rctx, filename):
    """Unpacks a wheel as rules_python lays it out; returns its metadata."""
    rctx.symlink(filename, "wheel.zip")
    rctx.extract("wheel.zip", output = "site-packages")
    rctx.delete("wheel.zip")
    metadata = None
    for entry in rctx.path("site-packages").readdir():
        if entry.basename.endswith(".dist-info"):
            metadata = rctx.read(entry.get_child("METADATA"))
        elif entry.basename.endswith(".data"):
            _spread(rctx, entry)
    return metadata

def _compile(rctx):
    """Compiles what will run here: a test cannot write beside its inputs and would compile it each time."""
    result = rctx.execute([
        rctx.path(rctx.attr._python),
        "-I",
        "-m",
        "compileall",
        "-q",
        "--invalidation-mode=unchecked-hash",
        "site-packages",
    ], quiet = True)
    if result.return_code not in (0, 1):
        fail("{}: {}".format(rctx.attr.distribution, result.stderr))

def _build_file(rctx, rule, **attributes):
    rctx.file("BUILD.bazel", _BUILD.format(
        attributes = ",\n    ".join(["{} = {}".format(key, repr(value)) for key, value in attributes.items()]),
        rule = rule,
        rules = str(Label(":wheel_library.bzl")),
    ))

def _wheel_impl(rctx):
    attr = rctx.attr
    files = [struct(filename = name, sha256 = digest, url = "") for digest, name in attr.files.items()]
    if not choose(files, attr.platform):
        files = _find(rctx, attr.hashes)
    file = choose(files, attr.platform)
    if not file:
        _build_file(rctx, "missing_wheel", message = _unavailable(attr, files))
        return
    _download(rctx, file)
    metadata = _unpack(rctx, file.filename)
    if attr.runs_here:
        _compile(rctx)
    needs = dependencies(metadata, extras = attr.extras, name = attr.distribution, platform = attr.platform)
    _build_file(
        rctx,
        "wheel_library",
        deps = ["@{}//{}:pkg".format(attr.hub, need) for need in needs],
        wheel = file.filename,
    )

wheel_repository = repository_rule(
    doc = "Unpacks the wheel of one distribution for one platform.",
    implementation = _wheel_impl,
    attrs = {
        "distribution": attr.string(doc = "Its name, normalised.", mandatory = True),
        "extras": attr.string_list(doc = "Extras that the lock asks of it."),
        "files": attr.string_dict(doc = "File name by sha256, as far as the lock says."),
        "hashes": attr.string_list(doc = "The sha256 sums that the lock allows.", mandatory = True),
        "hub": attr.string(doc = "Where its dependencies are.", mandatory = True),
        "indexes": attr.label(doc = "What `package_indexes` wrote.", mandatory = True),
        "platform": attr.string(doc = "Like `linux_x86_64`.", mandatory = True),
        "runs_here": attr.bool(doc = "Whether this machine runs the wheel's code, which is then compiled."),
        "version": attr.string(doc = "The pin, for messages.", mandatory = True),
        "_python": attr.label(default = "@python_3_11//:usr/bin/python3.11"),
    },
)
