"""The core of libs.auth imports no web framework and does nothing when it is imported."""

import subprocess
import sys

CORE = [
    "claims",
    "clients",
    "counters",
    "errors",
    "jwks",
    "jws",
    "key_files",
    "keys",
    "password_policy",
    "passwords",
    "refresh",
    "signatures",
    "strict_json",
    "throttle",
    "tokens",
    "verifier",
]
PROGRAM = f"""
import sys, threading
opened = []
sys.addaudithook(lambda event, args: event == "socket.connect" and opened.append(args))
for module in {CORE!r}:
    __import__("libs.auth." + module)
print(sorted({{"fastapi", "starlette", "uvicorn"}} & sys.modules.keys()), opened, threading.active_count())
"""


def test_the_core_imports_no_web_framework_and_starts_nothing() -> None:
    """If this fails, move code that needs FastAPI to libs/auth/fastapi.py, and work done at import into a function."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout.strip() == "[] [] 1"
