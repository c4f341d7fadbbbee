"""`debian_lock`: the commands that keep a Debian lock current."""

load("@rules_python//python:py_binary.bzl", "py_binary")

_KEYS = Label("@archive_keys_amd64//:debs")

def debian_lock(interpreter = None):
    """Declares the commands for the `packages.json` and `lock.json` of this package.

    `:update` updates the lock. `:outdated` prints the outdated packages and exits with 1 if there are any.

    Args:
      interpreter: path, from the workspace root, of a second list, for amd64, that is updated with the lock.
    """
    args = [native.package_name(), "--keys=$(rootpath {})".format(_KEYS)]
    commands = {
        "outdated": args + ["--report"],
        "update": args + (["--interpreter=" + interpreter] if interpreter else []),
    }
    for name, words in commands.items():
        py_binary(
            name = name,
            srcs = [Label("//tools/oci/debian:update.py")],
            args = words,
            data = [_KEYS],
            main = Label("//tools/oci/debian:update.py"),
            deps = [Label("//tools/oci/debian")],
        )
