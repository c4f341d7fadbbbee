"""The compact serialisation of a JWS (RFC 7515 section 7.1), parsed strictly.

Size, alphabet and header are checked before anything is decoded or a key is looked up. Headers
cannot bring a key of the caller: `jwk`, `jku`, `x5u`, `x5c`, `crit`, `b64` and `zip` are refused by
the rule that an access token has exactly three header members (RFC 8725 sections 3.1, 3.5 and 3.10).
"""

from dataclasses import dataclass
from typing import Any

from libs.auth.errors import InvalidToken
from libs.auth.signatures import KeyId, is_key_id
from libs.auth.strict_json import decode_base64url, decode_object

MAX_TOKEN_LENGTH = 8 * 1024
"""In characters. Ours are 600; 850 KiB would hold the event loop for 30 ms."""

_HEADER_MEMBERS = {"alg", "kid", "typ"}
_ACCESS_TOKEN_TYPES = ("at+jwt", "application/at+jwt")
_MAX_CONTAINERS = 32


@dataclass(frozen=True, slots=True)
class CompactToken:
    """The parts of an access token, not verified yet."""

    algorithm: object
    key_id: KeyId
    payload: bytes
    signing_input: bytes
    signature: bytes

    def claims(self) -> dict[str, Any]:
        """Return the payload as a JSON object; call it once the signature has been checked."""
        return _decode_json(self.payload, "payload")


def parse_compact(token: str) -> CompactToken:
    """Split an access token into its parts, or raise `InvalidToken`."""
    if len(token) > MAX_TOKEN_LENGTH:
        raise InvalidToken("longer than 8 KiB")
    try:
        header_bytes, payload, signature = map(decode_base64url, token.split("."))
    except ValueError as error:
        raise InvalidToken("not three segments of base64url") from error
    algorithm, key_id = _check_header(_decode_json(header_bytes, "header"))
    signing_input = token[: token.rindex(".")].encode("ascii")
    return CompactToken(algorithm, key_id, payload, signing_input, signature)


def _check_header(header: dict[str, Any]) -> tuple[object, KeyId]:
    if header.keys() != _HEADER_MEMBERS:
        raise InvalidToken("header members are not alg, kid and typ")
    # RFC 9068 section 4, RFC 8725 section 3.11: an ID token or a logout token is no access token.
    if header["typ"] not in _ACCESS_TOKEN_TYPES:
        raise InvalidToken("typ is not at+jwt")
    if not is_key_id(header["kid"]):
        raise InvalidToken("kid is not a key's name")
    return header["alg"], KeyId(header["kid"])


def _decode_json(data: bytes, part: str) -> dict[str, Any]:
    try:
        return decode_object(data, max_containers=_MAX_CONTAINERS)
    except ValueError as error:
        raise InvalidToken(f"{part}: {error}") from error
