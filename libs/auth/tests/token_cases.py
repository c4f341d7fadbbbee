"""Every known way in which an access token can be wrong, by name.

Each case changes one thing of the valid token that `InvalidTokenFactory` makes. The factory may sign with any
algorithm; `cases_for` returns the cases that apply to it.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc.jwk import JWKRegistry, OctKey

from libs.auth.signatures import Algorithm, SigningKey
from libs.auth.strict_json import decode_base64url, encode_base64url
from libs.auth.testing import AUDIENCE, ISSUER, OMIT, InvalidTokenFactory, new_key
from libs.clock.testing import START

Make = Callable[[InvalidTokenFactory], str]
NOW = int(START.timestamp())


def header(**members: object) -> Make:
    """Change members of the header and sign."""
    return lambda invalid_tokens: invalid_tokens.token(header=members)


def payload(**members: object) -> Make:
    """Change members of the payload and sign."""
    return lambda invalid_tokens: invalid_tokens.token(payload=members)


def header_text(change: Callable[[str], str | bytes]) -> Make:
    """Change the JSON text of the header and sign."""
    return lambda invalid_tokens: invalid_tokens.token(header=_to_bytes(change(json.dumps(invalid_tokens.header))))


def payload_text(change: Callable[[str], str | bytes]) -> Make:
    """Change the JSON text of the payload and sign."""
    return lambda invalid_tokens: invalid_tokens.token(payload=_to_bytes(change(json.dumps(invalid_tokens.payload))))


def text(change: Callable[[str], str]) -> Make:
    """Change a good token."""
    return lambda invalid_tokens: change(invalid_tokens.token())


def segments(change: Callable[[str, str, str], str]) -> Make:
    """Make a token of the three segments of a good one."""
    return lambda invalid_tokens: change(*invalid_tokens.token().split("."))


def resigned(change: Callable[[bytes], bytes]) -> Make:
    """Change the bytes of a good signature."""
    return lambda invalid_tokens: invalid_tokens.token(sign=lambda message: change(invalid_tokens.key.sign(message)))


def unsigned(alg: object) -> Make:
    """Leave the signature empty."""
    return lambda invalid_tokens: invalid_tokens.token(header={"alg": alg}, sign=lambda _: b"")


@cache
def stranger(algorithm: Algorithm) -> SigningKey:
    """Return an untrusted key, the same each time: an RSA key takes long to make."""
    return new_key("stranger", algorithm=algorithm)


def by_stranger(algorithm: Algorithm, **members: object) -> Make:
    """Sign with another key under the name of the real one."""
    changed = {"alg": algorithm.value, **members}
    return lambda invalid_tokens: invalid_tokens.token(header=changed, sign=stranger(algorithm).sign)


def embedded(member: str) -> Make:
    """Sign with another key of the same kind and send that key along."""

    def make(invalid_tokens: InvalidTokenFactory) -> str:
        key = stranger(invalid_tokens.key.public.algorithm)
        value = {"jwk": key.public.to_jwk()}.get(member, f"https://evil.example/{member}")
        return invalid_tokens.token(header={member: value}, sign=key.sign)

    return make


def by_hmac(secret: Callable[[dict[str, str]], bytes]) -> Make:
    """Sign with HS256, using an encoding of the public key as the secret. `secret` encodes the key, given as a JWK."""

    def make(invalid_tokens: InvalidTokenFactory) -> str:
        key = secret(invalid_tokens.key.public.to_jwk())
        return invalid_tokens.token(
            header={"alg": "HS256"},
            sign=lambda message: hmac.new(key, message, hashlib.sha256).digest(),
        )

    return make


def _to_bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _spki(encoding: Literal["PEM", "DER"]) -> Callable[[dict[str, str]], bytes]:
    def spell(jwk: dict[str, str]) -> bytes:
        key = JWKRegistry.import_key(dict(jwk))
        assert not isinstance(key, OctKey)
        return key.as_bytes(encoding, private=False)

    return spell


def _raw(jwk: dict[str, str]) -> bytes:
    """The numbers of the key: the whole of an Ed25519 key, both coordinates of a point, the modulus."""
    return b"".join(decode_base64url(jwk[name]) for name in ("x", "y", "n") if name in jwk)


def _der(signature: bytes) -> bytes:
    """Return an ECDSA signature in the DER encoding of X.509; JWS concatenates the two numbers instead."""
    return encode_dss_signature(*(int.from_bytes(half, "big") for half in (signature[:32], signature[32:])))


def _flip(signature: str) -> str:
    changed = bytearray(decode_base64url(signature))
    changed[10] ^= 1
    return encode_base64url(bytes(changed))


def _spare(character: str) -> str:
    """Return a character that differs in the bits which 64 bytes of signature leave unused."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(character) + 1]


