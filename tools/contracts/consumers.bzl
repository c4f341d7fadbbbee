"""`service_consumers`: the callers of each service, from the build graph."""

visibility("//services")

_CalledInfo = provider("The services whose typed client a target depends on.", fields = {"services": "depset of names"})

def _called_impl(target, ctx):
    label = target.label
    own = [label.package.split("/")[-1]] if label.package.startswith("services/") and label.name == "client" else []
    below = [dep[_CalledInfo].services for dep in getattr(ctx.rule.attr, "deps", []) if _CalledInfo in dep]
    return [_CalledInfo(services = depset(own, transitive = below))]

_called = aspect(
    implementation = _called_impl,
    attr_aspects = ["deps"],
    doc = "Finds the typed clients, `//services/<name>:client`, below a target.",
)

def _service_consumers_impl(ctx):
    consumers = {}
    for service in ctx.attr.services:
        for called in sorted(service[_CalledInfo].services.to_list()):
            consumers.setdefault(called, []).append(service.label.name)
    index = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(
        content = json.encode_indent({name: sorted(names) for name, names in sorted(consumers.items())}),
        output = index,
    )
    return DefaultInfo(
        files = depset([index]),
        runfiles = ctx.runfiles(files = [index]),
    )

service_consumers = rule(
    implementation = _service_consumers_impl,
    attrs = {
        "services": attr.label_list(
            aspects = [_called],
            doc = "Programs of services, which have the names of their services.",
            mandatory = True,
        ),
    },
    doc = "Writes a JSON object: the names of the services that call a service, by its name.",
)
