"""Audit of `affected`: random edits, and a comparison with the targets whose actions or inputs really changed."""
