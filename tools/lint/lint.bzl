"""`lint`: the checks of a package, called in the last line of every BUILD file."""

load("//tools/build/tracks:missing.bzl", "missing_packages")
load("//tools/build/tracks:tracks.bzl", "MAIN", "track_of")
load("//tools/layering:layering.bzl", "layering_test")
load("//tools/lint:file_names.bzl", "file_names")
load("//tools/lint:mypy_test.bzl", "mypy_sources", "mypy_test")
load("//tools/lint:tool_test.bzl", "tool_test")

_PYTHON_RULES = ["py_binary", "py_library", "py_test"]

# Prefixes of the tags that Bazel applies to the actions of a target.
_TAGS_OF_ACTIONS = ("block-", "cpu:", "disable-", "local", "no-", "requires-", "resources:", "supports-")

# Prefixes of the labels of files in other packages, which rules_python does not compile.
_ELSEWHERE = ("//", "@")

# Untracked paths that the checks of links in documents and the comparison of revisions must ignore.
_UNTRACKED = [
    ".git",
    "user.bazelrc",
    "**/__pycache__/**",
]

def _names(rule, attribute):
    """Returns the files and labels that an attribute lists, as far as a macro can see them."""
    values = rule.get(attribute)
    return [value.removeprefix(":") for value in values] if type(values) in ["list", "tuple"] else []

def _owned(rules):
    """Returns every file of this package that a target has in its srcs, data or exports."""
    return {
        name: None
        for rule in rules.values()
        for attribute in ["srcs", "data", "exports"]
        for name in _names(rule, attribute)
    }

def _refuse_orphans(python, rules):
    owned = _owned(rules)
    orphans = [file for file in python if file not in owned and not file.endswith("__init__.py")]
    if orphans:
        fail("//{}: no target has {} in its srcs; give each file to a target above lint(), or delete it".format(
            native.package_name(),
            ", ".join(orphans),
        ))

def _refuse_disagreement(rules):
    """Fails if rules_python would compile one file by two different actions, which is an error of the analysis.

    The stand-in in tools/airgap compiles nothing and does not find the error.
    """
    found = {}
    for name, rule in rules.items():
        if rule["kind"] not in _PYTHON_RULES:
            continue
        tags = sorted([tag for tag in rule.get("tags", []) if tag.startswith(_TAGS_OF_ACTIONS)])
        for file in _names(rule, "srcs"):
            other, other_tags = found.setdefault(file, (name, tags))
            if tags != other_tags and not file.startswith(_ELSEWHERE):
                fail("//{}: {} and {} have {} in their srcs and differ in their tags; give it to a py_library for both".format(
                    native.package_name(),
                    other,
                    name,
                    file,
                ))

def _track_of(rule):
    """Returns the dependency track of a target; None for a library, which is built on the track of its dependents."""
    return track_of(rule.get("tags", [])) or (None if rule["kind"] == "py_library" else MAIN)

def _refuse_missing_packages(rules):
    """Fails if a target on a track depends on a distribution that is not in the lock of the track."""
    for name, rule in rules.items():
        if rule["kind"] in _PYTHON_RULES and (rule["kind"] != "py_library" or "manual" not in rule.get("tags", [])):
            error = missing_packages(
                "//{}:{}".format(native.package_name(), name),
                _names(rule, "deps"),
                _track_of(rule) or MAIN,
            )
            if error:
                fail(error + ("" if _track_of(rule) else "; a library for a track alone has `tags = [\"manual\"]`"))

def _track(rules):
    """Returns the dependency track of this package's programs and tests, or the main one if they differ."""
    tracks = {
        _track_of(rule): None
        for rule in rules.values()
        if rule["kind"] in ["py_binary", "py_test"] and
           [file for file in _names(rule, "srcs") if not file.startswith(_ELSEWHERE)]
    }
    return tracks.keys()[0] if len(tracks) == 1 else MAIN

def _libraries(rules, track):
    """Returns the libraries of this package, and those that its programs and tests on a track depend on.

    The values are the names of the targets that import them, separated by spaces.

    The programs and tests themselves are excluded: their runtime data would be analysed for a type check, too, and each
    test twice, because Bazel analyses a test in another configuration if a target depends on it.
    """
    libraries = {}
    for name, rule in rules.items():
        if rule["kind"] not in _PYTHON_RULES or _track_of(rule) not in [None, track]:
            continue
        is_list = type(rule.get("deps", [])) in ["list", "tuple"]
        own = [] if is_list and rule["kind"] != "py_library" else [":" + name]
        for label in own or rule.get("deps", []):
            libraries.setdefault(label, []).append(name)
    return {label: " ".join(names) for label, names in libraries.items()}

