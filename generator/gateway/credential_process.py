"""How a credential process ended. What it said on its standard error is not repeated: it may hold a secret."""

from __future__ import annotations

import signal
from contextlib import suppress

from botocore import exceptions as boto

SHELLS = {126: " (a program could not be started)", 127: " (a program was not found)"}
"""What a shell means by its exit codes."""


def ending(error: boto.CredentialRetrievalError) -> str:
    """How the process ended whose failure this is, as the end of a sentence; "" for another failure.

    botocore keeps the process nowhere but where it raises.
    """
    traceback = error.__traceback__
    while traceback:
        frame = traceback.tb_frame
        if frame.f_code.co_name == "_retrieve_credentials_using":
            code = getattr(frame.f_locals.get("p"), "returncode", 0)
            return _described(code) if isinstance(code, int) and code else ""
        traceback = traceback.tb_next
    return ""


def to_show(error: Exception) -> Exception | None:
    """The error as --debug may show it: none where its text is what a process said."""
    return None if isinstance(error, boto.CredentialRetrievalError) and ending(error) else error


def _described(code: int) -> str:
    if code > 0:
        return f"ended with exit code {code}{SHELLS.get(code, '')}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"
