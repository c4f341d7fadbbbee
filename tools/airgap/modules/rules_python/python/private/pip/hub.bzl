"""The hub: one package for each distribution, whatever the platform."""

_TARGETS = ("pkg", "data", "dist_info", "extracted_whl_files", "whl")

_ROOT = """\
load("{selects}", "selects")

package(default_visibility = ["//visibility:public"])

exports_files(["requirements.bzl"])
"""
_SETTING = """
selects.config_setting_group(
    name = "{name}",
    match_all = {settings},
)
"""
_PACKAGE = """\
package(default_visibility = ["//visibility:public"])

alias(
    name = "{name}",
    actual = ":pkg",
)
"""
_ALIAS = """
alias(
    name = "{name}",
    actual = select(
        {{{branches}}},
        no_match_error = "{error}",
    ),
)
"""
_REQUIREMENTS = """\
\"\"\"The distributions of the lock, as labels.\"\"\"

_NAMES = {names}

all_requirements = ["@@{hub}//{{}}:pkg".format(name) for name in _NAMES]
all_whl_requirements_by_package = {{name: "@@{hub}//{{}}:whl".format(name) for name in _NAMES}}
all_whl_requirements = all_whl_requirements_by_package.values()
all_data_requirements = ["@@{hub}//{{}}:data".format(name) for name in _NAMES]

def _label(name, target):
    words = name.lower().replace("-", "_").replace(".", "_").split("_")
    return "@@{hub}//{{}}:{{}}".format("_".join([word for word in words if word]), target)

def requirement(name):
    return _label(name, "pkg")

def whl_requirement(name):
    return _label(name, "whl")

def data_requirement(name):
    return _label(name, "data")

def dist_info_requirement(name):
    return _label(name, "dist_info")
"""

def _package(distribution, repositories):
    """Writes a package of the hub; `repositories` is the wheel's repository by platform."""
    aliases = [
        _ALIAS.format(
            branches = ", ".join([
                "\"//:{}\": \"@{}//:{}\"".format(platform, repository, target)
                for platform, repository in repositories.items()
            ]),
            error = "{} is locked for {} alone; a track that ends none of these names lacks it in its lock.".format(
                distribution,
                ", ".join(repositories),
            ),
            name = target,
        )
        for target in _TARGETS
    ]
    return _PACKAGE.format(name = distribution) + "".join(aliases)

def _hub_impl(rctx):
    distributions = json.decode(rctx.attr.distributions)
    root = _ROOT.format(selects = Label("@bazel_skylib//lib:selects.bzl"))
    rctx.file("BUILD.bazel", root + "".join([
        _SETTING.format(name = platform, settings = settings)
        for platform, settings in rctx.attr.settings.items()
    ]))
    rctx.file("requirements.bzl", _REQUIREMENTS.format(
        hub = rctx.name,
        names = json.encode_indent(sorted(distributions), indent = "    "),
    ))
    for distribution, repositories in distributions.items():
        rctx.file(distribution + "/BUILD.bazel", _package(distribution, repositories))

hub_repository = repository_rule(
    doc = "Writes `@hub//name` for each distribution of a lock.",
    implementation = _hub_impl,
    attrs = {
        "distributions": attr.string(doc = "JSON: distribution -> platform -> repository of the wheel.", mandatory = True),
        "settings": attr.string_list_dict(doc = "Platform -> labels of what must hold of a build for it.", mandatory = True),
    },
)
