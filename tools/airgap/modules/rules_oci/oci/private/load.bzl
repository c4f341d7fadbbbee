"""Private rule behind `oci_load`."""

def _oci_load_impl(ctx):
    tarball = ctx.actions.declare_file("{}/tarball.tar".format(ctx.label.name))
    args = ctx.actions.args()
    args.add(ctx.attr.format)
    args.add(ctx.file.image.path)
    args.add(ctx.file.repo_tags)
    args.add(tarball)
    ctx.actions.run(
        arguments = [args],
        executable = ctx.executable._tarball,
        inputs = depset(
            [ctx.file.image, ctx.file.repo_tags],
            transitive = [ctx.attr.image[DefaultInfo].default_runfiles.files],
        ),
        mnemonic = "OCITarball",
        outputs = [tarball],
        progress_message = "OCI Tarball %{label}",
    )
    executable = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.expand_template(
        is_executable = True,
        output = executable,
        substitutions = {
            "{{loader}}": ctx.executable.loader.short_path if ctx.executable.loader else "",
            "{{name}}": ctx.label.package.split("/")[-1] + "_" + ctx.label.name,
            "{{tarball}}": tarball.short_path,
        },
        template = ctx.file._template,
    )
    runfiles = ctx.runfiles([tarball])
    if ctx.attr.loader:
        runfiles = runfiles.merge(ctx.attr.loader[DefaultInfo].default_runfiles)
    return [
        DefaultInfo(executable = executable, runfiles = runfiles),
        OutputGroupInfo(tarball = depset([tarball])),
    ]

oci_load = rule(
    implementation = _oci_load_impl,
    attrs = {
        "format": attr.string(default = "docker", doc = "Form of the tarball.", values = ["docker", "oci"]),
        "image": attr.label(mandatory = True, allow_single_file = True, doc = "An oci_image, or for `oci` an index."),
        "loader": attr.label(cfg = "target", doc = "Command to call as `LOADER load --input TARBALL`.", executable = True),
        "repo_tags": attr.label(mandatory = True, allow_single_file = [".txt"], doc = "NAME:TAG, one a line."),
        "_tarball": attr.label(cfg = "exec", default = ":tarball", executable = True),
        "_template": attr.label(allow_single_file = True, default = ":load.sh.tpl"),
    },
    doc = "A command that writes a tarball for a container engine.",
    executable = True,
)
