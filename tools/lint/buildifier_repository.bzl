"""`buildifier_repository`: the buildifier binary of this machine, by its hash.

The binary comes from the npm package, which has the binaries of all platforms, with the same bytes as the release. The
npm registry is `NPM_CONFIG_REGISTRY`, otherwise the one that npm is configured with, otherwise the one in the user's
`.npmrc`. If the package is not available, the binary comes from the release; `BUILDIFIER_RELEASES` names a mirror of
the releases, and an empty value disables this source. If neither is available, one line says so, and the tests that
need buildifier are incompatible, so that Bazel skips them.
"""

_VERSION = "8.2.1"

_PACKAGE_SHA256 = "b96ea9b13003036c801f52bee6f9b0314738f8432e5cb9d814c89f59292604ee"

_BINARY_SHA256 = {
    "darwin-amd64": "9f8cffceb82f4e6722a32a021cbc9a5344b386b77b9f79ee095c61d087aaea06",
    "darwin-arm64": "cfab310ae22379e69a3b1810b433c4cd2fc2c8f4a324586dfe4cc199943b8d5a",
    "linux-amd64": "6ceb7b0ab7cf66fceccc56a027d21d9cc557a7f34af37d2101edb56b92fcfa1a",
    "linux-arm64": "3baa1cf7eb41d51f462fdd1fff3a6a4d81d757275d05b2dd5f48671284e9a1a5",
}

_BINARY = "bin/buildifier"

_RELEASES = "https://github.com/bazelbuild/buildtools/releases/download"

_BUILD = """\
"\""buildifier {version}."\""

# For tests: incompatible if there is no binary.
filegroup(
    name = "buildifier",
    srcs = {files},
    target_compatible_with = {compatible_with},
    visibility = ["//visibility:public"],
)

# For tools that can work without the binary: empty if there is none.
filegroup(
    name = "if_available",
    srcs = {files},
    visibility = ["//visibility:public"],
)
"""

def _platform(rctx):
    """Returns the name of this platform in the release, such as `linux-amd64`."""
    system = "darwin" if rctx.os.name.startswith("mac") else "linux"
    machine = {"aarch64": "arm64", "arm64": "arm64"}.get(rctx.os.arch, "amd64")
    return "{}-{}".format(system, machine)

def _registry(rctx):
    """Returns the npm registry that this machine's settings name, or None."""
    for variable in ["NPM_CONFIG_REGISTRY", "npm_config_registry"]:
        registry = rctx.getenv(variable)
        if registry:
            return registry.rstrip("/")
    npm = rctx.which("npm")
    if npm:
        answer = rctx.execute([npm, "config", "get", "registry"], timeout = 20)
        if answer.return_code == 0:
            return answer.stdout.strip().rstrip("/")
    home = rctx.getenv("HOME")
    npmrc = rctx.path(home + "/.npmrc") if home else None
    if npmrc and npmrc.exists:
        for line in rctx.read(npmrc, watch = "no").splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "registry":
                return value.strip().rstrip("/")
    return None

def _from_package(rctx, platform):
    """Downloads the binary from the npm package; returns whether that succeeded."""
    registry = _registry(rctx)
    if not registry:
        return False
    result = rctx.download_and_extract(
        url = "{0}/@bazel/buildifier/-/buildifier-{1}.tgz".format(registry, _VERSION),
        output = "npm",
        sha256 = _PACKAGE_SHA256,
        stripPrefix = "package",
        type = "tar.gz",
        allow_fail = True,
    )
    if result.success:
        rctx.symlink("npm/buildifier-" + platform.replace("-", "_"), _BINARY)
    return result.success

def _from_release(rctx, platform):
    """Downloads the binary from the release; returns whether that succeeded."""
    releases = rctx.getenv("BUILDIFIER_RELEASES", _RELEASES)
    if not releases:
        return False
    return rctx.download(
        url = "{}/v{}/buildifier-{}".format(releases, _VERSION, platform),
        output = _BINARY,
        sha256 = _BINARY_SHA256[platform],
        executable = True,
        allow_fail = True,
    ).success

def _buildifier_repository_impl(rctx):
    platform = _platform(rctx)
    available = _from_package(rctx, platform) or _from_release(rctx, platform)
    if not available:
        # buildifier: disable=print
        print("buildifier {} is not available, so its tests are skipped; name an npm registry in NPM_CONFIG_REGISTRY".format(_VERSION))
    rctx.file("BUILD.bazel", _BUILD.format(
        version = _VERSION,
        files = [_BINARY] if available else [],
        compatible_with = [] if available else ["@platforms//:incompatible"],
    ))

buildifier_repository = repository_rule(
    implementation = _buildifier_repository_impl,
    doc = "Fetches buildifier as `//:buildifier`, or makes that target incompatible if it is not available.",
)
