"""A customer's account as third clients see it: boto3 and the aws CLI make its states and look for the ways in."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests.sandbox_keys import control
from tests.template.values import values_of

Probe = Callable[[], bool]
VENDOR = "444455556666"
VENDOR_ROLE = f"arn:aws:iam::{VENDOR}:role/deepsql-support"
OTHER_ROLE = f"arn:aws:iam::{VENDOR}:role/another-team"
VENDOR_ROOT = f"arn:aws:iam::{VENDOR}:root"
THIRD_ROOT = "arn:aws:iam::777788889999:root"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
OPERATOR = "operator"
BY_HAND = "ByHand"
AWS = Path(sys.executable).with_name("aws")


class Clients:
    """boto3 clients of one caller, each made once."""

    def __init__(self, **session: str) -> None:
        self._session = boto3.Session(**session)
        self._made: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        if service not in self._made:
            self._made[service] = self._session.client(service)
        return self._made[service]


@cache
def clients(endpoint: str, profile: str = "", key_id: str = "", secret: str = "", token: str = "") -> Clients:
    """The clients of a profile of the sandbox, of an access key, or of the account's root; one set for each caller."""
    if profile:
        return Clients(profile_name=profile)
    keys = {"aws_access_key_id": key_id, "aws_secret_access_key": secret, "aws_session_token": token}
    return Clients(**{name: value for name, value in keys.items() if value})


