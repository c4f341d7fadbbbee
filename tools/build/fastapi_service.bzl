"""`fastapi_service`: a service that `bazel run` starts, with its image for every architecture and the tests of the image."""

load("@rules_python//python:py_binary.bzl", "py_binary")
load("@rules_python//python:py_library.bzl", "py_library")
load("@rules_python//python:py_test.bzl", "py_test")
load("@tracks//:tracks.bzl", "TRACKS")
load("//tools/build:service_description.bzl", "service_description")
load("//tools/build/tracks:libraries.bzl", "track_libraries")
load("//tools/build/tracks:library.bzl", "track_library")
load("//tools/build/tracks:missing.bzl", "missing_packages")
load("//tools/build/tracks:tracks.bzl", "MAIN", "on_track")
load("//tools/client_generator:api_client.bzl", "api_client")
load("//tools/events:event_contracts.bzl", "event_contracts", "event_types")
load("//tools/oci:service_image.bzl", "DEFAULT_BASE", "locked_folders", "service_image")
load("//tools/oci/base:user_layer.bzl", "DEFAULT_USER")
load("//tools/release:service_release.bzl", "service_release")

# Packages that start services as programs; none imports a service.
_USERS = [
    "//:__pkg__",
    "//services:__pkg__",
    "//tests:__subpackages__",
    "//tools:__subpackages__",
]

# Packages that use the service's client, its fake in tests, and its events.
_CONSUMERS = [
    "//services:__subpackages__",
    "//tests:__subpackages__",
    "//tools/client_generator:__pkg__",
]

_EVENTS = "events.py"

def _app(*, track, data, **attributes):
    """Makes the library of the service, which can be used only on the service's track."""
    if track not in TRACKS:
        guard = ["//tools/build/tracks:only_main"] if TRACKS else []
        py_library(name = "app", data = data + guard, **attributes)
        return
    py_library(
        name = "app_of_any_track",
        data = data,
        tags = ["manual"],
        **(attributes | {"visibility": ["//visibility:private"]})
    )
    track_library(
        name = "app",
        track = track,
        visibility = attributes["visibility"],
        deps = [":app_of_any_track"],
    )

