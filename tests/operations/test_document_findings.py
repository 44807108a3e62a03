"""What a changed session document does, said in words; one as the stack made it is none. Pure."""

from __future__ import annotations

import pytest

from generator.model.grant import Grant
from generator.model.stack import Stack, StackStatus
from generator.operations.access import document_findings as module
from generator.operations.access.stack_access import StackAccess

KNOWN = {"SupportPorts": "3035,8080", "DatabaseEndpoint": "db.example", "DatabasePort": "5432"}
STACK = Stack(
    "s",
    "arn:aws:cloudformation:eu-west-1:1:stack/s/1",
    StackStatus("X"),
    outputs={"SessionLogGroupName": "log"},
    parameters=KNOWN,
)
ACCESS = StackAccess(STACK, Grant())
LOGGED = {"cloudWatchLogGroupName": "log", "cloudWatchStreamingEnabled": True, "cloudWatchEncryptionEnabled": True}
PORTS = {"portNumber": {"allowedPattern": "^(3035|8080)$"}}
PORT, DATABASE = {"portNumber": "{{ portNumber }}"}, {"portNumber": "5432", "host": "db.example"}
SHELL = {"sessionType": "Standard_Stream", "inputs": {**LOGGED, "runAsEnabled": False}}
PROFILE = {**SHELL, "inputs": {**LOGGED, "runAsEnabled": False, "shellProfile": {"linux": "sudo -i"}}}


@pytest.mark.parametrize(
    ("difference", "content", "words"),
    [
        (module._shell, SHELL, ""),
        (module._shell, {**SHELL, "sessionType": "InteractiveCommands"}, "not logged"),
        (module._shell, {**SHELL, "inputs": {**LOGGED, "cloudWatchLogGroupName": "x"}}, "not logged"),
        (module._shell, {**SHELL, "inputs": {**LOGGED, "runAsEnabled": True}}, "run as a user whom a tag names"),
        (module._shell, PROFILE, "begins with the commands sudo -i"),
        (module._shell, {}, "not logged"),
        (module._port, {"parameters": PORTS, "properties": PORT}, ""),
        (module._port, {"parameters": {}, "properties": PORT}, "reach the ports None"),
        (module._port, {"parameters": PORTS, "properties": {**PORT, "host": "{{ host }}"}}, "another host"),
        (module._port, {"parameters": PORTS, "properties": {"portNumber": "22"}}, "port 22"),
        (module._ssh, {"properties": {"portNumber": "22"}}, ""),
        (module._ssh, {"properties": {"portNumber": "22", "host": "10.0.0.9"}}, "10.0.0.9"),
        (module._database, {"properties": DATABASE}, ""),
        (module._database, {"properties": {**DATABASE, "host": "other"}}, "another host, other"),
        (module._database, {"properties": {"portNumber": "5432"}}, "the instance itself"),
        (module._database, {"properties": {**DATABASE, "portNumber": "22"}}, "port 22"),
    ],
)
def test_what_is_changed_is_said_and_nothing_else(
    difference: module.Difference, content: dict[str, object], words: str
) -> None:
    answer = difference(ACCESS, content)
    assert words in answer if words else answer == ""


@pytest.mark.parametrize("content", ["", "no json", "[]", "7"])
def test_what_is_no_document_is_not_as_the_stack_made_it(content: str) -> None:
    assert all(difference(ACCESS, module._parsed(content)) for difference in module.OF_SUPPORT.values())
