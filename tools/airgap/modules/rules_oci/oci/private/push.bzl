"""Private rule behind `oci_push`."""

def _runfile(ctx, file):
    """A file's path from the root of runfiles."""
    path = file.short_path
    return path.removeprefix("../") if path.startswith("../") else ctx.workspace_name + "/" + path

def _check_repository(ctx):
    repository = ctx.attr.repository
    if "@" in repository or ":" in repository.split("/")[-1]:
        fail("{}: `repository` attribute should not contain digest or tag. got: {}".format(ctx.label, repository))

def _oci_push_impl(ctx):
    if not ctx.file.image.is_directory:
        fail("{}: image attribute must be a oci_image or oci_image_index".format(ctx.label))
    _check_repository(ctx)
    executable = ctx.actions.declare_file("push_{}.sh".format(ctx.label.name))
    files = [file for file in [ctx.file.image, ctx.file.repository_file, ctx.file.remote_tags] if file]
    ctx.actions.expand_template(
        is_executable = True,
        output = executable,
        substitutions = {
            "{{image}}": _runfile(ctx, ctx.file.image),
            "{{repository_file}}": _runfile(ctx, ctx.file.repository_file) if ctx.file.repository_file else "",
            "{{repository}}": ctx.attr.repository,
            "{{tags_file}}": _runfile(ctx, ctx.file.remote_tags) if ctx.file.remote_tags else "",
        },
        template = ctx.file._template,
    )
    runfiles = ctx.runfiles(files).merge(ctx.attr.image[DefaultInfo].default_runfiles)
    return DefaultInfo(executable = executable, runfiles = runfiles)

oci_push = rule(
    implementation = _oci_push_impl,
    attrs = {
        "image": attr.label(mandatory = True, allow_single_file = True, doc = "An oci_image or oci_image_index."),
        "remote_tags": attr.label(allow_single_file = True, doc = "Tags, one a line."),
        "repository": attr.string(doc = "Where to push, without tag or digest."),
        "repository_file": attr.label(allow_single_file = True, doc = "The same in a file."),
        "_template": attr.label(allow_single_file = True, default = ":push.sh.tpl"),
    },
    doc = "A command that pushes an image with the sealed root's crane.",
    executable = True,
)
