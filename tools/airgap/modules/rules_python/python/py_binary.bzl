"""`py_binary`."""

load("//python/private/rules:covered.bzl", "covered")

def py_binary(**kwargs):
    """A Python program.

    Args:
        **kwargs: the attributes that README.md lists.
    """
    native.py_binary(**covered("py_binary", kwargs))  # buildifier: disable=native-py
