"""Stamped images: labels for the commit, from the workspace status."""
