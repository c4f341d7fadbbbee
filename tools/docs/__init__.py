"""Keeps what the documentation says and what the repository does the same."""