def _number(name: str, number: str) -> Make:
    """Write a time as a JSON number, or as something that resembles one."""

    def make(invalid_tokens: InvalidTokenFactory) -> str:
        members = json.dumps({"nbf": NOW, **invalid_tokens.payload})
        return invalid_tokens.token(payload=re.sub(rf'"{name}": \d+', f'"{name}": {number}', members).encode())

    return make


def _named(value: object) -> str:
    # In full, because two cases of one name would be one case.
    return "missing" if value is OMIT else repr(value)


ALGORITHM: dict[str, Make] = {
    **{
        f"alg {_named(alg)} unsigned": unsigned(alg)
        for alg in ("none", "None", "NONE", "nOnE", "none ", "", *map(str, Algorithm), None, 0, ["none"], OMIT)
    },
    "alg none with the right signature": header(alg="none"),
    "alg in another case": lambda invalid_tokens: invalid_tokens.token(
        header={"alg": invalid_tokens.header["alg"].swapcase()}
    ),
    "alg that is not allowed": header(alg="PS256"),
    "HS256 with the PEM": by_hmac(_spki("PEM")),
    "HS256 with the PEM without its last newline": by_hmac(lambda jwk: _spki("PEM")(jwk).strip()),
    "HS256 with the DER": by_hmac(_spki("DER")),
    "HS256 with the raw key": by_hmac(_raw),
    "HS256 with the raw point": by_hmac(lambda jwk: b"\x04" + _raw(jwk)),
    "HS256 with the JWK": by_hmac(lambda jwk: json.dumps(jwk).encode()),
    "HS256 with x or n of the JWK": by_hmac(lambda jwk: jwk.get("x", jwk.get("n", "")).encode()),
    "HS256 with an empty secret": by_hmac(lambda _: b""),
    **{
        f"{signed} by another key, with alg {said}": by_stranger(signed, alg=said.value)
        for signed in Algorithm
        for said in Algorithm
    },
    **{f"{member} in the header": embedded(member) for member in ("jwk", "jku", "x5u", "x5c")},
}

HEADER: dict[str, Make] = {
    "crit empty": header(crit=[]),
    "crit exp": header(crit=["exp"], exp=NOW + 60),
    "b64 false": header(b64=False, crit=["b64"]),
    "zip": header(zip="DEF"),
    "enc": header(enc="A256GCM"),
    "an unknown member": header(note="hello"),
    **{
        f"kid {name}": header(kid=kid)
        for name, kid in {
            "unknown": "unknown",
            "missing": OMIT,
            "null": None,
            "empty": "",
            "huge": "k" * 5000,
            "path": "../../../../dev/null",
            "SQL": "' OR 1=1 --",
            "NUL": "test-key\x00",
            "newline": "test-key\n",
            "URL": "https://evil.example",
            "not ASCII": "t\u00ebst-key",
            "list": ["test-key"],
            "int": 1,
            "object": {"test-key": 1},
        }.items()
    },
    **{
        f"typ {_named(typ)}": header(typ=typ)
        for typ in (OMIT, None, "", "JWT", "at", "at+jwt ", "AT+JWT", "id+jwt", "logout+jwt", 1)
    },
    **{
        f"typ {_named(typ)}": header(typ=typ)
        for typ in ("application/jwt", "application/at+jwt;v=1", ["at+jwt"], {"at+jwt": 1}, True)
    },
    "header a list": lambda invalid_tokens: invalid_tokens.token(header=b"[]"),
    "header a string": lambda invalid_tokens: invalid_tokens.token(header=b'"alg"'),
    "header empty": lambda invalid_tokens: invalid_tokens.token(header=b""),
    "header not JSON": lambda invalid_tokens: invalid_tokens.token(header=b"{alg:EdDSA}"),
    "header with alg twice": header_text(lambda json_: json_.replace("{", '{"alg":"none",', 1)),
    "header with alg twice, one escaped": header_text(lambda json_: json_.replace("{", '{"\\u0061lg":"none",', 1)),
    "header with BOM": header_text(lambda json_: "\ufeff" + json_),
    "header in UTF-16": header_text(lambda json_: json_.encode("utf-16")),
    "header in UTF-32": header_text(lambda json_: json_.encode("utf-32-le")),
    "header nested": lambda invalid_tokens: invalid_tokens.token(header=b"[" * 4000),
}

