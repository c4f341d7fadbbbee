"""`api_client`: the typed client of a service and a fake of the service, generated from its contract."""

load("@rules_python//python:py_library.bzl", "py_library")

visibility("//tools/build")

_MODULES = ["__init__.py", "api.py", "models.py", "testing.py"]

def _client_sources_impl(ctx):
    stripped = ctx.outputs.contract_without_texts
    strip = ctx.actions.args()
    strip.add("strip")
    strip.add("--contract", ctx.file.contract)
    strip.add("--output", stripped)
    ctx.actions.run(
        mnemonic = "StripContract",
        progress_message = "Stripping the contract %{input}",
        executable = ctx.executable._generator,
        arguments = [strip],
        inputs = [ctx.file.contract],
        outputs = [stripped],
    )
    generate = ctx.actions.args()
    generate.add("generate")
    generate.add("--service", ctx.attr.service)
    generate.add("--contract", stripped)
    generate.add("--output", ctx.outputs.outs[0].dirname)

    # Only the stripped contract is an input, so an edited description reruns only the action above.
    ctx.actions.run(
        mnemonic = "GenerateClient",
        progress_message = "Generating the client %{label}",
        executable = ctx.executable._generator,
        arguments = [generate],
        inputs = [stripped],
        outputs = ctx.outputs.outs,
    )

_client_sources = rule(
    implementation = _client_sources_impl,
    doc = "The source files of a client.",
    attrs = {
        "contract": attr.label(allow_single_file = [".json"], doc = "The contract.", mandatory = True),
        "contract_without_texts": attr.output(doc = "The contract without what no client depends on.", mandatory = True),
        "outs": attr.output_list(doc = "The modules of the client, in one folder.", mandatory = True),
        "service": attr.string(doc = "Name of the service.", mandatory = True),
        "_generator": attr.label(cfg = "exec", default = "//tools/client_generator", executable = True),
    },
)

def api_client(name, service, contract, visibility):
    """Makes the client of a service and a fake of the service.

    Args:
      name: name of the client, and of the folder that it is imported from.
      service: name of the service.
      contract: its OpenAPI document, a file of this package.
      visibility: packages that call the service.

    Makes:
      {name}: library with the class of the client and the models of the contract.
      fake: testonly library with its module `testing`: the fake of the service.
      {name}.sources: the source files of both.
    """
    stripped = name + "/contract.json"
    _client_sources(
        name = name + ".sources",
        contract = contract,
        contract_without_texts = stripped,
        outs = ["{}/{}".format(name, module) for module in _MODULES],
        service = service,
        visibility = ["//services:__pkg__"],
    )
    py_library(
        name = name,
        srcs = ["{}/{}".format(name, module) for module in _MODULES if module != "testing.py"],
        visibility = visibility,
        deps = [
            "//libs/api_client",
            "//services",
            "@pip//httpx2",
            "@pip//pydantic",
        ],
    )
    py_library(
        name = "fake",
        testonly = True,
        srcs = [name + "/testing.py"],
        data = [stripped],
        visibility = visibility,
        deps = [
            ":" + name,
            "//libs/api_client:testing",
        ],
    )
