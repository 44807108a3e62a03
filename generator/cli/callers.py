"""The command line as the caller of verbs that want more than a plan shown and a question asked."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from generator.cli import render
from generator.cli.invocation import Invocation
from generator.cli.secret_output import allow_secret
from generator.errors import UsageError
from generator.model.publishing import PASSPHRASE_VARIABLE

if TYPE_CHECKING:
    from generator.model.database_client import ClientSettings
    from generator.model.deployment import Deployment
    from generator.model.evidence import Report, ReportSignature
    from generator.model.first_up import DefaultsPlan
    from generator.model.session import Target
    from generator.model.stack import StackEvent
    from generator.model.up import Choice
    from generator.operations.aws import Gateway


class InvocationCaller:
    """Passes on to an invocation what every caller does."""

    def __init__(self, call: Invocation) -> None:
        self._call = call

    def show(self, plan: object) -> None:
        """Print a plan."""
        self._call.show(plan)

    def confirm(self, plan: object) -> None:
        """Ask whether to carry out a plan. Raises as `Invocation.confirm`."""
        self._call.confirm(plan)

    def events(self, events: Iterable[StackEvent]) -> None:
        """Print a stack's events as they come."""
        self._call.events(events)

    def say(self, sentence: str = "") -> None:
        """Print one line of the story on stderr."""
        self._call.say(sentence)


class UpInvocation(InvocationCaller):
    """The caller of `up`."""

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        return self._call.interactive

    def value(self, key: str, choices: Sequence[Choice]) -> str:
        """Ask for the value of a parameter. Raises as `ask.value`."""
        from generator.cli.ask import value

        return value(self._call, key, choices)


class FirstUpInvocation(UpInvocation):
    """The caller of `init`."""

    _store: Callable[[], None] | None = None

    @property
    def answered(self) -> bool:
        """Whether --yes was given."""
        return self._call.yes

    def once_confirmed(self, store: Callable[[], None]) -> None:
        """Call `store` when a plan has been agreed to."""
        self._store = store

    def confirm(self, plan: object) -> None:
        """Ask whether to carry out a plan, and store the defaults if so. Raises as `Invocation.confirm`."""
        super().confirm(plan)
        if self._store is not None:
            self._store()

    def ask(self, question: str, default: str) -> str:
        """Ask for a line of text. Raises as `Invocation.ask`."""
        return self._call.ask(question, default)

    def pick(self, noun: str, names: Sequence[str]) -> str:
        """Let a person pick one of the names. Raises as `ask.choose`."""
        from generator.cli.ask import choose

        return names[choose(self._call, noun, names)]

    def agrees(self, plan: DefaultsPlan) -> bool:
        """Show a plan, and ask whether to carry it out."""
        self._call.show(plan)
        answer = self._call.ask(f"Store them? {'[y/N]' if plan.sandbox else '[Y/n]'}")
        return (answer or ("n" if plan.sandbox else "y")).lower() in ("y", "yes")

    def opened(self, deployment: Deployment) -> Gateway:
        """The gateway of this deployment; what is said and run from now on is about it."""
        return self._call.moved_to(deployment).gateway


class SessionInvocation(InvocationCaller):
    """The caller of verbs that open sessions."""

    def choose(self, targets: Sequence[Target]) -> Target | None:
        """Let a person choose between several instances; None where nobody can be asked."""
        from generator.cli.ask import choose

        if not self._call.interactive:
            return None
        return targets[choose(self._call, "instance", [target.label for target in targets])]


class DatabaseInvocation(InvocationCaller):
    """The caller of verbs that hand over a database's token or settings."""

    def allow_secret(self, secret: str) -> None:
        """Return if the secret may be printed. Raises as `secret_output.allow_secret`."""
        allow_secret(self._call, secret)

    def print_settings(self, settings: ClientSettings) -> None:
        """Print a client's settings on stdout, now."""
        render.result(self._call, settings, settings.lines)


class PassphraseInvocation:
    """The command line as the one who knows a passphrase: its environment variable, or a prompt. Never an argument."""

    def passphrase(self, key: str, *, new: bool = False) -> str:
        """As PassphraseCaller."""
        if PASSPHRASE_VARIABLE in os.environ:
            return os.environ[PASSPHRASE_VARIABLE]
        if not sys.stdin.isatty():
            raise UsageError(
                f"The passphrase of {key} is needed, and there is no terminal to ask at.",
                f"Put it into the environment variable {PASSPHRASE_VARIABLE}.",
                code="no-passphrase",
            )
        import getpass

        first = getpass.getpass(f"Passphrase of {key}: ")
        if new and getpass.getpass("Again: ") != first:
            raise UsageError("The two entries differ.", "Run it again.")
        return first


class RevokeInvocation(InvocationCaller, PassphraseInvocation):
    """The caller of a revocation."""

    def page(self, report: Report, signature: ReportSignature | None) -> str:
        """The report as a page of HTML."""
        from generator.cli.report_page import as_page

        return as_page(report, signature)


class SecretInvocation:
    """The caller of a verb that hands over a secret made for people: into a pipe only with --stdout."""

    def __init__(self, call: Invocation, stdout: bool) -> None:
        self._call, self._stdout = call, stdout

    def allow_secret(self, secret: str) -> None:
        """Return if the secret may be printed. Raises as `secret_output.allow_secret`."""
        allow_secret(self._call, secret, stdout=self._stdout)

    def say(self, sentence: str) -> None:
        """Print one line on stderr: what is printed on standard output is the secret alone."""
        self._call.say(sentence)
