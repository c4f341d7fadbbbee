"""What a process holds once it has started: nothing that only its start needed."""

import ctypes
import gc
from contextlib import suppress


def settle() -> None:
    """Drop what the start left behind, and let collections pass over what will stay until the end.

    Imports make a hundred thousand objects. Looking through them all, as the collector does from time to time,
    takes 50 to 150 milliseconds in which nobody is answered.
    """
    gc.collect()
    gc.freeze()
    # The C library of Linux keeps freed blocks unless it is asked; others have no such function.
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
