"""`NAME.digest`: a file with the digest of an image or index."""

def _oci_digest_impl(ctx):
    ctx.actions.run_shell(
        arguments = [ctx.file.image.path, ctx.outputs.out.path],
        # The index.json has one manifest, and therefore exactly one digest.
        command = "grep --only-matching 'sha256:[0-9a-f]*' \"$1/index.json\" > \"$2\"",
        inputs = [ctx.file.image],
        mnemonic = "OCIDigest",
        outputs = [ctx.outputs.out],
        progress_message = "OCI Digest %{label}",
    )
    return DefaultInfo(files = depset([ctx.outputs.out]))

oci_digest = rule(
    implementation = _oci_digest_impl,
    attrs = {
        "image": attr.label(mandatory = True, allow_single_file = True, doc = "An oci_image or oci_image_index."),
        "out": attr.output(mandatory = True, doc = "The file: the digest and a newline."),
    },
    doc = "Writes the digest of an image.",
)
