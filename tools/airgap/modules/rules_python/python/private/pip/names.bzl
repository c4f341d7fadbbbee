"""Names of distributions."""

def normalize(name):
    """Writes a distribution's name as a Bazel package name, which is what the hub calls it.

    Args:
        name: any spelling of it.

    Returns:
        Lower case, with one `_` for each run of `-`, `_` and `.`.
    """
    words = name.lower().replace("-", "_").replace(".", "_").split("_")
    return "_".join([word for word in words if word])
