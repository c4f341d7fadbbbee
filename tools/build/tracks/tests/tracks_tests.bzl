"""Tests of the analysis errors that keep the tracks apart."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("@rules_python//python:py_library.bzl", "py_library")
load("@tracks//:tracks.bzl", "TRACKS")
load("//tools/build/tracks:library.bzl", "track_library")
load("//tools/build/tracks:missing.bzl", "missing_packages")
load("//tools/build/tracks:tracks.bzl", "MAIN")
load("//tools/oci/layers:third_party.bzl", "wheels")

visibility("//tools/build/tracks")

_FLAG = str(Label("//tools/build/tracks:track"))

_WheelTracksInfo = provider(
    doc = "The tracks that the wheels in the closure of a target are of.",
    fields = {"tracks": "depset of strings"},
)

def _wheel_tracks_impl(target, ctx):
    own = [ctx.attr._track[BuildSettingInfo].value] if target.label.workspace_name else []
    below = [dep[_WheelTracksInfo].tracks for dep in getattr(ctx.rule.attr, "deps", []) if _WheelTracksInfo in dep]
    return [_WheelTracksInfo(tracks = depset(own, transitive = below))]

_wheel_tracks = aspect(
    implementation = _wheel_tracks_impl,
    attr_aspects = ["deps"],
    attrs = {"_track": attr.label(default = "//tools/build/tracks:track", providers = [BuildSettingInfo])},
    doc = "Collects the tracks of wheels.",
)

def _tools_impl(ctx):
    return [
        DefaultInfo(),
        _WheelTracksInfo(tracks = depset(transitive = [tool[_WheelTracksInfo].tracks for tool in ctx.attr.tools])),
    ]

_tools = rule(
    implementation = _tools_impl,
    attrs = {"tools": attr.label_list(aspects = [_wheel_tracks], cfg = "exec", doc = "Programs and libraries.")},
    doc = "Has tools as the rules have them whose actions run the tools.",
)

def _tools_stay_impl(ctx):
    """An action of a target on another track runs tools with the wheels of the main track."""
    env = analysistest.begin(ctx)
    asserts.equals(env, [MAIN], analysistest.target_under_test(env)[_WheelTracksInfo].tracks.to_list())
    return analysistest.end(env)

_tools_stay_test = analysistest.make(
    _tools_stay_impl,
    config_settings = {_FLAG: (TRACKS + [MAIN])[0]},
)

def _clash_impl(ctx):
    """An image with two versions of a distribution is an error, which has a dependency path to each."""
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ": pydantic is there in two versions, ")
    asserts.expect_failure(env, " by //tools/build/tracks:clash.library -> //tools/build/tracks:clash.other -> ")
    asserts.expect_failure(env, "put all of it on one track (docs/tracks.md)")
    return analysistest.end(env)

_clash_test = analysistest.make(_clash_impl, expect_failure = True)

def _missing_impl(ctx):
    """The error for a package that is not in the lock of a track has the tracks that have it."""
    env = unittest.begin(ctx)
    locked = {"fastapi": ["main", "old", "older", "third"], "old_only": ["old", "older"]}
    message = ("//a: the lock of the track {} has no old_only, that of old, older has; put the target on such a track, or " +
               "add old_only to {} and run: bazel run //:requirements.update (docs/tracks.md)")
    asserts.equals(env, None, missing_packages("//a", ["@pip//fastapi", "@pip//old_only"], "old", locked))
    asserts.equals(env, None, missing_packages("//a", ["@pip//fastapi", "//old_only", ":old_only"], "main", locked))
    for label in ["@pip//old_only", "@pip//old_only:pkg", "@@" + "rules_python~~pip~pip//old_only:old_only"]:
        asserts.equals(
            env,
            message.format("main", "requirements.in"),
            missing_packages("//a", [label], "main", locked),
        )
    asserts.equals(
        env,
        message.format("third", "requirements/third.in"),
        missing_packages("//a", ["@pip//old_only"], "third", locked),
    )
    return unittest.end(env)

_missing_test = unittest.make(_missing_impl)

def _unknown_impl(ctx):
    """The error for a package that is in no lock has the most similar name, if any."""
    env = unittest.begin(ctx)
    locked = {name: ["main"] for name in ["fastapi", "httpx2", "prometheus_client", "pydantic", "pydantic_settings", "pyyaml"]}
    end = "; for a new one add it to requirements.in and run: bazel run //:requirements.update"
    for given, likely in {
        "Fast-API": "fastapi",
        "fastapii": "fastapi",
        "httpx": "httpx2",
        "prometheus-client": "prometheus_client",
        "pydantic_setting": "pydantic_settings",
        "pyyml": "pyyaml",
    }.items():
        asserts.equals(
            env,
            "//a: no lock has a package \"{}\"; did you mean \"{}\"{}".format(given, likely, end),
            missing_packages("//a", ["@pip//" + given], "main", locked),
        )
    for given in ["numpy", "x", "celery"]:
        asserts.equals(
            env,
            "//a: no lock has a package \"{}\"{}".format(given, end),
            missing_packages("//a", ["@pip//" + given], "main", locked),
        )
    for label in ["@pip//:requirements.bzl", "@other//numpy", "//libs/numpy", ":numpy", "@pip//fastapi:pkg"]:
        asserts.equals(env, None, missing_packages("//a", [label], "main", locked))
    return unittest.end(env)

_unknown_test = unittest.make(_unknown_impl)

def _clash(name):
    track_library(
        name = name + ".other",
        tags = ["manual"],
        track = TRACKS[0],
        visibility = ["//visibility:private"],
        deps = ["@pip//pydantic"],
    )
    py_library(
        name = name + ".library",
        tags = ["manual"],
        visibility = ["//visibility:private"],
        deps = [
            name + ".other",
            "@pip//pydantic",
        ],
    )
    native.config_setting(
        name = name + ".in_test",
        values = {"allow_analysis_failures": "true"},
        visibility = ["//visibility:private"],
    )
    wheels(
        name = name + ".wheels",
        platform = "//tools/oci/platforms:linux_amd64",
        tags = ["manual"],
        # Its analysis fails outside of the test, and cquery also analyses manual targets.
        target_compatible_with = select({
            name + ".in_test": [],
            "//conditions:default": ["@platforms//:incompatible"],
        }),
        visibility = ["//visibility:private"],
        deps = [name + ".library"],
    )
    _clash_test(
        name = name,
        size = "small",
        target_under_test = name + ".wheels",
    )

def tracks_test_suite(name):
    """Declares the tests; where MODULE.bazel has no track, those that need none.

    Args:
      name: name of the suite.
    """
    tests = ["missing_packages", "unknown_packages"]
    _missing_test(
        name = "missing_packages",
        size = "small",
    )
    _unknown_test(
        name = "unknown_packages",
        size = "small",
    )
    if TRACKS:
        _tools(
            name = "tools",
            tags = ["manual"],
            tools = [
                "//tools/client_generator",
                "//tools/lint:mypy",
                "//tools/oci/base:additional",
                "//tools/oci/layers:merge",
                "//tools/oci/layers:pack",
            ],
            visibility = ["//visibility:private"],
        )
        _tools_stay_test(
            name = "tools_stay",
            size = "small",
            target_under_test = ":tools",
        )
        _clash("clash")
        tests += ["tools_stay", "clash"]
    native.test_suite(
        name = name,
        tests = tests,
    )
