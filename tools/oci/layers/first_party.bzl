"""Layers of first-party code: one for each package, so that an edit pushes one small layer."""

load("//tools/oci/layers:packing.bzl", "PACKING_ATTRS", "pack_layer")
load("//tools/oci/layers:platforms.bzl", "PLATFORM_ATTRS", "to_platform")

def _to_arguments(file):
    return ["app/" + file.short_path, file.path]

# Each layer adds about 800 bytes of manifest and config to every push. Container engines support 127 layers, and the
# layers below these are at most 15.
_MOST_FOLDERS = 25

# Deeper folders, for example of data files, do not get separate layers.
_DEEPEST = 3

def _folder(file):
    """Returns the name of a file's layer: `libs/web/app.py` is in libs_web, `libs/__init__.py` in packages."""
    parts = file.short_path.split("/")[:-1]
    return "_".join(parts[:_DEEPEST]) if len(parts) > 1 else "packages"

def _first_party_layers_impl(ctx):
    folders = {}
    for file in depset(transitive = [dep[DefaultInfo].default_runfiles.files for dep in ctx.attr.deps]).to_list():
        # Files of other repositories are third-party code.
        if not file.short_path.startswith("../"):
            folders.setdefault(_folder(file), []).append(file)
    if len(folders) > _MOST_FOLDERS:
        fail("{} has code in {} folders, and an image can have layers for {}: {}".format(
            ctx.label,
            len(folders),
            _MOST_FOLDERS,
            ", ".join(sorted(folders)),
        ))
    layers = [
        pack_layer(
            ctx,
            name = "{}/{}".format(ctx.label.name, folder),
            files = folders[folder],
            third_party = False,
            to_arguments = _to_arguments,
        )
        for folder in sorted(folders)
    ]
    return DefaultInfo(files = depset(layers))

first_party_layers = rule(
    implementation = _first_party_layers_impl,
    attrs = PLATFORM_ATTRS | PACKING_ATTRS | {
        "deps": attr.label_list(cfg = to_platform, doc = "Libraries to pack with all that they use."),
    },
    doc = "Packs the first-party code of a closure under /app.",
)
