"""`mypy_test`: a test that type-checks the Python of one package, and `mypy_sources`: its inputs."""

load("@rules_python//python:py_info.bzl", "PyInfo")
load("//tools/build/tracks:distributions.bzl", "DistributionsInfo", "clash", "distributions")
load("//tools/build/tracks:tracks.bzl", "TRACK_ATTRS", "to_track")

visibility(["//tools/lint"])

_SourcesInfo = provider(
    doc = "The files that mypy reads to check a target.",
    fields = {
        "first_party": "depset of File: Python of this repository.",
        "imports": "depset of string: folders of third-party code, by their path among the runfiles.",
        "third_party": "runfiles: code and stubs of the wheels.",
    },
)

def _merged(ctx, *, own, below):
    """Adds first-party files to those of the dependencies."""
    return _SourcesInfo(
        first_party = depset(own, transitive = [sources.first_party for sources in below]),
        imports = depset(transitive = [sources.imports for sources in below]),
        third_party = ctx.runfiles().merge_all([sources.third_party for sources in below]),
    )

def _sources_impl(target, ctx):
    """Collects along `deps` the sources of first-party targets and all files of other targets."""
    if target.label.workspace_name:
        return [_SourcesInfo(
            first_party = depset(),
            imports = target[PyInfo].imports if PyInfo in target else depset(),
            third_party = target[DefaultInfo].default_runfiles,
        )]
    below = [dep[_SourcesInfo] for dep in getattr(ctx.rule.attr, "deps", []) if _SourcesInfo in dep]
    own = [file for file in getattr(ctx.rule.files, "srcs", []) if file.extension in ("py", "pyi")]
    return [_merged(ctx, below = below, own = own)]

_sources = aspect(
    implementation = _sources_impl,
    doc = "Collects what mypy reads, without the data that targets need when they run.",
    attr_aspects = ["deps"],
)

def _refuse_clashes(ctx):
    """Fails for a target whose closure has two versions of a distribution."""
    infos = {}
    for dep, names in ctx.attr.deps.items():
        for name in names.split(" "):
            infos.setdefault(name, []).append(dep[DistributionsInfo])
    for name, found in infos.items():
        error = clash(found)
        if error:
            fail("//{}:{}: {}".format(ctx.label.package, name, error))

def _mypy_sources_impl(ctx):
    _refuse_clashes(ctx)
    sources = _merged(ctx, below = [dep[_SourcesInfo] for dep in ctx.attr.deps], own = [])
    runfiles = ctx.runfiles(transitive_files = sources.first_party)
    return [DefaultInfo(runfiles = runfiles.merge(sources.third_party)), sources]

mypy_sources = rule(
    implementation = _mypy_sources_impl,
    doc = "The files of the closure of some targets that mypy reads; no target has two versions of a wheel.",
    attrs = TRACK_ATTRS | {
        "deps": attr.label_keyed_string_dict(
            doc = "The targets, with the names of those that import them, separated by spaces.",
            aspects = [
                _sources,
                distributions,
            ],
            cfg = to_track,
        ),
        # The aspect does not read `data`, which has no types; see docs/affected.md.
        "_affected_unseen": attr.string_list(default = ["data"]),
    },
    provides = [_SourcesInfo],
)

def _mypy_test_impl(ctx):
    arguments = ctx.actions.declare_file(ctx.label.name + ".args")
    ctx.actions.write(arguments, json.encode({
        "cache": ctx.files._cache[0].short_path,
        "config": ctx.file._config.short_path,
        "files": [file.short_path for file in ctx.files.srcs],
        "imports": ["../" + folder for folder in ctx.attr.sources[_SourcesInfo].imports.to_list()],
    }))
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        script,
        "#!/bin/sh\nexec {} {}\n".format(ctx.executable._mypy.short_path, arguments.short_path),
        is_executable = True,
    )
    runfiles = ctx.runfiles(files = [arguments, ctx.file._config] + ctx.files._cache + ctx.files.srcs)
    taken = [target[DefaultInfo].default_runfiles for target in [ctx.attr.sources, ctx.attr._mypy]]
    return [DefaultInfo(executable = script, runfiles = runfiles.merge_all(taken))]

mypy_test = rule(
    implementation = _mypy_test_impl,
    doc = "Type-checks `srcs`; what they import comes from `sources`.",
    attrs = TRACK_ATTRS | {
        "sources": attr.label(doc = "What the targets that own the files are made of.", mandatory = True, providers = [_SourcesInfo]),
        "srcs": attr.label_list(doc = "The files to check.", allow_files = [".py"], mandatory = True),
        "_cache": attr.label(default = "//tools/lint:wheels", cfg = to_track),
        "_config": attr.label(default = "//:pyproject.toml", allow_single_file = True),
        "_mypy": attr.label(default = "//tools/lint:mypy", executable = True, cfg = "exec"),
    },
    test = True,
)
