"""Errors of this tool. The message is one sentence for the user."""


class ContractError(Exception):
    """A contract, a declaration or a revision cannot be used."""
