"""Errors of the commands. The message is one sentence for the user."""

from collections.abc import Sequence


class DeployError(Exception):
    """Base of the errors of this tool."""


class UnknownEnvironmentError(DeployError):
    """No folder of `deploy/` has this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"there is no environment {name!r}; deploy/ has {', '.join(known) or 'none'}")
        self.name = name


class BadFileError(DeployError):
    """The content of a file is invalid."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


class BusyError(DeployError):
    """Another command holds the lock of the environment."""

    def __init__(self, environment: str) -> None:
        super().__init__(f"another command is deploying to {environment}; try again when it has ended")
        self.environment = environment


class SameEnvironmentError(DeployError):
    """An environment is promoted to itself."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} cannot be promoted to itself; for its configuration there is "
            f"bazel run //deploy:apply -- --env {name} --configuration-only"
        )
        self.name = name


class UnclearSourceError(DeployError):
    """The files differ from the commit, or git failed."""


class NotDeployedError(DeployError):
    """A service has no record that can be deployed."""


class ContractBreakError(DeployError):
    """A contract would break clients of the recorded one, and the break is not declared."""

    def __init__(self, sentence: str) -> None:
        super().__init__(f"{sentence}, or keep the old form too; --allow-break deploys it nevertheless")


class ImageUserError(DeployError):
    """An image runs as root or as a user without a number."""

    def __init__(self, service: str, user: str) -> None:
        super().__init__(
            f"the image of {service} runs as {user or 'root'!r}; Kubernetes needs numbers to tell it from root: "
            'give `user = "uid:gid"` in its BUILD file'
        )
        self.user = user


class ImageMissingError(DeployError):
    """A record names an image that its registry does not have."""

    def __init__(self, reference: str, remedy: str) -> None:
        super().__init__(f"the registry has no {reference}: {remedy}")
        self.reference = reference
