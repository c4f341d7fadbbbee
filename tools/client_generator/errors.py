"""Errors of the generator."""


class ContractError(Exception):
    """The contract has a part that the generator cannot express in Python; the message has the place."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
