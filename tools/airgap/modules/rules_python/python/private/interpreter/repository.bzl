"""The repository that holds Debian 12's Python and the libraries it was built against.

Run on the libraries of the machine, the same interpreter has another OpenSSL and another SQLite than in the images.
So Debian 12's lie beside it and it is told to look there first; only glibc is the machine's.
"""

load(":debian.bzl", "unpack")

_LIBRARIES = "$ORIGIN/../lib/x86_64-linux-gnu:$ORIGIN/../../lib/x86_64-linux-gnu"
_PYTHON = "usr/bin/python3.11"
_STANDARD_LIBRARY = "usr/lib/python3.11"

# Modules whose libraries the images leave out. There an import of them fails; here the machine's libraries would serve.
_WITHOUT_LIBRARY = ["_curses", "_curses_panel", "_dbm", "nis", "readline"]

_BUILD = """\
load("@bazel_tools//tools/python:toolchain.bzl", "py_runtime_pair")

package(default_visibility = ["//visibility:public"])

exports_files(["{python}"])

filegroup(
    name = "files",
    # Folders: one link each in a test's runfiles instead of two thousand. Bazel does not look into them, so
    # the list of what they were unpacked from stands for their content.
    srcs = ["launch.py", "lib", "packages.json", "usr/lib"],
)

py_runtime(
    name = "runtime",
    bootstrap_template = "{bootstrap}",
    files = [":files"],
    interpreter = "{python}",
    python_version = "PY3",
    stub_shebang = "#!/bin/sh",
)

py_runtime_pair(
    name = "runtimes",
    py3_runtime = ":runtime",
)
"""

def _run(rctx, arguments, **kwargs):
    result = rctx.execute(arguments, **kwargs)
    if result.return_code:
        fail("{} ended with {}: {}".format(" ".join([str(word) for word in arguments]), result.return_code, result.stderr))

def _set_library_path(rctx, package, moment):
    unpack(rctx, [package], moment = moment, output = "patchelf")
    _run(rctx, [
        rctx.path("patchelf/usr/bin/patchelf"),
        "--force-rpath",
        "--set-rpath",
        _LIBRARIES,
        rctx.path(_PYTHON),
    ])
    rctx.delete("patchelf")

def _interpreter_impl(rctx):
    lock = json.decode(rctx.read(rctx.attr._packages))
    packages = [package for package in lock["packages"]["amd64"] if package["name"] != "libc6"]
    used = unpack(rctx, packages, moment = lock["snapshot"], output = ".")
    rctx.file("packages.json", json.encode(used))
    tools = json.decode(rctx.read(rctx.attr._tools))
    _set_library_path(rctx, tools["patchelf"], tools["snapshot"])

    # Links into /etc; what they name only reports crashes to Ubuntu.
    rctx.delete(_STANDARD_LIBRARY + "/sitecustomize.py")
    for module in _WITHOUT_LIBRARY:
        rctx.delete("{}/lib-dynload/{}.cpython-311-x86_64-linux-gnu.so".format(_STANDARD_LIBRARY, module))
    rctx.symlink(rctx.attr._launch, "launch.py")

    # Nothing may write into an interpreter later on, so it is compiled now, once.
    _run(rctx, [
        rctx.path(_PYTHON),
        "-m",
        "compileall",
        "-q",
        "-j2",
        "--invalidation-mode=unchecked-hash",
        rctx.path(_STANDARD_LIBRARY),
    ])
    rctx.file("BUILD.bazel", _BUILD.format(bootstrap = rctx.attr._bootstrap, python = _PYTHON))

interpreter_repository = repository_rule(
    doc = "Unpacks Debian 12's interpreter and ties it to its own libraries.",
    implementation = _interpreter_impl,
    attrs = {
        "_bootstrap": attr.label(default = ":bootstrap.sh.tpl"),
        "_launch": attr.label(default = ":launch.py"),
        "_packages": attr.label(
            default = ":packages.json",
            doc = "JSON: what the images are made of, by name, version, pool path and sha256.",
        ),
        "_tools": attr.label(default = ":tools.json"),
    },
)
