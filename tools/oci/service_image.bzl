"""`service_image`: a library as an image for two architectures, and the commands that push and load it."""

load("@rules_oci//oci:defs.bzl", "oci_image", "oci_image_index", "oci_load")
load("//tools/oci:image_test.bzl", "image_test")
load("//tools/oci/base:additional_layer.bzl", "additional_layer")
load("//tools/oci/base:user_layer.bzl", "DEFAULT_USER", "check_user", "user_layer")
load("//tools/oci/debian:debian_packages.bzl", "merged_status")
load("//tools/oci/layers:first_party.bzl", "first_party_layers")
load("//tools/oci/layers:third_party.bzl", "third_party_layers", "wheels")
load("//tools/oci/push:image_push.bzl", "image_push")
load("//tools/oci/sbom:sbom.bzl", "sbom")
load("//tools/oci/stamp:stamped_images.bzl", "stamped_images")

visibility([
    "//tools/build",
    "//tools/oci/...",
])

_LINUX = ["@platforms//os:linux"]

_ENV = {
    "PATH": "/usr/bin",
    # A container's log is a pipe, which Python would buffer, and a crash would lose the buffered lines.
    "PYTHONUNBUFFERED": "1",
}

_TITLE = "org.opencontainers.image.title"

# Labels that differ between commits of equal code, and would change the digest.
_VARYING = [
    "org.opencontainers.image.created",
    "org.opencontainers.image.ref.name",
    "org.opencontainers.image.revision",
    "org.opencontainers.image.version",
]

def _labels(title, labels):
    """Returns the labels of an image; fails for one that would change the digest of equal code."""
    for label in labels:
        if label == _TITLE:
            fail("labels of {} name {}: it is the name of the service and set by the macro; leave it out".format(title, label))
        if label in _VARYING:
            fail("labels of {} name {}: equal code has equal digests, so no label varies by commit; ".format(title, label) +
                 "`:release` states the commit in a signed provenance, and `stamp = True` makes images with it beside this one")
    return {_TITLE: title} | labels

# Debian 12 with Python, certificates and time zones.
DEFAULT_BASE = "//tools/oci/base"

def _target(package, name):
    """Returns the label of a target in a package that a label such as `//services/x/debian` names."""
    return "{}:{}".format(package, name)

def _check_folder(title, option, folder, macro):
    """Fails if the value is not the label of a package."""
    if not folder.startswith("//") or ":" in folder:
        fail("{} of {} is \"{}\": expected a folder whose BUILD file calls {}, for example \"//services/{}/{}\"".format(
            option,
            title,
            folder,
            macro,
            title,
            option.partition("_")[0],
        ))

def locked_folders(base, debian_packages):
    """Returns the folders with the Debian locks of an image, the base's first.

    Args:
      base: label of the base's folder.
      debian_packages: label of a folder with additional packages, or None.
    """
    return [base] + ([debian_packages] if debian_packages else [])

def _own_layers(name, *, architecture, base, debian_packages, user):
    """Makes the layers of a service between the base and its wheels; returns their labels."""
    layers = []
    if debian_packages:
        additional_layer(
            name = name + "_additional",
            architecture = architecture,
            base_lock = _target(base, "lock.json"),
            debs = [_target(debian_packages, "debs_" + architecture)],
            lock = _target(debian_packages, "lock.json"),
            tags = ["manual"],
            target_compatible_with = _LINUX,
        )
        layers.append(":{}_additional".format(name))
    if user != DEFAULT_USER:
        user_layer(
            name = name + "_user",
            tags = ["manual"],
            target_compatible_with = _LINUX,
            user = user,
        )
        layers.append(":{}_user".format(name))
    return layers

def _architecture_image(*, name, architecture, title, library, entrypoint, port, env, labels, base, debian_packages, user, status, track, visibility):
    """Makes the image of one architecture: base | Debian packages, user | wheels | first-party code."""
    platform = "//tools/oci/platforms:linux_" + architecture
    wheels(
        name = name + "_wheels",
        deps = [library],
        platform = platform,
        tags = ["manual"],
        target_compatible_with = _LINUX,
        track = track,
    )
    third_party_layers(
        name = name + "_third_party",
        tags = ["manual"],
        target_compatible_with = _LINUX,
        wheels = ":{}_wheels".format(name),
    )
    first_party_layers(
        name = name + "_first_party",
        deps = [library],
        platform = platform,
        tags = ["manual"],
        target_compatible_with = _LINUX,
        track = track,
    )
    sbom(
        name = name + "_sbom",
        architecture = architecture,
        locks = [_target(folder, "lock.json") for folder in locked_folders(base, debian_packages)],
        status = status,
        target_compatible_with = _LINUX,
        title = title,
        visibility = visibility,
        wheels = ":{}_wheels".format(name),
    )
    oci_image(
        name = name,
        base = _target(base, "image_" + architecture),
        entrypoint = entrypoint,
        env = _ENV | env,
        exposed_ports = [str(port)],
        labels = _labels(title, labels),
        tars = _own_layers(
            name,
            architecture = architecture,
            base = base,
            debian_packages = debian_packages,
            user = user,
        ) + [
            ":{}_third_party".format(name),
            ":{}_first_party".format(name),
        ],
        target_compatible_with = _LINUX,
        user = user,
        visibility = visibility,
        workdir = "/app",
    )

