"""What somebody has changed by hand in the session documents that support uses: they hide or widen what it does.

They let nobody in who is not let in otherwise, so a revocation asks nothing about them (docs/explanation/security.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from generator.gateway.aws import Gateway
from generator.model import preferences
from generator.model.access import AccessFinding
from generator.model.contract import SSH_PORT, Output, Parameter, Resource
from generator.model.json_text import parse_json
from generator.model.reading import Reading
from generator.model.session_log import ShellLogging
from generator.operations.access.readings import read
from generator.operations.access.stack_access import StackAccess

Content = Mapping[str, object]
Difference = Callable[[StackAccess, Content], str]


def findings(gateway: Gateway, access: StackAccess, resources: Reading[Mapping[str, str]]) -> Iterator[AccessFinding]:
    """A warning for each document of support's that is not as the stack made it (one call for each). Never raises.

    One that was deleted is no finding here: no session starts by it. `resources` are the stack's, their physical IDs by
    logical ID.
    """
    for output, difference in OF_SUPPORT.items():
        if name := access.stack.outputs.get(output, ""):
            yield from _of(gateway, access, name, difference)
    if name := (resources.value or {}).get(Resource.DATABASE_DOCUMENT, ""):
        yield from _of(gateway, access, name, _database)
    if access.stack.parameters.get(Parameter.SUPPORT_DEFAULT_SHELL) == "Yes":
        yield from _default_shell(gateway)


def _of(gateway: Gateway, access: StackAccess, name: str, difference: Difference) -> Iterator[AccessFinding]:
    document = read("ssm:GetDocument", lambda: gateway.ssm.find_document(name))
    subject = f"session document {name}"
    if document.problem:
        yield _unknown(name, document)
    elif document.value and (changed := difference(access, _parsed(document.value[0]))):
        warning = f"was changed by hand (version {document.value[1]}): {changed}"
        yield AccessFinding(subject, warning, _repair(gateway, name))


def _unknown(name: str, document: Reading[tuple[str, str] | None]) -> AccessFinding:
    why = f"this needs {document.permission}" if document.permission else document.detail
    return AccessFinding(f"session document {name}", f"not known whether somebody changed it: {why}")


def _repair(gateway: Gateway, name: str) -> str:
    versions = gateway.commands.aws("ssm", "list-document-versions", "--name", name)
    again = gateway.commands.aws("ssm", "update-document-default-version", "--name", name, "--document-version", "N")
    return f"Make the version that the stack wrote the default again: {versions}; then: {again}"


def _parsed(content: str) -> Content:
    try:
        parsed = parse_json(content)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _shell(access: StackAccess, content: Content) -> str:
    """What of a shell of support's is not written down, or runs as somebody else."""
    group = access.stack.outputs.get(Output.SESSION_LOG_GROUP_NAME, "")
    as_made = ShellLogging("Standard_Stream", group, streaming=True, encrypted=True)
    changes = [] if ShellLogging.of(json.dumps(content)) == as_made else ["shells are not logged as the stack says"]
    return "; ".join([*changes, *_runs_as(content)])


def _default_shell(gateway: Gateway) -> Iterator[AccessFinding]:
    """The account's own default shell, which support may start: it is the customer's, so only logging is looked at."""
    document = read("ssm:GetDocument", lambda: gateway.ssm.find_document(preferences.DOCUMENT))
    if document.problem:
        yield _unknown(preferences.DOCUMENT, document)
    inputs = _mapping(_parsed(document.value[0] if document.value else "").get("inputs"))
    if not (document.problem or inputs.get("cloudWatchLogGroupName") or inputs.get("s3BucketName")):
        off = gateway.commands.deployer("up", "--support-default-shell=no")
        warning = "support may start the account's default shell, and it is not logged"
        hint = f"Have it logged: deployer session-preferences set --help; or end its use: {off}"
        yield AccessFinding(f"session document {preferences.DOCUMENT}", warning, hint)


def _runs_as(content: Content) -> Iterator[str]:
    inputs = _mapping(content.get("inputs"))
    if inputs.get("runAsEnabled") is not False:
        yield f"shells run as {inputs.get('runAsDefaultUser') or 'a user whom a tag names'}"
    if commands := _mapping(inputs.get("shellProfile")).get("linux"):
        yield f"a shell begins with the commands {commands}"


def _port(access: StackAccess, content: Content) -> str:
    """Which ports and hosts a tunnel of support's reaches beyond those of the stack."""
    ports = access.stack.parameters.get(Parameter.SUPPORT_PORTS, "")
    allowed = _mapping(_mapping(content.get("parameters")).get("portNumber")).get("allowedPattern")
    changes = [] if allowed == f"^({'|'.join(ports.split(','))})$" else [f"tunnels reach the ports {allowed}"]
    return "; ".join([*changes, *_target(content, "{{ portNumber }}")])


def _ssh(access: StackAccess, content: Content) -> str:
    return "; ".join(_target(content, str(SSH_PORT)))


def _database(access: StackAccess, content: Content) -> str:
    known = access.stack.parameters
    endpoint, port = known.get(Parameter.DATABASE_ENDPOINT, ""), known.get(Parameter.DATABASE_PORT, "")
    return "; ".join(_target(content, port, endpoint))


def _target(content: Content, port: str, host: str = "") -> Iterator[str]:
    """Where it leads but to this port of the instance, or of the host."""
    properties = _mapping(content.get("properties"))
    if properties.get("portNumber") != port:
        yield f"it leads to port {properties.get('portNumber')}"
    if properties.get("host", "") != host:
        yield f"it leads to another host, {properties.get('host') or 'the instance itself'}"


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


OF_SUPPORT: dict[Output, Difference] = {
    Output.SHELL_DOCUMENT_NAME: _shell,
    Output.PORT_DOCUMENT_NAME: _port,
    Output.SSH_DOCUMENT_NAME: _ssh,
}
