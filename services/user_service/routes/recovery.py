"""Verifying an address and choosing a new password, with tokens that are sent by email.

Only the email shows whether its address has an account; responses do not.
"""

from fastapi import APIRouter

from libs.auth.fastapi import public
from libs.web.openapi import error_responses
from libs.web.strict import StrictRoute
from services.user_service.dependencies import ClientAddress, RecoveryServiceDep
from services.user_service.schemas.recovery import Confirmation, EmailRequest, PasswordReset
from services.user_service.service.email_templates import PASSWORD_RESET, VERIFICATION

router = APIRouter(route_class=StrictRoute, prefix="/auth", tags=["recovery"], responses=error_responses(429))


@router.post("/verification", status_code=202, dependencies=[public()])
async def request_verification(body: EmailRequest, recovery: RecoveryServiceDep, address: ClientAddress) -> None:
    """Send an email that verifies the address."""
    await recovery.request_email(VERIFICATION, body.email, address=address)


@router.post("/verification/confirmation", status_code=204, dependencies=[public()])
async def verify_address(body: Confirmation, recovery: RecoveryServiceDep) -> None:
    """Verify an address with the token of its email."""
    await recovery.verify(body.token.get_secret_value())


@router.post("/password-reset", status_code=202, dependencies=[public()])
async def request_password_reset(body: EmailRequest, recovery: RecoveryServiceDep, address: ClientAddress) -> None:
    """Send an email with which the user can choose a new password."""
    await recovery.request_email(PASSWORD_RESET, body.email, address=address)


@router.post("/password-reset/confirmation", status_code=204, dependencies=[public()])
async def reset_password(body: PasswordReset, recovery: RecoveryServiceDep) -> None:
    """Replace the password with the token of an email, and end every login."""
    await recovery.reset_password(body.token.get_secret_value(), new=body.new_password.get_secret_value())