def service_image(name, *, title, library, module, port, env, prepare, visibility, labels = {}, base = DEFAULT_BASE, debian_packages = None, user = DEFAULT_USER, stamp = False, track = ""):
    """Packs a library into an image that runs one of its modules.

    Args:
      name: name of the index, usually `image`.
      title: name of the service; also its repository on the registry.
      library: label of the py_library to pack.
      module: module to run, as in `python -m`.
      port: port that the service listens on.
      env: dict of environment variables of every container.
      prepare: commands of the module that the test runs before it starts the service.
      visibility: who may use the images and the command that pushes them.
      labels: dict of labels in addition to the title; none may vary by commit.
      base: label of a folder with `debian_base`, such as `//services/user_service/base`.
      debian_packages: label of a folder with `debian_packages`, such as `//services/user_service/debian`.
      user: user that the process runs as and that /data belongs to, `uid:gid`.
      stamp: whether to also make images with labels for the commit.
      track: dependency track that the wheels come from; by default that of the build.

    Makes:
      name: index of both architectures.
      {name}.digest: file with the digest of the index.
      {name}_amd64, {name}_arm64: the images.
      {name}_amd64_sbom, {name}_arm64_sbom: their bills of materials, in SPDX and CycloneDX.
      {name}_sbom: all of these.
      {name}_status: JSON file of the Debian packages in them that are older than locked.
      {name}_push: command that pushes the index, by default to `localhost:5000/{title}`.
      {name}_load: command that loads the image of this machine's architecture into a container engine.
      {name}_stamped, {name}_stamped_push, only with `stamp`: index of images with labels for the commit, and the command
        that pushes it.
      {name}_test: the test of the image.
    """
    check_user(title, user)
    _check_folder(title, "base", base, "debian_base")
    if debian_packages:
        _check_folder(title, "debian_packages", debian_packages, "debian_packages")
    architectures = ["amd64", "arm64"]
    merged_status(
        name = name + "_status",
        statuses = [_target(folder, "status") for folder in locked_folders(base, debian_packages)],
    )
    for architecture in architectures:
        _architecture_image(
            name = "{}_{}".format(name, architecture),
            architecture = architecture,
            base = base,
            debian_packages = debian_packages,
            entrypoint = ["/usr/bin/python3.11", "-m", module],
            env = env,
            labels = labels,
            library = library,
            port = port,
            status = ":{}_status".format(name),
            title = title,
            track = track,
            user = user,
            visibility = visibility,
        )
    oci_image_index(
        name = name,
        images = [":{}_{}".format(name, architecture) for architecture in architectures],
        target_compatible_with = _LINUX,
        visibility = visibility,
    )
    native.filegroup(
        name = name + "_sbom",
        srcs = [":{}_{}_sbom".format(name, architecture) for architecture in architectures],
        target_compatible_with = _LINUX,
        visibility = visibility,
    )
    native.filegroup(
        name = name + "_grouped_wheels",
        srcs = [":{}_{}_third_party".format(name, architecture) for architecture in architectures],
        output_group = "grouped_wheels",
        tags = ["manual"],
        target_compatible_with = _LINUX,
    )
    image_push(
        name = name + "_push",
        image = ":" + name,
        repository = "localhost:5000/" + title,
        status = ":{}_status".format(name),
        target_compatible_with = _LINUX,
        visibility = visibility,
    )
    oci_load(
        name = name + "_load",
        image = select({
            "@platforms//cpu:aarch64": ":{}_arm64".format(name),
            "//conditions:default": ":{}_amd64".format(name),
        }),
        repo_tags = [title + ":latest"],
        target_compatible_with = _LINUX,
    )
    if stamp:
        stamped_images(
            name = name + "_stamped",
            base_status = ":{}_status".format(name),
            image = ":" + name,
            repository = "localhost:5000/" + title,
            visibility = visibility,
        )
    image_test(
        name = name + "_test",
        image = ":" + name,
        labels = labels.keys(),
        module = module,
        port = port,
        prepare = prepare,
        push = ":{}_push".format(name),
        title = title,
        user = user,
        visibility = visibility,
    )
