"""Errors of reading a Debian archive; the message of each is one sentence for the user."""


class DebianArchiveError(Exception):
    """A Debian archive cannot be read as it should."""
