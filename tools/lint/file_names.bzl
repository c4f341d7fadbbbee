"""`file_names`: a text file with the paths of the files in a package and in those below it."""

visibility("//tools/lint")

_FileNamesInfo = provider(
    doc = "The files of a package and of those below it.",
    fields = {"paths": "depset of string: their paths from the root of the repository."},
)

def _file_names_impl(ctx):
    own = ["/".join([part for part in [ctx.label.package, name] if part]) for name in ctx.attr.names]
    paths = depset(own, transitive = [package[_FileNamesInfo].paths for package in ctx.attr.below])
    file = ctx.actions.declare_file(ctx.label.name + ".txt")
    content = ctx.actions.args()
    content.add_all(paths)
    content.set_param_file_format("multiline")
    ctx.actions.write(file, content)
    return [DefaultInfo(files = depset([file])), _FileNamesInfo(paths = paths)]

file_names = rule(
    implementation = _file_names_impl,
    doc = "Writes the paths of files, one a line, without reading the files.",
    attrs = {
        "below": attr.label_list(doc = "Targets of this rule in packages below.", providers = [_FileNamesInfo]),
        "names": attr.string_list(doc = "Files of this package, by their paths from its folder.", mandatory = True),
    },
)