class Account:
    """One stack in the customer's account; what is made of it, and what a verdict about it has to name.

    `facts` fill the placeholders of a world's expectation; `ways` are ways in that work now, each with its probe;
    `customers` are things that must go on whatever the command does; `caller` are the credentials the command uses.
    """

    def __init__(self, stack_name: str) -> None:
        self.stack_name = stack_name
        self.endpoint = os.environ["AWS_ENDPOINT_URL"]
        self.mine = clients(self.endpoint)
        self.facts: dict[str, str] = {}
        self.ways: dict[str, Probe] = {}
        self.customers: dict[str, Probe] = {}
        self.caller: dict[str, str] = {}
        self._meanwhile: dict[str, Callable[[], object]] = {}

    # What the stack says

    @cached_property
    def outputs(self) -> dict[str, str]:
        stack = self.mine.cloudformation.describe_stacks(StackName=self.stack_name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @property
    def user(self) -> str:
        return self.outputs["SupportUserName"]

    @property
    def role(self) -> str:
        return self.outputs["SupportRoleArn"].rpartition("/")[2]

    @property
    def secret(self) -> str:
        return self.outputs["SupportSecretArn"]

    @property
    def key(self) -> str:
        return self.outputs["StackKeyArn"]

    @property
    def instance(self) -> str:
        return self.outputs["InstanceId"]

    # Callers

    def profile(self, name: str) -> Clients:
        """A profile of the sandbox: the vendor's account (`vendor-account`), or its role `vendor` or `stranger`."""
        return clients(self.endpoint, profile=name)

    def holder(self, pair: Mapping[str, str]) -> Clients:
        """Whoever holds these credentials (AccessKeyId, SecretAccessKey, SessionToken)."""
        token = pair.get("SessionToken", "")
        return clients(self.endpoint, key_id=pair["AccessKeyId"], secret=pair["SecretAccessKey"], token=token)

    def secret_value(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(
            self.mine.secretsmanager.get_secret_value(SecretId=self.secret)["SecretString"]
        )
        return found

    def support(self) -> Clients:
        """Whoever holds the key in the secret."""
        return self.holder(self.secret_value())

    def as_role(self, profile: str = "vendor") -> Clients:
        """A session of the support role, begun by a profile of the vendor's account."""
        return self.holder(self._assumed(profile))

    def _assumed(self, profile: str) -> dict[str, str]:
        asked = {"RoleArn": self.outputs["SupportRoleArn"], "ExternalId": self.outputs["SupportRoleExternalId"]}
        found: dict[str, str] = self.profile(profile).sts.assume_role(RoleSessionName="them", **asked)["Credentials"]
        return found

    def operator_lacks(self, *actions: str, tried: Callable[[Clients], object] | None = None) -> None:
        """From now on the command is run by somebody who may do everything but this; `tried` is such a call."""
        deny = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
        self.mine.iam.put_user_policy(UserName=OPERATOR, PolicyName="lacks", PolicyDocument=document(deny))
        pair = self.mine.iam.create_access_key(UserName=OPERATOR)["AccessKey"]
        self.caller = {"AWS_ACCESS_KEY_ID": pair["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": pair["SecretAccessKey"]}
        assert works(lambda: self.holder(pair).sts.get_caller_identity())
        assert tried is None or not works(lambda: tried(self.holder(pair))), f"the operator may do {actions}"

    def meanwhile(self, operation: str, act: Callable[[], object]) -> None:
        """Somebody does this while the command runs: once, after its first call of that operation."""
        self._meanwhile[operation] = act

    @contextlib.contextmanager
    def interfering(self) -> Iterator[None]:
        """What others do meanwhile happens now. Fails when the command never came to such a call."""
        call = BaseClient._make_api_call

        def called(client: Any, operation: str, parameters: Any) -> Any:
            answer = call(client, operation, parameters)
            if act := self._meanwhile.pop(operation, None):
                act()
            return answer

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(BaseClient, "_make_api_call", called)
            yield
        assert not self._meanwhile, f"nobody called {', '.join(self._meanwhile)}"

    # Ways in

    def way_in(self, name: str, probe: Probe) -> None:
        """A way in that works now: who calls it closed must have closed it."""
        assert probe(), f"{name} does not work, so this world shows nothing"
        self.ways[name] = probe

    def goes_on(self, name: str, probe: Probe) -> None:
        """Something of the customer's that no command may end."""
        assert probe(), name
        self.customers[name] = probe

    def reads_secret(self, profile: str) -> bool:
        """Whether this profile gets the secret's value."""
        return works(lambda: self.profile(profile).secretsmanager.get_secret_value(SecretId=self.secret))

    def assumes(self, profile: str) -> bool:
        """Whether this profile becomes the support role."""
        return works(lambda: self._assumed(profile))

    def decrypts(self, profile: str) -> bool:
        """Whether this profile may use the key (a ciphertext of the account's own root)."""
        blob = self.mine.kms.encrypt(KeyId=self.key, Plaintext=b"x")["CiphertextBlob"]
        return works(lambda: self.profile(profile).kms.decrypt(KeyId=self.key, CiphertextBlob=blob))

    def signs(self, pair: Mapping[str, str]) -> bool:
        """Whether AWS takes these credentials."""
        return works(lambda: self.holder(pair).sts.get_caller_identity())

    def opens(self, caller: Clients, document_name: str = "") -> str:
        """Open a session on the instance; its id."""
        shell = document_name or self.outputs["ShellDocumentName"]
        return str(caller.ssm.start_session(Target=self.instance, DocumentName=shell)["SessionId"])

    def engineers_document(self) -> str:
        """A shell's document by the name that `engineers up` gives it; its name."""
        name = "deepsql-engineers-shell"
        inputs = {"s3EncryptionEnabled": True, "cloudWatchEncryptionEnabled": False, "runAsEnabled": False}
        content = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs}
        self.mine.ssm.create_document(Name=name, Content=json.dumps(content), DocumentType="Session")
        return name

    def is_open(self, session_id: str) -> bool:
        """Whether Session Manager lists it as active."""
        return session_id in {s["SessionId"] for s in self.mine.ssm.describe_sessions(State="Active")["Sessions"]}

    def user_may(self, action: str, resource: str = "*") -> bool:
        """What IAM's simulator says of the support user."""
        arn = self.mine.iam.get_user(UserName=self.user)["User"]["Arn"]
        asked = {"PolicySourceArn": arn, "ActionNames": [action], "ResourceArns": [resource]}
        answer = self.mine.iam.simulate_principal_policy(**asked)["EvaluationResults"]
        return bool(answer[0]["EvalDecision"] == "allowed")

    # States

    def add_to_secret_policy(self, *statements: Mapping[str, object]) -> None:
        """Put statements beside those of the secret's policy."""
        self.put_secret_policy([*(self.secret_statements() or []), *statements])
        self._stands("the secret's policy", self.secret_statements)

    def put_secret_policy(self, statements: object) -> None:
        """Make this the Statement of the secret's policy."""
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.mine.secretsmanager.put_resource_policy(SecretId=self.secret, ResourcePolicy=policy)

    def secret_statements(self) -> Any:
        """The Statement of the secret's policy; None without a policy."""
        found = self.mine.secretsmanager.get_resource_policy(SecretId=self.secret).get("ResourcePolicy")
        return json.loads(found)["Statement"] if found else None

    def key_statements(self) -> Any:
        """The Statement of the key's policy."""
        return json.loads(self.mine.kms.get_key_policy(KeyId=self.key, PolicyName="default")["Policy"])["Statement"]

    def trust_statements(self) -> Any:
        """The Statement of the support role's trust policy."""
        return self.mine.iam.get_role(RoleName=self.role)["Role"]["AssumeRolePolicyDocument"]["Statement"]

    def add_to_key_policy(self, *statements: Mapping[str, object]) -> None:
        """Put statements beside those of the key's policy."""
        policy = json.dumps({"Version": "2012-10-17", "Statement": [*self.key_statements(), *statements]})
        self.mine.kms.put_key_policy(KeyId=self.key, PolicyName="default", Policy=policy)
        self._stands("the key's policy", self.key_statements)

    def add_to_trust(self, *statements: Mapping[str, object]) -> None:
        """Put statements beside those of the support role's trust policy."""
        policy = json.dumps({"Version": "2012-10-17", "Statement": [*self.trust_statements(), *statements]})
        self.mine.iam.update_assume_role_policy(RoleName=self.role, PolicyDocument=policy)
        self._stands("the role's trust", self.trust_statements)

    def _stands(self, where: str, statements: Callable[[], Any]) -> None:
        """A statement that lets somebody in by hand is a way in as long as it stands."""
        if BY_HAND in json.dumps(statements()):
            self.way_in(f"the statement in {where}", lambda: BY_HAND in json.dumps(statements()))

    def template(self) -> dict[str, Any]:
        """The stack's template as JSON."""
        found = self.mine.cloudformation.get_template(StackName=self.stack_name)["TemplateBody"]
        return copy.deepcopy(found if isinstance(found, dict) else _parsed(found))

    def stack_now(self) -> tuple[object, ...]:
        """What tells whether anything was done to the stack: when, its resources, and change sets that wait."""
        name = {"StackName": self.stack_name}
        stack = self.mine.cloudformation.describe_stacks(**name)["Stacks"][0]
        resources = self.mine.cloudformation.describe_stack_resources(**name)["StackResources"]
        waiting = self.mine.cloudformation.list_change_sets(**name)["Summaries"]
        return stack.get("LastUpdatedTime"), [r["PhysicalResourceId"] for r in resources], len(waiting)

    def lift_stack_policy(self) -> None:
        """Allow every update, as whoever changes the stack's template by hand can."""
        everything = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
        body = json.dumps({"Statement": [everything]})
        self.mine.cloudformation.set_stack_policy(StackName=self.stack_name, StackPolicyBody=body)

    def update_stack(
        self, values: Mapping[str, str], template: Mapping[str, Any] | None = None, ends: str = "UPDATE_COMPLETE"
    ) -> None:
        """Update the stack until it `ends`: these parameters, all others as they were; another template or its own."""
        known = self.mine.cloudformation.describe_stacks(StackName=self.stack_name)["Stacks"][0]["Parameters"]
        parameters = [
            {"ParameterKey": key, "ParameterValue": values[key]}
            if key in values
            else {"ParameterKey": key, "UsePreviousValue": True}
            for key in (parameter["ParameterKey"] for parameter in known)
        ]
        asked = {"StackName": self.stack_name, "Parameters": parameters, "Capabilities": ["CAPABILITY_NAMED_IAM"]}
        asked |= {"TemplateBody": _small(template)} if template else {"UsePreviousTemplate": True}
        self.mine.cloudformation.update_stack(**asked)
        while (status := self._status()).endswith("IN_PROGRESS"):
            time.sleep(0.02)
        assert status == ends

    def _status(self) -> str:
        return str(self.mine.cloudformation.describe_stacks(StackName=self.stack_name)["Stacks"][0]["StackStatus"])

    def gives_up(self, logical_id: str, action: str) -> None:
        """The next time CloudFormation does this to that resource, AWS refuses it."""
        control("POST", "fail", {"logicalId": logical_id, "action": action})

    def aws(self, *words: str) -> str:
        """Run the aws CLI; its output."""
        assert AWS.exists()
        ran = subprocess.run([AWS, *words], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


@cache
def _parsed(template: str) -> dict[str, Any]:
    """YAML with CloudFormation's tags, parsed once: it takes a second."""
    parsed: dict[str, Any] = values_of(template)
    return parsed


def _small(template: Mapping[str, Any]) -> str:
    """JSON short enough for a call (51,200 bytes): without what only the console shows."""
    shown = {name: value for name, value in template.items() if name not in ("Metadata", "Description")}
    for section in ("Parameters", "Outputs"):
        entries = {name: dict(entry) for name, entry in shown.get(section, {}).items()}
        for entry in entries.values():
            entry.pop("Description", None)
        shown |= {section: entries} if entries else {}
    return json.dumps(shown, separators=(",", ":"), ensure_ascii=False)


def works(call: Callable[[], object]) -> bool:
    """Whether AWS answers; a refusal is a no."""
    try:
        call()
    except ClientError:
        return False
    return True


def allow(principal: object, actions: object, **more: object) -> dict[str, object]:
    """A statement of a resource policy, put there by hand."""
    return {"Sid": BY_HAND, "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*", **more}


def trust(principal: object, **more: object) -> dict[str, object]:
    """A statement of a trust policy, put there by hand."""
    return {"Sid": BY_HAND, "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}


def document(*statements: Mapping[str, object]) -> str:
    """An identity policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def permission(actions: str | Iterable[str], **more: object) -> dict[str, object]:
    """A statement of an identity policy that allows actions on everything."""
    listed = actions if isinstance(actions, str) else list(actions)
    return {"Effect": "Allow", "Action": listed, "Resource": "*", **more}
