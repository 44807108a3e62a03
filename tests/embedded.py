"""Whole commands against the embedded AWS over HTTP, in this process: what the directories that do so share.

Nothing here changes the environment for longer than a `with`: other tests run in the same process.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from generator.gateway.aws import Gateway
from generator.model.deployment import Deployment
from generator.operations import polling, sandbox
from generator.operations.access import key, lockdown
from generator.template.yaml_document import parse, text_of

PLACE = ("--vpc-id", "vpc-00000001", "--subnet-id", "subnet-00000002", "--admin-email", "admin@example.com")
VENDOR_ROLE = "arn:aws:iam::444455556666:role/deepsql-support"


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        return json.loads(self.out)["result"]

    @property
    def error(self) -> Any:
        return json.loads(self.out)["error"]


def run(*argv: str) -> Outcome:
    """One command line, from its words to its output."""
    from generator.cli.main import main  # here, since the tests of verbs (tests/verbs) run without the command line

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(argv)
    return Outcome(code, out.getvalue(), err.getvalue())


class Deployer:
    """The command line, typed against one stack. `always` are words that end every command."""

    def __init__(self, stack_name: str, *always: str) -> None:
        self.stack_name = stack_name
        self._always = always

    def __call__(self, *argv: str) -> Outcome:
        return run(*argv, "--stack-name", self.stack_name, *self._always)

    def up(self, *argv: str) -> Outcome:
        return self("up", *argv, "--yes")

    def upgrade(self, *argv: str) -> Outcome:
        return self("upgrade", *argv, "--yes")

    def create(self, *argv: str) -> Outcome:
        made = self.up(*PLACE, *argv)
        assert made.code == 0, made.err
        return made

    def update_outside(self, template: dict[str, Any] | None = None, **parameters: str) -> None:
        """Change the stack as the console does, and wait; what is not named keeps its value, the template too."""
        client = self.gateway.client("cloudformation")
        known = client.describe_stacks(StackName=self.stack_name)["Stacks"][0]["Parameters"]
        previous = [{"ParameterKey": p["ParameterKey"], "UsePreviousValue": True} for p in known]
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        body = {"TemplateBody": text_of(parse(json.dumps(template)))} if template else {}
        try:
            client.update_stack(
                StackName=self.stack_name,
                **(body or {"UsePreviousTemplate": True}),
                Capabilities=["CAPABILITY_NAMED_IAM"],
                Parameters=[p for p in previous if p["ParameterKey"] not in parameters] + given,
            )
        except client.exceptions.ClientError as error:
            if "No updates" not in str(error):
                raise
        client.get_waiter("stack_update_complete").wait(StackName=self.stack_name, WaiterConfig={"Delay": 1})

    @property
    def gateway(self) -> Gateway:
        return Gateway(Deployment(stack_name=self.stack_name))

    @property
    def outputs(self) -> dict[str, str]:
        return dict(self.gateway.cloudformation.describe_stack(self.stack_name).outputs)

    def physical_ids(self) -> dict[str, str]:
        return {r.logical_id: r.physical_id for r in self.gateway.cloudformation.list_stack_resources(self.stack_name)}


@contextlib.contextmanager
def running_sandbox(home: Path, search_path: str = "") -> Iterator[dict[str, str]]:
    """A sandbox that does not wait between its steps, and the variables that lead to it.

    `search_path` is the PATH where it looks for an SSH server, in place of this process's.
    """
    own = {"DEPLOYER_SANDBOX_HOME": str(home), "DEPLOYER_SANDBOX_STEP": "0"}
    with environment({**own, "PATH": search_path or os.environ["PATH"]}):
        sandbox.start()
        leads = {**own, **sandbox.environment()}
    try:
        yield leads
    finally:
        with environment(own):
            sandbox.stop()


@contextlib.contextmanager
def environment(leads: Mapping[str, str]) -> Iterator[None]:
    """Every AWS client made meanwhile leads where these variables say; polling does not wait."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in leads.items():
            patch.setenv(name, value)
        patch.setattr(polling, "waits", lambda first=(): itertools.repeat(0.05))
        for module, limit in ((key, "KNOWN_SECONDS"), (lockdown, "SESSION_SECONDS")):
            patch.setattr(module, limit, 1.0)  # nothing is late here: what does not come at once never comes
        yield