SHAPE: dict[str, Make] = {
    "empty": lambda _: "",
    "one dot": lambda _: ".",
    "two dots": lambda _: "..",
    "a word": lambda _: "token",
    "signature cut off": segments(lambda head, body, _: f"{head}.{body}"),
    "signature empty": segments(lambda head, body, _: f"{head}.{body}."),
    "signature short": segments(lambda head, body, sign: f"{head}.{body}.{sign[:-4]}"),
    "signature long": segments(lambda head, body, sign: f"{head}.{body}.{sign}AAAA"),
    "signature with a bit flipped": segments(lambda head, body, s: f"{head}.{body}.{_flip(s)}"),
    "signature after a zero": resigned(lambda signature: b"\x00" + signature),
    "signature of zeros": resigned(lambda signature: bytes(len(signature))),
    "signature of 0xff": resigned(lambda signature: b"\xff" * len(signature)),
    "payload empty": segments(lambda head, _, sign: f"{head}..{sign}"),
    "payload of another token": segments(
        lambda head, body, sign: f"{head}.{encode_base64url(decode_base64url(body) + b' ')}.{sign}"
    ),
    "four segments": text(lambda token: token + ".AAAA"),
    "JWE": segments(lambda head, body, sign: f"{head}.{body}.{sign}.{body}.{sign}"),
    "JSON serialisation": segments(
        lambda head, body, sign: json.dumps({"protected": head, "payload": body, "signature": sign})
    ),
    "padding": text(lambda token: token + "=="),
    "padding in the header": segments(lambda head, body, sign: f"{head}=.{body}.{sign}"),
    "leading space": text(lambda token: " " + token),
    "trailing space": text(lambda token: token + " "),
    "trailing newline": text(lambda token: token + "\n"),
    "newline within": text(lambda token: token[:50] + "\n" + token[50:]),
    "standard alphabet": text(lambda token: token[:-4] + "+/AA"),
    "NUL": text(lambda token: token + "\x00"),
    "not ASCII": text(lambda token: token + "\u00e9"),
    "surrogate": text(lambda token: token + "\ud800"),
    "over 8 KiB and signed": payload(note="x" * 8000),
    "850 KiB": lambda _: "a" * 850 * 1024,
    "850 KiB of dots": lambda _: "." * 850 * 1024,
}

_NOT_TEXT: tuple[Any, ...] = (
    OMIT,
    None,
    True,
    0,
    1.5,
    "",
    [],
    {},
    ["a"],
    "a\x00b",
    "a\nb",
    "x" * 256,
    "\u202euser",
)
_NOT_SCOPES: tuple[Any, ...] = (
    None,
    1,
    True,
    ["a"],
    {},
    "a  b",
    " a",
    'a"b',
    "a\\b",
    "a\nb",
    "\u00e9",
)
_NOT_ROLES: tuple[Any, ...] = (None, "admin", 1, {}, [1], [None], [""], [["admin"]], ["a\x00"])
_NOT_TIME: tuple[Any, ...] = (
    OMIT,
    None,
    True,
    False,
    "0",
    str(NOW),
    1.5,
    NOW + 0.5,
    -1,
    10**12,
    [NOW],
    {},
)

