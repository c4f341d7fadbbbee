"""Layers of images: the same bytes for the same files, wherever and whenever they are packed."""