def _files(folders, names, exclude):
    """Returns the files of these names in the package's folder and in its given subfolders."""
    patterns = names + ["{}/{}".format(folder, name) for folder in folders for name in names]
    return native.glob(patterns, allow_empty = True, exclude = exclude)

def lint(name = "lint", exported = [], exclude = [], apart = [], folders = ["**"]):
    """Checks every Python and Starlark file of the package; call it last in each BUILD file.

    ruff and mypy check the Python, buildifier the Starlark. The settings are in the root's
    `pyproject.toml` and `.buildifier.json`. It is an error if a Python file is in no target, if
    targets with different tags share one, or if a package below this one has no `lint()`.

    Args:
      name: name of the suite; packages above look for `lint`.
      exported: Python files that are in no Python target of this package; mypy does not check them.
      exclude: patterns of files with deliberate errors.
      apart: folders below that are separate repositories; Bazel ignores them.
      folders: folders to search. The root lists them, because Bazel puts links to its outputs into the root.

    Makes:
      lint: the suite of the tests below and of the packages below this one.
      lint.ruff: style, imports and format of the Python, if there is any.
      lint.mypy: strict types of the Python files in targets.
      lint.sources: the inputs of mypy.
      lint.layers: services import no service, libs no service, nothing imports tools.
      lint.buildifier: warnings and format of BUILD files and Starlark.
      lint.starlark: BUILD files and Starlark of this package and of those below it, for //tools/lint:test_removed.
      lint.texts: Markdown and Python of this package and of those below it, for //tools/docs:test_repository.
      lint.names: text file with the paths of all files of this package and of those below it, for the same test.
    """
    rules = native.existing_rules()

    # The source tree may contain copies of these, for editors.
    exclude = exclude + [name for rule in rules.values() for name in _names(rule, "outs")]
    python = _files(folders, ["*.py"], exclude)
    starlark = _files(folders, ["*.bazel", "*.bzl"], exclude)
    _refuse_orphans([file for file in python if file not in exported], rules)
    _refuse_disagreement(rules)
    _refuse_missing_packages(rules)
    tool_test(
        name = name + ".buildifier",
        size = "small",
        srcs = starlark,
        config = "//:.buildifier.json",
        program = "buildifier",
        runs = ["-config=.buildifier.json -mode=check -lint=warn"],
        tool = "@buildifier",
    )
    tests = [name + ".buildifier"]
    if python:
        track = _track(rules)
        tool_test(
            name = name + ".ruff",
            size = "small",
            srcs = python,
            config = "//:pyproject.toml",
            program = "ruff",
            runs = [
                "check --quiet --no-cache --config=pyproject.toml",
                "format --quiet --no-cache --config=pyproject.toml --diff",
            ],
            tool = "@pip//ruff:data",
        )
        mypy_sources(
            name = name + ".sources",
            testonly = True,
            tags = ["manual"],
            track = track,
            deps = _libraries(rules, track),
        )
        mypy_test(
            name = name + ".mypy",
            size = "small",
            srcs = [file for file in python if file not in exported],
            sources = ":{}.sources".format(name),
            track = track,
        )
        layering_test(
            name = name + ".layers",
            srcs = python,
        )
        tests += [name + ".ruff", name + ".mypy", name + ".layers"]
    below = native.subpackages(
        include = [pattern for folder in folders for pattern in [folder, folder.removesuffix("/**")]],
        exclude = apart,
        allow_empty = True,
    )
    packages = ["/".join([part for part in [native.package_name(), package] if part]) for package in below]
    native.filegroup(
        name = name + ".starlark",
        testonly = True,
        srcs = starlark + ["//{}:lint.starlark".format(package) for package in packages],
        tags = ["manual"],
        visibility = ["//visibility:public"],
    )
    native.filegroup(
        name = name + ".texts",
        testonly = True,
        srcs = python + _files(folders, ["*.md"], exclude) + ["//{}:lint.texts".format(package) for package in packages],
        tags = ["manual"],
        visibility = ["//visibility:public"],
    )
    file_names(
        name = name + ".names",
        testonly = True,
        names = _files(folders, ["*"], _UNTRACKED),
        tags = ["manual"],
        visibility = ["//visibility:public"],
        below = ["//{}:lint.names".format(package) for package in packages],
    )
    native.test_suite(
        name = name,
        tests = [":" + test for test in tests] + [
            "//{}:lint".format(package)
            for package in packages
        ],
        visibility = ["//visibility:public"],
    )