CLAIM: dict[str, Make] = {
    **{
        f"{name} {_named(value)}": payload(**{name: value})
        for name in ("iss", "sub", "aud", "client_id", "jti")
        for value in _NOT_TEXT
    },
    **{
        f"{name} {_named(value)}": payload(**{name: value})
        for name in ("exp", "iat", "nbf")
        for value in _NOT_TIME
        if (name, value) != ("nbf", OMIT)
    },
    **{
        f"{name} {number}": _number(name, number)
        for name in ("exp", "iat", "nbf")
        for number in ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "9" * 400, "01", "1e9")
    },
    **{f"scope {_named(value)}": payload(scope=value) for value in _NOT_SCOPES},
    **{f"roles {_named(value)}": payload(roles=value) for value in _NOT_ROLES},
    "payload a list": lambda invalid_tokens: invalid_tokens.token(payload=b"[]"),
    "payload null": lambda invalid_tokens: invalid_tokens.token(payload=b"null"),
    "payload not JSON": lambda invalid_tokens: invalid_tokens.token(payload=b"sub=user-1"),
    "payload with sub twice": payload_text(lambda json_: json_.replace("{", '{"sub":"root",', 1)),
    "payload with BOM": payload_text(lambda json_: "\ufeff" + json_),
    "payload in UTF-16": payload_text(lambda json_: json_.encode("utf-16")),
    "payload in UTF-16 without BOM": payload_text(lambda json_: json_.encode("utf-16-le")),
    "payload in UTF-32": payload_text(lambda json_: json_.encode("utf-32")),
    "payload not UTF-8": payload_text(lambda json_: json_.replace("user-1", "\u00e9").encode("latin-1")),
    "payload with a lone surrogate": payload_text(lambda json_: json_.replace("user-1", "\\ud800")),
    "payload with a lone surrogate in a nested name": payload_text(
        lambda json_: json_.replace("{", '{"note":[{"\\udfff":1}],', 1)
    ),
    "payload nested": payload_text(lambda json_: json_.replace("{", '{"note":' + "[" * 2000, 1)),
    "payload nested and closed": payload(note=json.loads("[" * 40 + "]" * 40)),
}

EXPECTATION: dict[str, Make] = {
    "expired": payload(iat=NOW - 700, exp=NOW - 30),
    "expired long ago": payload(iat=1, exp=2),
    "issued in the future": payload(iat=NOW + 31, exp=NOW + 600),
    "not valid yet": payload(nbf=NOW + 31),
    "lifetime above the maximum": payload(exp=NOW + 601),
    "lifetime of a century": payload(exp=NOW + 100 * 365 * 86_400),
    "lifetime zero": payload(exp=NOW),
    "lifetime negative": payload(iat=NOW + 20, exp=NOW + 10),
    **{
        f"iss {_named(issuer)}": payload(iss=issuer)
        for issuer in (
            ISSUER + "/",
            ISSUER + ".evil.example",
            ISSUER.upper(),
            ISSUER.replace("https", "http"),
            ISSUER[:-1],
            " " + ISSUER,
            "https://evil.example",
            [ISSUER],
        )
    },
    **{
        f"aud {_named(audience)}": payload(aud=audience)
        for audience in (
            [AUDIENCE],
            [AUDIENCE, "https://other.example"],
            AUDIENCE + "/",
            AUDIENCE[:-1],
            AUDIENCE.upper(),
            AUDIENCE + " https://other.example",
            "*",
            "https://other.example",
        )
    },
}

_SPARE_BITS = {
    "signature with spare bits set": segments(lambda head, body, sign: f"{head}.{body}.{sign[:-1]}{_spare(sign[-1])}")
}

# The 384 bytes of an RSA signature leave no bit of their 512 characters unused.
_OWN: dict[Algorithm, dict[str, Make]] = {
    Algorithm.EDDSA: _SPARE_BITS,
    Algorithm.ES256: {**_SPARE_BITS, "signature in DER": resigned(_der)},
    Algorithm.RS256: {},
}


def cases_for(algorithm: Algorithm) -> dict[str, Make]:
    """Return every case that makes sense for tokens which are signed with `algorithm`."""
    others = {
        f"alg {other} with the right signature": header(alg=other.value) for other in Algorithm if other != algorithm
    }
    return {**ALGORITHM, **others, **HEADER, **SHAPE, **_OWN[algorithm], **CLAIM, **EXPECTATION}
