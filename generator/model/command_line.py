"""Command lines for a person to paste: this program's and the AWS CLI's, for the stack, region and profile in use."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class CommandLine:
    """Which stack, region and profile a pasted command is for. What is empty is left out."""

    stack_name: str = ""
    region: str = ""
    profile: str = ""
    sandbox: bool = False
    """Whether this program was told to use the sandbox, which the shell it was typed in does not."""

    def for_stack(self, name: str) -> CommandLine:
        """The same region and profile for another stack."""
        return replace(self, stack_name=name)

    def deployer(self, *words: str) -> str:
        """A command of this program, quoted for a POSIX shell."""
        return shlex.join(["deployer", *words, *_options(stack_name=self.stack_name), *self._place()])

    def aws(self, *words: str) -> str:
        """A command of the AWS CLI, quoted for a POSIX shell. The stack is not named: few of its commands know one.

        For the sandbox it runs in a shell of its own, which fails where no sandbox is running: it never reaches AWS.
        """
        typed = shlex.join(["aws", *words, *self._place()])
        return f'(eval "$(deployer sandbox env)" && {typed})' if self.sandbox else typed

    def _place(self) -> list[str]:
        return _options(region=self.region, profile=self.profile)


def _options(**values: str) -> list[str]:
    return [word for name, value in values.items() if value for word in (f"--{name.replace('_', '-')}", value)]
