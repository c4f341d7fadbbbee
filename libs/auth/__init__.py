"""Access tokens, keys, passwords and refresh tokens, without a web framework.

The profile is RFC 9068 (JWT access tokens) narrowed by RFC 8725 (JWT best practice) and RFC 9700
(OAuth 2.0 security): asymmetric signatures only, one audience per token, a lifetime of ten minutes.
`libs.auth.fastapi` is the glue to FastAPI.
"""
