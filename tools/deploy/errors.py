"""Reasons not to go on, each one sentence for the person who typed the command."""

from collections.abc import Sequence


class DeployError(Exception):
    """Base of this tool's errors."""


class UnknownEnvironmentError(DeployError):
    """A name that no folder of `deploy/` has."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"there is no environment {name!r}; deploy/ has {', '.join(known) or 'none'}")
        self.name = name


class BadFileError(DeployError):
    """A file that does not say what it should."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


class BusyError(DeployError):
    """Somebody else deploys to this environment."""

    def __init__(self, environment: str) -> None:
        super().__init__(f"another command is deploying to {environment}; try again when it has ended")
        self.environment = environment


class SameEnvironmentError(DeployError):
    """A promotion from an environment to itself."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} cannot be promoted to itself; for its configuration there is "
            f"bazel run //deploy:apply -- --env {name} --configuration-only"
        )
        self.name = name


class UnclearSourceError(DeployError):
    """The files are not what a commit has, or git cannot tell."""


class NotDeployedError(DeployError):
    """Something that was never deployed cannot be moved on."""


class ImageUserError(DeployError):
    """An image runs as root or as a user that it names."""

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
