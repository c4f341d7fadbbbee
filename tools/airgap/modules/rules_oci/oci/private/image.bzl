"""Private rule behind `oci_image`."""

_TARS = [".tar", ".tar.gz", ".tar.zst", ".tgz", ".tzst"]

_FILES = {
    "annotations": "KEY=VALUE lines for the manifest.",
    "cmd": "Arguments, one a line.",
    "created": "The moment to state.",
    "entrypoint": "Program and arguments, one a line.",
    "env": "KEY=VALUE lines.",
    "exposed_ports": "Ports, with commas.",
    "labels": "KEY=VALUE lines for the config.",
    "volumes": "Folders, with commas.",
}
_STRINGS = {
    "architecture": "GOARCH's name of the architecture.",
    "os": "GOOS's name of the system.",
    "user": "User, by name or number.",
    "variant": "Variant of the architecture.",
    "workdir": "Working folder.",
}

def _describe(ctx, position, layer):
    """Registers the action that describes one layer."""
    descriptor = ctx.actions.declare_file("{}.{}.descriptor.json".format(ctx.label.name, position))
    args = ctx.actions.args()
    args.add(layer)
    args.add(descriptor)
    args.add(layer.owner)
    ctx.actions.run(
        arguments = [args],
        env = {"PATH": "/usr/bin:/bin"},
        executable = ctx.executable._descriptor,
        inputs = [layer],
        mnemonic = "OCIDescriptor",
        outputs = [descriptor],
        progress_message = "OCI Descriptor %{input}",
    )
    return descriptor

def _check(ctx):
    if not ctx.attr.base and (not ctx.attr.os or not ctx.attr.architecture):
        fail("{}: 'os' and 'architecture' are mandatory when 'base' is unspecified.".format(ctx.label))
    if ctx.attr.base and (ctx.attr.os or ctx.attr.architecture or ctx.attr.variant):
        fail("{}: 'os', 'architecture' and 'variant' come from 'base' and cannot be overridden.".format(ctx.label))

def _oci_image_impl(ctx):
    _check(ctx)
    output = ctx.actions.declare_directory(ctx.label.name)
    args = ctx.actions.args()
    args.add("--output", output.path)
    inputs = []
    for position, layer in enumerate(ctx.files.tars):
        descriptor = _describe(ctx, position, layer)
        inputs.append(descriptor)
        args.add_joined("--layer", [layer, descriptor], join_with = "=")
    for name in _FILES:
        if getattr(ctx.attr, name):
            file = getattr(ctx.file, name)
            inputs.append(file)
            args.add("--" + name.replace("_", "-"), file)
    for name in _STRINGS:
        if getattr(ctx.attr, name):
            args.add("--" + name, getattr(ctx.attr, name))

    # An image has links to its layers, so actions that read the image need the layers as inputs, too.
    linked = [depset(ctx.files.tars)]
    if ctx.attr.base:
        args.add("--base", ctx.file.base.path)
        linked += [ctx.attr.base[DefaultInfo].files, ctx.attr.base[DefaultInfo].default_runfiles.files]
    ctx.actions.run(
        arguments = [args],
        executable = ctx.executable._image,
        inputs = depset(inputs, transitive = linked),
        mnemonic = "OCIImage",
        outputs = [output],
        progress_message = "OCI Image %{label}",
    )
    return DefaultInfo(
        files = depset([output]),
        runfiles = ctx.runfiles(transitive_files = depset(transitive = linked)),
    )

oci_image = rule(
    implementation = _oci_image_impl,
    attrs = {
        "base": attr.label(allow_single_file = True, doc = "Image to build upon."),
        "resource_set": attr.string(default = "default", doc = "Taken and left: actions here are small."),
        "tars": attr.label_list(allow_files = _TARS, doc = "Layers, lowest first."),
        "_descriptor": attr.label(cfg = "exec", default = ":descriptor", executable = True),
        "_image": attr.label(cfg = "exec", default = ":image", executable = True),
    } | {
        name: attr.label(allow_single_file = True, doc = doc)
        for name, doc in _FILES.items()
    } | {
        name: attr.string(doc = doc)
        for name, doc in _STRINGS.items()
    },
    doc = "An image in OCI layout.",
)
