"""`config.add_transition_setting`: build settings that `config_settings` of a program or test may set."""

def _settings_repository_impl(rctx):
    rctx.file("BUILD.bazel", "")
    rctx.file("extra_transition_settings.bzl", "EXTRA_TRANSITION_SETTINGS = {}\n".format(rctx.attr.settings))

_settings_repository = repository_rule(
    doc = "Writes down the settings for the rules that are loaded after them.",
    implementation = _settings_repository_impl,
    attrs = {"settings": attr.string_list(doc = "Canonical labels.")},
)

def _config_impl(mctx):
    _settings_repository(
        name = "rules_python_internal",
        settings = {
            str(tag.setting): None
            for module in mctx.modules
            for tag in module.tags.add_transition_setting
        }.keys(),
    )
    return mctx.extension_metadata(reproducible = True)

_add_transition_setting = tag_class(
    doc = "Names a build setting.",
    attrs = {"setting": attr.label(doc = "The setting.", mandatory = True)},
)

config = module_extension(
    doc = "Settings of all rules.",
    implementation = _config_impl,
    tag_classes = {"add_transition_setting": _add_transition_setting},
)
