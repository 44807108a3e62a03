"""cp: files to and from an instance."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from generator.cli import session_text
from generator.cli.callers import SessionInvocation
from generator.cli.command import CommandResult, command
from generator.cli.connect_commands import REASON
from generator.cli.invocation import Invocation
from generator.cli.progress import LinesNowAndThen
from generator.model.session import Via


class CopyScreen(SessionInvocation):
    """Shows how far a copy is: by the bar, and where that shows nothing by a line now and then."""

    def __init__(self, call: Invocation, bar: Callable[[int, int], None] | None) -> None:
        super().__init__(call)
        self._bar, self._bar_is_shown = bar, False
        self._lines = LinesNowAndThen(call.say)

    def progress(self, done: int, total: int) -> None:
        """Show how many bytes have arrived, of all."""
        if self._bar is None:
            self._lines.show("Copied", done, total, "bytes")
            return
        self._bar_is_shown = True
        self._bar(done, total)

    def count(self, done: str, files: int, total: int) -> None:
        """Show what was done with how many files, of all."""
        if not self._bar_is_shown:
            self._lines.show(done, files, total, "files")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""

    @command(app, "cp")
    def cp(
        call: Invocation,
        places: Annotated[
            list[str],
            typer.Argument(metavar="SOURCE... DESTINATION", help="A path here, or [USER@]TARGET:PATH on an instance."),
        ],
        recursive: Annotated[bool, typer.Option("-r", help="Copy directories too.")] = False,
        via: Annotated[Via, typer.Option(help="How to copy; auto prefers SSH.")] = Via.auto,
        sessions: Annotated[int, typer.Option(help="Sessions to use at once, without SSH.", min=1, max=16)] = 4,
        document: Annotated[str, typer.Option(help="Shell document to use instead of the stack's, without SSH.")] = "",
        reason: Annotated[str, REASON] = "",
        bucket: Annotated[
            str, typer.Option(metavar="NAME", help="With --via bucket: a bucket of yours; nothing stays in it.")
        ] = "",
    ) -> CommandResult:
        """Copy files to or from an instance: over SSH, or through sessions if SSH is not available."""
        from generator.model.copy import read_request
        from generator.operations.sessions.copy import copy

        request = read_request(
            places, recursive=recursive, via=via, sessions=sessions, document=document, reason=reason, bucket=bucket
        )
        with _progress_bar() as bar:
            result = copy(call.gateway, request, CopyScreen(call, bar))
        return CommandResult(result, session_text.copy_lines(result), result.exit_code, to_read=True)


@contextmanager
def _progress_bar() -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on stderr at a terminal, once there is something to show; elsewhere None."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    task = progress.add_task("", visible=False)

    def show(done: int, total: int) -> None:
        progress.start()
        progress.update(task, completed=done, total=total, visible=True)

    try:
        yield show
    finally:
        progress.stop()
