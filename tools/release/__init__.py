"""Bringing images to a registry, with what others need to trust them."""
