"""`stamped_images`: images with labels for the commit, as a last step that adds no layer."""

load("@rules_oci//oci:defs.bzl", "oci_image", "oci_image_index")
load("//tools/oci/push:image_push.bzl", "image_push")
load("//tools/oci/python:shipped_python.bzl", "SHIPPED_PYTHON_ATTRS", "run_shipped_python")

visibility("//tools/oci/...")

_LINUX = ["@platforms//os:linux"]

def _commit_labels_impl(ctx):
    # Bazel runs this action again when a STABLE_ line of the workspace status changes, and no other action reads it.
    status = ctx.file.status or ctx.info_file
    args = ctx.actions.args()
    args.add("--status", status)
    args.add("--labels", ctx.outputs.labels)
    args.add("--created", ctx.outputs.created)
    run_shipped_python(
        ctx,
        args = [args],
        inputs = depset([status]),
        mnemonic = "CommitLabels",
        outputs = [ctx.outputs.labels, ctx.outputs.created],
        progress_message = "Writing the labels of the commit %{output}",
        tool = ctx.attr._labels,
    )

_commit_labels = rule(
    implementation = _commit_labels_impl,
    attrs = SHIPPED_PYTHON_ATTRS | {
        "created": attr.output(mandatory = True, doc = "File of the commit's moment."),
        "labels": attr.output(mandatory = True, doc = "File of KEY=VALUE lines."),
        "status": attr.label(allow_single_file = True, doc = "Workspace status; that of this build when not given."),
        "_labels": attr.label(cfg = "exec", default = "//tools/oci/stamp:labels", doc = "The tool."),
    },
    doc = "Writes the labels for the commit that the workspace status names.",
)

def stamped_images(name, *, image, repository, base_status, visibility, workspace_status = None):
    """Makes copies of the images of a service with labels for the commit.

    Args:
      name: name of the index.
      image: label of the index without a stamp, whose images are `{image}_amd64` and `{image}_arm64`.
      repository: the default repository of the push command.
      base_status: file of the Debian packages that are older than locked.
      visibility: who may use the images and the command.
      workspace_status: file with a workspace status, for tests; by default that of the build.

    Makes:
      name: index of both architectures. All targets are manual.
      {name}.digest: file with its digest.
      {name}_amd64, {name}_arm64: the images.
      {name}_push: command that pushes the index.
    """
    common = {
        "tags": ["manual"],
        "target_compatible_with": _LINUX,
        "visibility": visibility,
    }
    _commit_labels(
        name = name + "_commit",
        created = name + ".created.txt",
        labels = name + ".labels.txt",
        status = workspace_status,
        tags = ["manual"],
        target_compatible_with = _LINUX,
    )
    architectures = ["amd64", "arm64"]
    for architecture in architectures:
        oci_image(
            name = "{}_{}".format(name, architecture),
            base = "{}_{}".format(image, architecture),
            created = name + ".created.txt",
            labels = name + ".labels.txt",
            **common
        )
    oci_image_index(
        name = name,
        images = [":{}_{}".format(name, architecture) for architecture in architectures],
        **common
    )
    image_push(
        name = name + "_push",
        image = ":" + name,
        repository = repository,
        status = base_status,
        **common
    )
