"""The SQL of refresh tokens: `libs.auth.refresh.RefreshStore` on our database."""

from datetime import datetime

from libs.auth.claims import ClientId, Subject, parse_scopes
from libs.auth.refresh import FamilyId, RefreshGrant, TokenDigest
from libs.db.columns import at, micros
from libs.db.database import Connection, Database, Row
from libs.db.statements import Statement, insertion

_COLUMNS = (
    "digest",
    "family",
    "subject",
    "client_id",
    "scopes",
    "issued_at",
    "expires_at",
    "family_expires_at",
    "used_at",
    "revoked_at",
)
_INSERT = insertion("refresh_grants", _COLUMNS)
_FIND = Statement("SELECT", ", ".join(_COLUMNS), "FROM refresh_grants WHERE digest = :digest")
_USE = Statement(
    """UPDATE refresh_grants SET used_at = :now
    WHERE digest = :digest AND used_at IS NULL AND revoked_at IS NULL RETURNING digest"""
)
_REVOKE_FAMILY = Statement("UPDATE refresh_grants SET revoked_at = :now WHERE revoked_at IS NULL AND family = :family")
_REVOKE_SUBJECT = Statement(
    "UPDATE refresh_grants SET revoked_at = :now WHERE revoked_at IS NULL AND subject = :subject"
)


class Grants:
    """Refresh tokens by their digests; the tokens themselves are nowhere."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, grant: RefreshGrant) -> None:
        """See `RefreshStore`."""
        await add(self._database, grant)

    async def find(self, digest: TokenDigest) -> RefreshGrant | None:
        """See `RefreshStore`."""
        row = await self._database.fetch_one(_FIND, digest=digest.hex())
        return _grant(row) if row else None

    async def replace(self, used: TokenDigest, successor: RefreshGrant) -> bool:
        """See `RefreshStore`."""

        async def use_once(connection: Connection) -> bool:
            now = micros(successor.issued_at)
            if await connection.fetch_one(_USE, digest=used.hex(), now=now) is None:
                return False
            await connection.fetch_all(_INSERT, **_values(successor))
            return True

        return await self._database.atomically(use_once)

    async def revoke_family(self, family: FamilyId, *, at: datetime) -> None:
        """See `RefreshStore`."""

        # A statement by itself would not see the successor that is being stored while it waits for the used one.
        async def revoke(connection: Connection) -> None:
            await connection.fetch_all(_REVOKE_FAMILY, family=family, now=micros(at))

        await self._database.atomically(revoke)

    async def revoke_subject(self, subject: Subject, *, at: datetime) -> None:
        """See `RefreshStore`."""

        async def revoke(connection: Connection) -> None:
            await revoke_subject(connection, subject, at=at)

        await self._database.atomically(revoke)


async def add(connection: Connection, grant: RefreshGrant) -> None:
    """Keep the first grant of a family, as part of a transaction that does more."""
    await connection.fetch_all(_INSERT, **_values(grant))


async def revoke_subject(connection: Connection, subject: Subject, *, at: datetime) -> None:
    """End every login of the subject, as part of a transaction that changes more."""
    await connection.fetch_all(_REVOKE_SUBJECT, subject=subject, now=micros(at))


def _values(grant: RefreshGrant) -> dict[str, object]:
    return {
        "digest": grant.digest.hex(),
        "family": grant.family,
        "subject": grant.subject,
        "client_id": grant.client_id,
        "scopes": " ".join(sorted(grant.scopes)),
        "issued_at": micros(grant.issued_at),
        "expires_at": micros(grant.expires_at),
        "family_expires_at": micros(grant.family_expires_at),
        "used_at": micros(grant.used_at) if grant.used_at else None,
        "revoked_at": micros(grant.revoked_at) if grant.revoked_at else None,
    }


def _grant(row: Row) -> RefreshGrant:
    digest, family, subject, client_id, scopes, issued, expires, family_expires, used, revoked = row
    return RefreshGrant(
        digest=TokenDigest(bytes.fromhex(digest)),
        family=FamilyId(family),
        subject=Subject(subject),
        client_id=ClientId(client_id),
        scopes=parse_scopes(scopes),
        issued_at=at(issued),
        expires_at=at(expires),
        family_expires_at=at(family_expires),
        used_at=at(used) if used is not None else None,
        revoked_at=at(revoked) if revoked is not None else None,
    )
