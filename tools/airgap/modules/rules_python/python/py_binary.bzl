"""`py_binary`."""

load("//python/private/rules:configured.bzl", "configured_binary")
load("//python/private/rules:covered.bzl", "covered")

def py_binary(**kwargs):
    """A Python program.

    Args:
        **kwargs: the attributes that README.md lists.
    """
    attributes = covered("py_binary", kwargs)
    if attributes.pop("config_settings", None):
        configured_binary(config_settings = kwargs["config_settings"], **attributes)
        return
    native.py_binary(**attributes)  # buildifier: disable=native-py
