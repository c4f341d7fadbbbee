"""Runs the code of the previous revision on today's tables."""
