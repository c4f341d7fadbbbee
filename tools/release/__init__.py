"""Signed statements about an image on a registry: its source and its bill of materials."""
