"""The SQL of service clients."""

from libs.auth.claims import ClientId, parse_scopes
from libs.auth.clients import Client, SecretDigest
from libs.db.columns import Micros
from libs.db.database import Connection
from libs.db.statements import Statement, insertion

_FIND = Statement("SELECT client_id, secret_digest, scopes FROM clients WHERE client_id = :client_id")
_INSERT = insertion("clients", ("client_id", "secret_digest", "scopes", "created_at"))
_DELETE = Statement("DELETE FROM clients WHERE client_id = :client_id RETURNING client_id")


async def find(connection: Connection, client_id: ClientId) -> Client | None:
    """The client with this id."""
    row = await connection.fetch_one(_FIND, client_id=client_id)
    if row is None:
        return None
    name, digest, scopes = row
    return Client(client_id=name, secret_digest=SecretDigest(bytes.fromhex(digest)), scopes=parse_scopes(scopes))


async def insert(connection: Connection, client: Client, *, now: Micros) -> None:
    """Store a new client. A taken id raises UniqueViolation."""
    await connection.fetch_all(
        _INSERT,
        client_id=client.client_id,
        secret_digest=client.secret_digest.hex(),
        scopes=" ".join(sorted(client.scopes)),
        created_at=now,
    )


async def delete(connection: Connection, client_id: ClientId) -> bool:
    """Remove the client; whether there was one."""
    return await connection.fetch_one(_DELETE, client_id=client_id) is not None
