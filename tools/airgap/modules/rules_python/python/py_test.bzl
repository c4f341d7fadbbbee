"""`py_test`."""

load("//python/private/rules:covered.bzl", "covered")

def py_test(**kwargs):
    """A Python program whose exit status is a test's outcome.

    Args:
        **kwargs: the attributes that README.md lists.
    """
    native.py_test(**covered("py_test", kwargs))  # buildifier: disable=native-py
