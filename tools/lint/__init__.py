"""Checks of style, format and types."""
