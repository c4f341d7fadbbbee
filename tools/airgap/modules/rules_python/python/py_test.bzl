"""`py_test`."""

load("//python/private/rules:configured.bzl", "configured_test")
load("//python/private/rules:covered.bzl", "covered")

def py_test(**kwargs):
    """A Python program whose exit status is a test's outcome.

    Args:
        **kwargs: the attributes that README.md lists.
    """
    attributes = covered("py_test", kwargs)
    if attributes.pop("config_settings", None):
        configured_test(config_settings = kwargs["config_settings"], **attributes)
        return
    native.py_test(**attributes)  # buildifier: disable=native-py