def fastapi_service(
        name,
        srcs = None,
        deps = [],
        packages = [],
        calls = {},
        consumes = {},
        track = None,
        data = [],
        port = 8000,
        prepare = ["migrate"],
        contract = True,
        env = {},
        labels = {},
        base = DEFAULT_BASE,
        debian_packages = None,
        user = DEFAULT_USER,
        stamp = False):
    """Makes all targets of a service except its tests.

    The folder holds a `__main__.py` that serves by default and has a sub-command `migrate`. In its image the
    service listens on all addresses and keeps its data under `/data`.

    Args:
      name: name of the service, which is also the name of its folder.
      srcs: its sources, `__main__.py` among them; by default all Python files of the package outside `tests/`.
      deps: first-party libraries that it imports.
      packages: third-party packages that it imports, by their names in the hub.
      calls: scopes that the service needs to call other services, by service: {"user_service": ["directory:read"]}.
        It depends on the clients of these services, and `//:dev` registers it with the scopes.
      consumes: types of events that it consumes, by the services that own them: {"user_service": ["user.deleted"]}. It
        depends on the models of these events, and has a NATS consumer for each owner.
      track: dependency track that third-party code comes from, in the service, its image and its bills of materials;
        the main one by default. Its tests name the same track (docs/tracks.md).
      data: files that it reads at run time.
      port: port that it listens on by default.
      prepare: commands that must be run before the service starts on an empty `/data`.
      contract: whether the service has an `openapi.json`; False if no other service calls its API.
      env: dict of environment variables of every container of the image.
      labels: dict of labels of the image, for example {"org.opencontainers.image.source": "https://..."}. None may vary
        by commit: equal code has equal digests.
      base: label of a folder with a custom base image, such as `//services/user_service/base`, whose BUILD file calls
        `debian_base`.
      debian_packages: label of a folder with additional Debian packages, such as `//services/user_service/debian`,
        whose BUILD file calls `debian_packages`.
      user: user that the process runs as, `uid:gid`. It owns `/data`, and the manifests of //deploy have it.
      stamp: whether to also make images with labels for the commit; they need `--config=stamp`.

    Makes:
      {name}: the service; `bazel run` starts it.
      description: its `service.json`: name, port, calls and events, for the tools that start and deploy services.
      events: with an `events.py`, the models of its events, for the services that consume them; see docs/events.md.
      events.write, events_test, asyncapi: with an `events.py`, see `event_contracts`.
      scopes: its `scopes.json`, if it has one: the scopes that it checks and those that every user has.
      migration: if `prepare` has "migrate", the command that generates the next migration from the models.
      track_libraries: JSON file of the libraries in its closure, if MODULE.bazel has a track.
      openapi.json: its contract, a committed file.
      openapi: command that writes `openapi.json` from the application.
      openapi_test: fails if `openapi.json` differs from the application's document.
      client, fake: with an `openapi.json`, the typed client of the service, for services that call it, and a fake of the
        service for their tests; see docs/clients.md.
      app: its library, for its tests; always on the service's track.
      image, image.digest: index of its images and the file with the index's digest.
      image_amd64, image_arm64: the images.
      image_amd64_sbom, image_arm64_sbom: their bills of materials, in SPDX and CycloneDX.
      image_push, image_load: commands that push the index and load the image of this machine.
      image_stamped, image_stamped_push, only with `stamp`: index of images with labels for the commit, and the command
        that pushes it.
      image_sbom: the bills of materials of all images.
      image_status: file of the Debian packages in them that are older than locked.
      release, image_verify: commands that release the index, signed, and that verify a released one.
      image_test: pushes, pulls and runs the image, and checks its content.
    """
    if srcs == None:
        srcs = native.glob(
            ["**/*.py"],
            allow_empty = True,
            # Not sources: copies of the generated client, which `bazel run //:clients` writes for editors.
            exclude = [
                _EVENTS,
                "client/**",
                "tests/**",
            ],
        )
    if "__main__.py" not in srcs:
        fail("fastapi_service {}: expected a __main__.py among its sources, found {}; write one, as services/product_service has".format(
            native.package_relative_label(name),
            srcs or "none",
        ))
    error = missing_packages(
        "fastapi_service {}".format(native.package_relative_label(name)),
        ["@pip//" + package for package in packages],
        track or MAIN,
    )
    if error:
        fail(error)
    events = native.glob([_EVENTS], allow_empty = True)
    if events:
        event_contracts(
            name = "events",
            srcs = events,
            service = name,
            visibility = _CONSUMERS,
        )
    contracts = ["//services/{}:client".format(peer) for peer in calls]
    contracts += ["//services/{}:events".format(owner) for owner in consumes]
    contracts += [":events"] if events else []
    _app(
        srcs = srcs,
        data = data,
        track = track,
        visibility = ["//{}:__subpackages__".format(native.package_name())],
        deps = deps + contracts + ["@pip//" + package for package in packages],
    )
    track_libraries(
        name = "track_libraries",
        service = ":app",
        track = track,
        visibility = _USERS,
    )
    py_binary(
        name = name,
        srcs = ["__main__.py"],
        main = "__main__.py",
        visibility = _USERS,
        deps = [":app"],
        **on_track(name, track)
    )
    native.filegroup(
        name = "scopes",
        srcs = native.glob(["scopes.json"], allow_empty = True),
        visibility = _USERS + ["//{}:__subpackages__".format(native.package_name())],
    )
    service_description(
        name = "description",
        calls = calls,
        consumes = consumes,
        port = port,
        publishes = event_types() if events else [],
        service = name,
        visibility = _USERS,
    )
    if contract:
        _contract(name, track)
    if "migrate" in prepare:
        py_binary(
            name = "migration",
            srcs = ["__main__.py"],
            args = ["migration"],
            main = "__main__.py",
            deps = [":app"],
            **on_track("migration", track)
        )
    service_image(
        name = "image",
        base = base,
        debian_packages = debian_packages,
        env = {name.upper() + "_HOST": "0.0.0.0"} | env,
        labels = labels,
        library = ":app",
        module = native.package_name().replace("/", "."),
        port = port,
        prepare = prepare,
        stamp = stamp,
        title = name,
        track = track or "",
        user = user,
        visibility = _USERS,
    )
    service_release(
        name = name,
        image = ":image",
        locks = ["requirements/{}_lock.txt".format(track) if track in TRACKS else "requirements_lock.txt"] + [
            folder.removeprefix("//") + "/lock.json"
            for folder in locked_folders(base, debian_packages)
        ],
        sbom = ":image_sbom",
        status = ":image_status",
        visibility = _USERS,
    )

def _contract(name, track):
    file = "openapi.json"
    found = native.glob([file], allow_empty = True)
    if found:
        api_client(
            name = "client",
            contract = file,
            service = name,
            visibility = _CONSUMERS,
        )
    else:
        # //services refers to this target, so it must exist before the service has a contract.
        native.filegroup(
            name = "client.sources",
            visibility = ["//services:__pkg__"],
        )
    native.exports_files(
        [file],
        visibility = ["//visibility:public"],
    )
    py_binary(
        name = "openapi",
        srcs = ["__main__.py"],
        args = ["openapi"],
        main = "__main__.py",
        deps = [":app"],
        **on_track("openapi", track)
    )
    py_test(
        name = "openapi_test",
        size = "small",
        srcs = ["__main__.py"],
        args = [
            "check-openapi",
            "{}/{}".format(native.package_name(), file),
        ],
        data = found,
        main = "__main__.py",
        deps = [":app"],
        **on_track("openapi_test", track)
    )
