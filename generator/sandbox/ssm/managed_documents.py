"""The AWS-owned documents that sessions are started with, as far as they are documented.

Names and parameters: Systems Manager user guide, "Start a session"; the port pattern is the schema page's. The exact
text of the real documents was not available.
"""

from __future__ import annotations

from typing import Any

_PORT = r"^([1-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$"
_LOCAL_PORT = _PORT.replace("[1-9]|", "[0-9]|", 1)


def _port_document(text: str, properties: dict[str, str], parameters: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {
        "schemaVersion": "1.0",
        "description": text,
        "sessionType": "Port",
        "parameters": parameters,
        "properties": properties,
    }


def _parameter(pattern: str, default: str | None = None) -> dict[str, str]:
    declared = {"type": "String", "allowedPattern": pattern}
    return declared if default is None else {**declared, "default": default}


_FORWARDING = {
    "portNumber": "{{ portNumber }}",
    "type": "LocalPortForwarding",
    "localPortNumber": "{{ localPortNumber }}",
}
_PORTS = {"portNumber": _parameter(_PORT, "80"), "localPortNumber": _parameter(_LOCAL_PORT, "0")}
_HOST = _parameter(r"^[^,$^&\\(\\)\\[\\]|;`'\"<>\\s]{1,255}$")
_COMMAND = {"command": {"type": "String"}}


def _command_document(kind: str) -> dict[str, Any]:
    return {
        "schemaVersion": "1.0",
        "description": "A command in a session",
        "sessionType": kind,
        "parameters": _COMMAND,
        "properties": {"linux": {"commands": "{{ command }}", "runAsElevated": False}},
    }


CONTENTS: dict[str, dict[str, Any]] = {
    "AWS-StartPortForwardingSession": _port_document("Port of the node", _FORWARDING, _PORTS),
    "AWS-StartPortForwardingSessionToRemoteHost": _port_document(
        "Port of a host the node reaches", {**_FORWARDING, "host": "{{ host }}"}, {**_PORTS, "host": _HOST}
    ),
    "AWS-StartSSHSession": _port_document(
        "SSH", {"portNumber": "{{ portNumber }}"}, {"portNumber": _parameter(_PORT, "22")}
    ),
    "AWS-StartInteractiveCommand": _command_document("InteractiveCommands"),
    "AWS-StartNonInteractiveCommand": _command_document("NonInteractiveCommands"),
    "AWS-RunShellScript": {
        "schemaVersion": "2.2",
        "description": "Run a shell script",
        "parameters": {"commands": {"type": "StringList"}},
        "mainSteps": [
            {"action": "aws:runShellScript", "name": "runShellScript", "inputs": {"runCommand": "{{ commands }}"}}
        ],
    },
}
