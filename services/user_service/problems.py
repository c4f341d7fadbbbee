"""The problem document of each error of the service."""

from libs.auth.errors import InvalidCredentials, InvalidGrant, Throttled, WeakPassword
from libs.db.problems import DATABASE_PROBLEMS
from libs.web.problems import Problem, ProblemTable
from services.user_service.errors import EmailTaken, LastAdministrator, OneTimeTokenRefused, UserNotFound, WrongPassword

PROBLEMS: ProblemTable = {
    EmailTaken: Problem(409, "email-taken", "Address registered already"),
    UserNotFound: Problem(404, "user-not-found", "No such user"),
    LastAdministrator: Problem(409, "last-administrator", "The last administrator"),
    OneTimeTokenRefused: Problem(400, "one-time-token-refused", "Token refused"),
    # Not 401, which would mean that the access token is invalid.
    WrongPassword: Problem(403, "wrong-password", "Password refused"),
    WeakPassword: Problem(422, "weak-password", "Password refused"),
    InvalidCredentials: Problem(
        401,
        "invalid-credentials",
        "Login refused",
        detail="The address and the password do not match.",
        headers=lambda _: {"WWW-Authenticate": "Bearer"},
    ),
    InvalidGrant: Problem(
        401,
        "invalid-grant",
        "Refresh token refused",
        detail="Log in again.",
        headers=lambda _: {"WWW-Authenticate": "Bearer"},
    ),
    Throttled: Problem(
        429,
        "too-many-attempts",
        "Too many attempts",
        headers=lambda error: {"Retry-After": str(error.retry_after)},
    ),
    **DATABASE_PROBLEMS,
}
