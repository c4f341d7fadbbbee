"""`image_push`: the command that pushes an image, by default to a registry on localhost."""

visibility("//tools/oci/...")

_SCRIPT = """\
#!/usr/bin/env bash
export RUNFILES_DIR="${{RUNFILES_DIR:-$0.runfiles}}"
cd "$RUNFILES_DIR/{workspace}"
export CRANE={crane} BASE_STATUS={status}
exec {tool} --image {image} --default-repository {repository} "$@"
"""

def _image_push_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        content = _SCRIPT.format(
            crane = ctx.executable._crane.short_path,
            image = ctx.file.image.short_path,
            repository = ctx.attr.repository,
            status = ctx.file.status.short_path,
            tool = ctx.executable._tool.short_path,
            workspace = ctx.workspace_name,
        ),
        is_executable = True,
        output = script,
    )
    runfiles = ctx.runfiles([ctx.file.image, ctx.file.status])
    for target in [ctx.attr.image, ctx.attr._crane, ctx.attr._tool]:
        runfiles = runfiles.merge(target[DefaultInfo].default_runfiles)
    return DefaultInfo(executable = script, runfiles = runfiles)

image_push = rule(
    implementation = _image_push_impl,
    attrs = {
        "image": attr.label(mandatory = True, allow_single_file = True, doc = "An oci_image or oci_image_index."),
        "repository": attr.string(mandatory = True, doc = "Repository to push to by default."),
        "status": attr.label(mandatory = True, allow_single_file = True, doc = "Debian packages that are older than locked."),
        "_crane": attr.label(cfg = "target", default = "//tools/oci/push:crane", executable = True),
        "_tool": attr.label(cfg = "target", default = "//tools/oci/push", executable = True),
    },
    doc = "Pushes an image; see `push.py` for its flags.",
    executable = True,
)
