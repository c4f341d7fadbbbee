"""`sbom`: the bill of materials of an image, from the image's locks and wheels."""

load("//tools/oci/layers:third_party.bzl", "WheelsInfo")
load("//tools/oci/python:shipped_python.bzl", "SHIPPED_PYTHON_ATTRS", "run_shipped_python")
load("//tools/oci/sbom:wheel_hashes.bzl", "wheel_hashes_file")

visibility("//tools/oci/...")

def _hashes(ctx, wheels):
    """Returns the files with the hashes of these wheels only."""
    names = {wheel_hashes_file(wheel.metadata.dirname.split("/")[-1].removesuffix(".dist-info")): None for wheel in wheels}
    return [file for file in ctx.files._wheel_hashes if file.basename in names]

def _sbom_impl(ctx):
    spdx = ctx.actions.declare_file(ctx.label.name + ".spdx.json")
    cyclonedx = ctx.actions.declare_file(ctx.label.name + ".cdx.json")
    wheels = ctx.attr.wheels[WheelsInfo].layers.to_list()
    metadata = [wheel.metadata for wheel in wheels]
    tags = [wheel.tags for wheel in wheels if wheel.tags]
    hashes = _hashes(ctx, wheels)
    args = ctx.actions.args()
    args.add("--title", ctx.attr.title)
    args.add("--architecture", ctx.attr.architecture)
    args.add_all(ctx.files.locks, before_each = "--lock")
    args.add("--status", ctx.file.status)
    args.add_all(hashes, before_each = "--wheel-hashes")
    args.add("--spdx", spdx)
    args.add("--cyclonedx", cyclonedx)
    args.add_all(metadata)
    run_shipped_python(
        ctx,
        args = [args],
        inputs = depset(metadata + tags + hashes + ctx.files.locks + [ctx.file.status]),
        mnemonic = "Sbom",
        outputs = [spdx, cyclonedx],
        progress_message = "Writing the bill of materials %{label}",
        tool = ctx.attr._write,
    )
    return DefaultInfo(files = depset([spdx, cyclonedx]))

sbom = rule(
    implementation = _sbom_impl,
    attrs = SHIPPED_PYTHON_ATTRS | {
        "architecture": attr.string(mandatory = True, doc = "Debian's name of the architecture."),
        "locks": attr.label_list(mandatory = True, allow_files = [".json"], doc = "Debian locks, the base's first."),
        "status": attr.label(mandatory = True, allow_single_file = True, doc = "Debian packages that are older than locked."),
        "title": attr.string(mandatory = True, doc = "Name of the image."),
        "wheels": attr.label(mandatory = True, doc = "The wheels that the image packs.", providers = [WheelsInfo]),
        "_wheel_hashes": attr.label(default = "@wheel_hashes", doc = "Hashes of all locked wheels, a file for each release."),
        "_write": attr.label(cfg = "exec", default = ":write", doc = "The tool."),
    },
    doc = "Writes NAME.spdx.json (SPDX 2.3) and NAME.cdx.json (CycloneDX 1.6).",
)
