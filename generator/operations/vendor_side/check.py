"""vendor check: which of the three policies is missing, from what AWS answers to one read."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from generator.errors import AwsError, DeployerError, NotFound
from generator.gateway.aws import Gateway
from generator.gateway.resource_state_errors import RESOURCE_STATE
from generator.model.arn import Arn
from generator.model.resource_state import NO_KEY_IN_IT, NOT_WRITTEN
from generator.model.vendor import RequiredPolicy, SecretArn, VendorCheck
from generator.operations.access.key import DEAD_CODES
from generator.operations.access.secret_value import SecretKey, parse_secret

GONE = "It was deleted, or created again under another ARN: ask the customer for SupportSecretArn in deployer outputs."


def ask_whether_in(caller: str) -> str:
    """The next step where the key is dead: the customer's commands, with whom to let in again."""
    grant = f"deployer access grant --principal {Arn.parse(caller).principal_arn}"
    return (
        f"The customer has paused access (deployer access resume), revoked it ({grant}) or exchanged the key. "
        "Ask whether you have access: deployer access confirm"
    )


def identity_policy(secret: str, key_arn: str) -> str:
    """The command that prints the policy of our own side for that secret and its key, if that is known."""
    return shlex.join(["deployer", "vendor", "identity-policy", "--secret-id", secret, "--key-arn", key_arn or "ARN"])


def check(gateway: Gateway, secret: SecretArn, key_arn: str = "") -> VendorCheck:
    """Try to read the secret, and AWS with the key in it (one call); the value is dropped at once."""
    caller = gateway.sts.get_caller_arn()
    try:
        value = parse_secret(gateway.secretsmanager.get_secret_value(secret.text))
    except NotFound as error:
        return VendorCheck(secret.text, caller, False, (), error.message, GONE)
    except AwsError as error:
        if error.code == RESOURCE_STATE:
            return VendorCheck(secret.text, caller, False, (), error.message, for_the_customer(error.hint))
        ours = identity_policy(secret.text, key_arn)
        missing, hint = explained(error.message, _own_kms(gateway, caller, key_arn), ours)
        return VendorCheck(secret.text, caller, False, missing, error.message, hint)
    return _with_key(gateway, VendorCheck(secret.text, caller, True, (), "the secret was read"), value)


def _with_key(gateway: Gateway, read: VendorCheck, key: SecretKey | None) -> VendorCheck:
    """The same with what AWS says of the key in the secret: one that was deactivated or deleted opens nothing."""
    if key is None:
        answer = f"the secret was read, but its value is {NOT_WRITTEN}: {NO_KEY_IN_IT}"
        return replace(read, answer=answer, hint="Ask the customer for a new one: deployer access rotate", usable=False)
    try:
        gateway.sts_as(key.pair).get_caller_arn()
    except DeployerError as error:
        if isinstance(error, AwsError) and error.aws_code in DEAD_CODES:
            dead = f"the key {key.key_id} in it is dead: it is refused ({error.aws_code})"
            return replace(read, answer=f"{read.answer}, but {dead}", hint=ask_whether_in(read.caller), usable=False)
        return replace(read, answer=f"{read.answer}; whether its key works is not known: {error.message}")
    return replace(read, answer=f"{read.answer}, and the key {key.key_id} in it works", usable=True)


_PROFILE = re.compile(r""" --profile (?:'[^']*'|"[^"]*"|[^\s'")])+""")


def for_the_customer(hint: str) -> str:
    """What restores a key or a secret, which no policy does: the commands are the customer's to run. Pure."""
    theirs = _PROFILE.sub("", hint)  # support's own profile is nothing to the customer
    return "No policy is missing. " + "\n".join(f"Send this to the customer: {line}" for line in theirs.splitlines())


def explained(answer: str, own_kms: str, ours: str) -> tuple[tuple[RequiredPolicy, ...], str]:
    """The policies that AWS's words point at, and the next step. Pure.

    `ours` is the command that prints the policy of our own side; `own_kms` is what IAM's simulator says of our own
    kms:Decrypt: allowed, a denial, or empty when it was not asked.
    Source of the words: IAM user guide, "Troubleshoot access denied error messages".
    """
    if "default KMS service key" in answer:
        return (
            (RequiredPolicy.KEY,),
            "The secret is encrypted with AWS's own key. The customer changes it with: deployer upgrade",
        )
    if "KMS" in answer:
        if own_kms and own_kms != "allowed":
            return (RequiredPolicy.IDENTITY,), f"Attach the policy that this prints: {ours}"
        missing = (RequiredPolicy.KEY,) if own_kms else (RequiredPolicy.KEY, RequiredPolicy.IDENTITY)
        return missing, (
            "Ask the customer for deployer doctor, which says whether the key is disabled or pending deletion; if not, "
            f"to grant access again. Check kms:Decrypt in: {ours}"
        )
    if "no identity-based policy" in answer or "with an explicit deny in an identity" in answer:
        return (RequiredPolicy.IDENTITY,), f"Attach the policy that this prints: {ours}"
    if "no resource-based policy" in answer:
        return (
            RequiredPolicy.SECRET,
        ), "Ask the customer to run deployer access show, which shows who has access and until when."
    return (
        RequiredPolicy.SECRET,
        RequiredPolicy.IDENTITY,
    ), "Compare the caller's ARN with the one the customer granted."


def _own_kms(gateway: Gateway, caller: str, key_arn: str) -> str:
    """What IAM's simulator says of our own side; empty when there is no key to ask about, or we may not ask."""
    if not key_arn:
        return ""
    try:
        return gateway.iam.simulate(str(Arn.parse(caller).principal_arn), "kms:Decrypt", key_arn, ())
    except DeployerError:
        return ""
