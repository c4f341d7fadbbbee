"""Tests of libs.auth.signatures: published vectors, and the keys that are refused."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa

from libs.auth.signatures import (
    Algorithm,
    KeyId,
    SigningKey,
    VerificationKey,
    generate_private_pem,
    is_key_id,
)
from libs.auth.strict_json import decode_base64url, encode_base64url
from libs.auth.testing import new_key
from libs.clock.testing import START

_JOE = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

VECTORS = {
    "RFC 7515 A.2": (
        {
            "kty": "RSA",
            "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddx"
            "HmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs"
            "D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSH"
            "SXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV"
            "MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8"
            "NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
            "e": "AQAB",
        },
        f"eyJhbGciOiJSUzI1NiJ9.{_JOE}."
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"
        "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
        "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K"
        "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"
        "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB"
        "p0igcN_IoypGlUPQGe77Rw",
    ),
    "RFC 7515 A.3": (
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
        f"eyJhbGciOiJFUzI1NiJ9.{_JOE}."
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
        "pmWQxfKTUJqPP3-Kg6NU1Q",
    ),
    "RFC 7520 4.1": (
        {
            "kty": "RSA",
            "use": "sig",
            "n": "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2"
            "jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-Qti"
            "WN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd"
            "1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVb"
            "b9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhu"
            "axwUkRz5iaiQkqgc5gHdrNP5zw",
            "e": "AQAB",
        },
        "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9."
        "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IH"
        "lvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBk"
        "b24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcm"
        "UgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4."
        "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmK"
        "ZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4J"
        "IwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8w"
        "W1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluP"
        "xUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_f"
        "cIe8u9ipH84ogoree7vjbU5y18kDquDg",
    ),
    "RFC 8037 A.4": (
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    ),
}


def published_key(jwk: dict[str, str]) -> VerificationKey:
    """Read a published key and give it a key id."""
    key = VerificationKey.from_jwk({**jwk, "kid": "vector"})
    assert key is not None
    return key


@pytest.mark.parametrize(("jwk", "token"), VECTORS.values(), ids=VECTORS)
def test_a_published_signature_verifies(jwk: dict[str, str], token: str) -> None:
    """The signatures published in RFCs are accepted, and rejected with one bit changed."""
    key = published_key(jwk)
    signing_input, _, encoded = token.rpartition(".")
    signature = decode_base64url(encoded)
    assert key.verifies(signing_input.encode(), signature)
    assert not key.verifies(signing_input.encode() + b" ", signature)
    assert not key.verifies(signing_input.encode(), bytes([signature[0] ^ 1]) + signature[1:])


@pytest.mark.parametrize("signature", [b"", b"\0" * 64, b"\0" * 63, b"\xff" * 64, b"\0" * 256])
def test_a_degenerate_signature_is_refused(signature: bytes) -> None:
    """A signature of zeros is rejected with any algorithm; some ECDSA libraries once accepted r = s = 0."""
    for jwk, _ in VECTORS.values():
        assert not published_key(jwk).verifies(b"message", signature)


def test_the_key_of_rfc_8037_signs_as_published() -> None:
    """Ed25519 is deterministic, so signing reproduces the vector (RFC 8037 A.1 and A.4)."""
    seed = decode_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
    pkcs8 = bytes.fromhex("302e020100300506032b657004220420") + seed
    pem = serialization.load_der_private_key(pkcs8, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key = SigningKey.from_pem(pem, key_id=KeyId("vector"), activates_at=START)
    signing_input, _, signature = VECTORS["RFC 8037 A.4"][1].rpartition(".")
    assert encode_base64url(key.sign(signing_input.encode())) == signature


def _pem(key: ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _encrypted() -> bytes:
    key = serialization.load_pem_private_key(generate_private_pem(Algorithm.EDDSA), None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )


REFUSED_KEYS: dict[str, tuple[Callable[[], bytes], str]] = {
    "RSA of 1024 bits": (lambda: _pem(rsa.generate_private_key(65537, 1024)), "1024 bits"),
    "RSA with exponent 3": (lambda: _pem(rsa.generate_private_key(3, 2048)), "exponent"),
    "P-384": (lambda: _pem(ec.generate_private_key(ec.SECP384R1())), "neither"),
    "Ed448": (lambda: _pem(ed448.Ed448PrivateKey.generate()), "neither"),
    "encrypted": (_encrypted, "unencrypted"),
    "a certificate": (lambda: b"-----BEGIN CERTIFICATE-----\n", "PKCS #8"),
    "empty": (lambda: b"", "PKCS #8"),
    "cut off": (lambda: generate_private_pem(Algorithm.EDDSA)[:60], "cannot|can be read"),
}


@pytest.mark.parametrize("name", REFUSED_KEYS)
def test_a_weak_or_foreign_private_key_is_refused(name: str) -> None:
    """The error states what is wrong, because the operator reads it at the start."""
    make, reason = REFUSED_KEYS[name]
    with pytest.raises(ValueError, match=reason):
        SigningKey.from_pem(make(), key_id=KeyId("a"), activates_at=START)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_generated_key_signs_for_its_public_half(algorithm: Algorithm) -> None:
    """Each algorithm signs and verifies, and the `repr` of a key does not show it."""
    key = new_key(algorithm=algorithm)
    assert key.public.algorithm is algorithm
    assert key.public.verifies(b"message", key.sign(b"message"))
    assert "_jwk" not in repr(key)


@pytest.mark.parametrize("name", ["a", "A-9._z", "k" * 64])
def test_a_plain_name_is_a_key_id(name: str) -> None:
    """A key id has letters, digits, dots, dashes and underscores."""
    assert is_key_id(name)


@pytest.mark.parametrize("name", ["", "k" * 65, "a/b", "a b", "a\n", "\u0661", "a@b", 1, None, b"a"])
def test_anything_else_is_no_key_id(name: object) -> None:
    """Text that could be a path, a query or a log line is no key id."""
    assert not is_key_id(name)
