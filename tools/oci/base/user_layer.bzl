"""The user that the process of an image runs as, and the layer for a user that is not in the base."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("//tools/oci/layers:packing.bzl", "PACKING_ATTRS", "layer_suffix")
load("//tools/oci/python:shipped_python.bzl", "run_shipped_python")

visibility([
    "//tools/build",
    "//tools/oci/...",
])

# The user in passwd of every base, which owns /data there.
DEFAULT_USER = "65532:65532"

# The greatest number that Kubernetes accepts as runAsUser, runAsGroup or fsGroup.
_GREATEST = 2147483647

def _is_number(word):
    return word.isdigit() and str(int(word)) == word and int(word) <= _GREATEST

def check_user(title, user):
    """Fails for a user that images must not run as.

    Args:
      title: name of the service.
      user: value from its BUILD file.
    """
    words = user.split(":")
    if len(words) != 2 or not all([_is_number(word) for word in words]):
        fail(("user of {} is \"{}\": expected two numbers from 0 to {}, \"uid:gid\", for example \"{}\", because Kubernetes " +
              "checks runAsNonRoot by the number, not by a name").format(title, user, _GREATEST, DEFAULT_USER))
    if words[0] == "0":
        fail("user of {} is \"{}\": no image runs as root; give another uid, or leave user out for {}".format(
            title,
            user,
            DEFAULT_USER,
        ))

def _user_layer_impl(ctx):
    layer = ctx.actions.declare_file(ctx.label.name + layer_suffix(ctx))
    args = ctx.actions.args()
    args.add("--user", ctx.attr.user)
    args.add("--compression", ctx.attr._compression[BuildSettingInfo].value)
    args.add("--output", layer)
    run_shipped_python(
        ctx,
        args = [args],
        inputs = depset(),
        mnemonic = "UserLayer",
        outputs = [layer],
        progress_message = "Packing the user of %{output}",
        tool = ctx.attr._accounts,
    )
    return DefaultInfo(files = depset([layer]))

user_layer = rule(
    implementation = _user_layer_impl,
    attrs = PACKING_ATTRS | {
        "user": attr.string(mandatory = True, doc = "`uid:gid`."),
        "_accounts": attr.label(cfg = "exec", default = ":accounts", doc = "The tool."),
    },
    doc = "Packs passwd, group and /data for another user than the base's.",
)
