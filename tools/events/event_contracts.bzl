"""`event_contracts`: the models of a service's events, their JSON Schemas and what checks them."""

load("@rules_python//python:py_binary.bzl", "py_binary")
load("@rules_python//python:py_library.bzl", "py_library")
load("@rules_python//python:py_test.bzl", "py_test")

visibility("//tools/build")

_PROGRAM = Label("//tools/events:contracts.py")
_LIBRARY = Label("//tools/events:contracts")

def event_types():
    """Lists the types of events that the package has contracts for.

    Returns:
      names of the files `events/*.json` without `.json`.
    """
    return [
        file.removeprefix("events/").removesuffix(".json")
        for file in native.glob(["events/*.json"], allow_empty = True)
    ]

def event_contracts(name, srcs, service, visibility):
    """Makes the library of a service's events and checks its contracts.

    Args:
      name: name of the library.
      srcs: `events.py`, with a class for each event.
      service: name of the service.
      visibility: packages that consume the events.

    Makes:
      {name}: library with `services.{service}.events`.
      {name}.write: command that writes the JSON Schemas `events/<type>.json` and a sample of each new version.
      {name}_test: fails if a schema differs from its model, or a sample cannot be read by it.
      asyncapi: `asyncapi.json`, the AsyncAPI 3 document of the events.
    """
    schemas = native.glob(["events/*.json"], allow_empty = True)
    files = native.glob(["events/**/*.json"], allow_empty = True)
    py_library(
        name = name,
        srcs = srcs,
        visibility = visibility,
        deps = [
            "//libs/events:event",
            "//services",
            "@pip//pydantic",
        ],
    )
    py_binary(
        name = name + ".write",
        srcs = [_PROGRAM],
        args = [
            "write",
            service,
        ],
        main = _PROGRAM,
        deps = [
            ":" + name,
            _LIBRARY,
        ],
    )
    py_test(
        name = name + "_test",
        size = "small",
        srcs = [_PROGRAM],
        args = [
            "check",
            service,
        ],
        data = files,
        main = _PROGRAM,
        deps = [
            ":" + name,
            _LIBRARY,
        ],
    )
    native.genrule(
        name = "asyncapi",
        srcs = schemas,
        outs = ["asyncapi.json"],
        cmd = "$(execpath //tools/events:asyncapi) --service {} --output $@ $(SRCS)".format(service),
        tools = ["//tools/events:asyncapi"],
    )
