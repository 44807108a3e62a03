"""The permissions boundary of the support user and role: while it is the stack's, nothing can permit them more."""

from __future__ import annotations

from collections.abc import Callable

from generator.gateway.aws import Gateway
from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.model.reading import Reading
from generator.operations.access.readings import absent, read


def boundary(gateway: Gateway, kind: str, name: str, session_policy: Reading[str]) -> PathReading:
    """A path where the boundary of the user or role (`kind`) is not the stack's policy; none where it is.

    `session_policy` is that policy's ARN; empty where the stack's template has no such policy.
    """
    ask: dict[str, Callable[[str], str]] = {"user": gateway.iam.user_boundary, "role": gateway.iam.role_boundary}
    asked = f"iam:Get{kind.title()}"
    if not name:
        return absent(asked, f"there is no support {kind}")
    if session_policy.value == "":
        return absent(asked, "its template has no permissions boundary")
    if session_policy.value is None:
        return session_policy.unanswered()
    wanted = session_policy.value

    def paths() -> tuple[AccessPath, ...]:
        live = ask[kind](name)
        if live == wanted:
            return ()
        put = (f"put-{kind}-permissions-boundary", f"--{kind}-name", name, "--permissions-boundary", wanted)
        label = f"of the support {kind}: {live or 'it has none'}; the stack's is {wanted}"
        return (AccessPath(PathKind.BOUNDARY, label, name, asked, gateway.commands.aws("iam", *put)),)

    return read(asked, paths)
