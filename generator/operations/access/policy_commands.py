"""The commands of the `aws` CLI by which a person reads and edits the policies that decide about access. Pure."""

from __future__ import annotations

from generator.model.command_line import CommandLine
from generator.operations.access.stack_access import StackAccess

SECRET_POLICY, KEY_POLICY, TRUST = "secret-policy.json", "key-policy.json", "trust.json"


def secret_policy(access: StackAccess, commands: CommandLine) -> str:
    """Edit the secret's policy."""
    secret = ("--secret-id", access.secret_arn, "--resource-policy", f"file://{SECRET_POLICY}")
    return _edit(
        show_secret_policy(access, commands),
        SECRET_POLICY,
        commands.aws("secretsmanager", "put-resource-policy", *secret),
    )


def key_policy(access: StackAccess, commands: CommandLine) -> str:
    """Edit the key's policy."""
    key = ("--key-id", access.key_arn, "--policy-name", "default", "--policy", f"file://{KEY_POLICY}")
    return _edit(show_key_policy(access, commands), KEY_POLICY, commands.aws("kms", "put-key-policy", *key))


def trust(access: StackAccess, commands: CommandLine) -> str:
    """Edit the role's trust policy."""
    role = ("--role-name", access.support_role, "--policy-document", f"file://{TRUST}")
    return _edit(show_trust(access, commands), TRUST, commands.aws("iam", "update-assume-role-policy", *role))


def show_secret_policy(access: StackAccess, commands: CommandLine) -> str:
    """Print the secret's policy."""
    text = ("--query", "ResourcePolicy", "--output", "text")
    return commands.aws("secretsmanager", "get-resource-policy", "--secret-id", access.secret_arn, *text)


def show_key_policy(access: StackAccess, commands: CommandLine) -> str:
    """Print the key's policy."""
    words = ("--key-id", access.key_arn, "--policy-name", "default", "--query", "Policy", "--output", "text")
    return commands.aws("kms", "get-key-policy", *words)


def show_trust(access: StackAccess, commands: CommandLine) -> str:
    """Print the role's trust policy."""
    text = ("--query", "Role.AssumeRolePolicyDocument", "--output", "json")
    return commands.aws("iam", "get-role", "--role-name", access.support_role, *text)


def _edit(show: str, file: str, put: str) -> str:
    return f"{show} > {file}; edit it; {put}"
