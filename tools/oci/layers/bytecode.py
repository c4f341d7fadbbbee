"""Compiled modules beside their sources, made by the interpreter that ships."""

import importlib.util
import marshal
import sys
from pathlib import PurePosixPath

from tools.oci.layers.entries import Entry, File

# PEP 552, unchecked hash: the .pyc has the hash of its source instead of a time, and imports do not compare it.
_UNCHECKED_HASH = (1).to_bytes(4, "little")


class UncompilableError(Exception):
    """A source file is not Python that this interpreter understands."""

    def __init__(self, path: str, reason: SyntaxError | ValueError) -> None:
        super().__init__(f"/{path}: {reason}")
        self.path = path


def compile_module(path: str, source: bytes) -> tuple[str, Entry]:
    """Compile the module at a path of the image; return the path and entry of its .pyc.

    Raises UncompilableError.
    """
    try:
        code = compile(source, f"/{path}", "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError) as reason:
        raise UncompilableError(path, reason) from reason
    header = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(source)
    module = PurePosixPath(path)
    cached = module.parent / "__pycache__" / f"{module.stem}.{sys.implementation.cache_tag}.pyc"
    return str(cached), File(content=header + marshal.dumps(code))
