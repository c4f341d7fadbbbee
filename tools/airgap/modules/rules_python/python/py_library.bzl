"""`py_library`."""

load("//python/private/rules:covered.bzl", "covered")

def py_library(**kwargs):
    """Python code that others import.

    Args:
        **kwargs: the attributes that README.md lists.
    """
    native.py_library(**covered("py_library", kwargs))  # buildifier: disable=native-py
