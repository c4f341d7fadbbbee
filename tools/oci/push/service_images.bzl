"""`service_images`: the list of the images of all services, from the folders of the services."""

load("//tools/oci/debian:debian_packages.bzl", "merged_status")

visibility("//services")

def _image_list_impl(ctx):
    places = {name: image[DefaultInfo].files.to_list()[0].short_path for image, name in ctx.attr.images.items()}
    index = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(content = json.encode_indent(places), output = index)
    runfiles = ctx.runfiles(files = [index], transitive_files = depset(transitive = [
        image[DefaultInfo].files
        for image in ctx.attr.images
    ]))
    return DefaultInfo(files = depset([index]), runfiles = runfiles)

_image_list = rule(
    implementation = _image_list_impl,
    attrs = {"images": attr.label_keyed_string_dict(mandatory = True, doc = "Name of the service by its index.")},
    doc = "Writes a JSON object: the runfiles path of each service's OCI layout by the service's name.",
)

def service_images(name, *, visibility):
    """Lists the images of all services: each folder below is a service, and each service has an image.

    A folder without an image fails the build with the missing label, and one without `image_test` fails the tests;
    `fastapi_service` makes both. CI uses these targets to test the images that it pushes.

    Args:
      name: name of the list.
      visibility: who may use it.

    Makes:
      name: a JSON file with the path of each service's index in OCI layout; the images are in its runfiles.
      {name}.digests: a file for each service with its index's digest.
      {name}.status: a JSON file of the Debian packages that are older than locked in any image.
      {name}.tests: the suite of the tests of all images.
    """
    images = {"//services/{}:image".format(service): service for service in native.subpackages(include = ["*"])}
    native.filegroup(
        name = name + ".digests",
        srcs = [image + ".digest" for image in images],
        target_compatible_with = ["@platforms//os:linux"],
        visibility = visibility,
    )
    merged_status(
        name = name + ".status",
        statuses = [image + "_status" for image in images],
        target_compatible_with = ["@platforms//os:linux"],
    )
    native.test_suite(
        name = name + ".tests",
        tests = [image + "_test" for image in images],
    )
    _image_list(
        name = name,
        images = images,
        target_compatible_with = ["@platforms//os:linux"],
        visibility = visibility,
    )
