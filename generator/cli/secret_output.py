"""The one rule for commands that print a secret: on a screen after a question, elsewhere where a program wants it."""

from __future__ import annotations

import sys

from generator.cli.invocation import Invocation
from generator.errors import UsageError


def allow_secret(call: Invocation, secret: str, *, stdout: bool | None = None) -> None:
    """Return when `secret` may be printed; to be called before it is read.

    At a terminal a person is asked, `--yes` being an answer. A command made for programs (a credential_process, a
    token in `$(…)`) prints into their pipe without a question. One made for people does so only with its option
    --stdout, which `stdout` is then the value of. Raises Declined and UsageError (`needs-yes`, `needs-stdout`).
    """
    if stdout:
        return
    if sys.stdout.isatty():
        call.confirm_action(f"Show {secret} on this screen")
    elif stdout is not None:
        raise UsageError(
            "The output is not a terminal, so the secret was not read.",
            "To pass it to a program, add: --stdout",
            code="needs-stdout",
        )
