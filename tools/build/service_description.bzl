"""`service_description`: the properties of a service that the tools of this repository need before it runs."""

visibility(["//tools/build"])

def _service_description_impl(ctx):
    file = ctx.actions.declare_file("service.json")
    ctx.actions.write(file, json.encode_indent({
        "calls": ctx.attr.calls,
        "consumes": ctx.attr.consumes,
        "name": ctx.attr.service,
        "port": ctx.attr.port,
        "publishes": ctx.attr.publishes,
    }) + "\n")
    return [DefaultInfo(files = depset([file]), runfiles = ctx.runfiles([file]))]

service_description = rule(
    implementation = _service_description_impl,
    attrs = {
        "calls": attr.string_list_dict(doc = "Scopes that the service needs to call others, by their names."),
        "consumes": attr.string_list_dict(doc = "Types of events that the service consumes, by the services that own them."),
        "port": attr.int(mandatory = True, doc = "Port that it listens on by default."),
        "publishes": attr.string_list(doc = "Types of its events."),
        "service": attr.string(mandatory = True, doc = "Its name."),
    },
    doc = "Writes `service.json`: name, port, calls and events of a service.",
)
