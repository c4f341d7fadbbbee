"""The errors of the user service."""


class UserError(Exception):
    """Base of the service's errors."""


class EmailTaken(UserError):
    """The address has an account."""

    def __init__(self) -> None:
        super().__init__("this address is registered already")


class UserNotFound(UserError):
    """There is no such user (any more)."""

    def __init__(self, user_id: str) -> None:
        super().__init__(f"there is no user {user_id}")
        self.user_id = user_id


class WrongPassword(UserError):
    """The password does not match that of the account."""

    def __init__(self) -> None:
        super().__init__("the password is not that of the account")


class BadClient(UserError):
    """A service that cannot be registered as a client, or is not; the text has the reason."""


class LastAdministrator(UserError):
    """A change that would leave no administrator."""

    def __init__(self, user_id: str) -> None:
        super().__init__(f"user {user_id} is the last administrator; make another one first")
        self.user_id = user_id


class OneTimeTokenRefused(UserError):
    """A token of an email that is used, replaced, expired or unknown."""

    def __init__(self) -> None:
        super().__init__("the token is used, expired or unknown; request another email")
