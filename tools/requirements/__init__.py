"""Writes the locks from the requirements, and tests that each lock fits its requirements."""
