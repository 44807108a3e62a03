"""A file of text that cannot be read: by the system's refusal, or because its bytes are no text."""

from __future__ import annotations

from generator.errors import UsageError

CHECK_THE_PATH = "Check the path and its permissions."


def unreadable_text(
    place: object, error: OSError | UnicodeDecodeError, hint: str = CHECK_THE_PATH, code: str | None = None
) -> UsageError:
    """The error for a file at `place`; `hint` is for what the system refused."""
    refused = isinstance(error, OSError)
    why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
    return UsageError(
        f"{place} could not be read: {why}.", hint if refused else "Save it as UTF-8, and run it again.", code=code
    )
