"""Who holds which policy in a resolved stack: walked by resource type, so that a policy added later is judged too."""

from __future__ import annotations

from dataclasses import dataclass

from tests.proof.resolve import Stack, Tree

PRINCIPAL_TYPES = ("AWS::IAM::User", "AWS::IAM::Role")
JUDGED = {
    "AWS::IAM::User",
    "AWS::IAM::Role",
    "AWS::IAM::Policy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::InstanceProfile",  # carries a role, no policy
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::KMS::Key",
    "AWS::Lambda::Permission",
}
# Further types that would carry a policy or widen one; the day the template has one, it has to be judged as well.
UNJUDGED = {
    "AWS::IAM::Group",
    "AWS::IAM::GroupPolicy",
    "AWS::IAM::UserPolicy",
    "AWS::IAM::UserToGroupAddition",
    "AWS::KMS::ReplicaKey",
    "AWS::Logs::ResourcePolicy",
    "AWS::SSM::ResourcePolicy",
    "AWS::S3::BucketPolicy",
    "AWS::EC2::VPCEndpoint",
}


class Unjudged(AssertionError):
    """A policy hangs on the stack that the proof does not know how to judge."""


@dataclass(frozen=True)
class Principal:
    """A user or role of the stack with everything that decides what it may do."""

    arn: str
    identity: tuple[Tree, ...]
    boundary: tuple[Tree, ...]
    trust: Tree


def principal(stack: Stack, logical_id: str) -> Principal:
    """The principal with all policies of the stack that reach it."""
    refuse_unjudged(stack)
    return Principal(
        arn=stack.arn(logical_id),
        identity=(*_inline(stack, logical_id), *_attached(stack, logical_id), *_managed(stack, logical_id)),
        boundary=_boundary(stack, logical_id),
        trust=stack.property(logical_id, "AssumeRolePolicyDocument"),
    )


def resource_policy(stack: Stack, logical_id: str) -> Tree:
    """The policy on a key, secret, role (its trust) or function; None where there is none."""
    kind = stack.resources[logical_id]
    if kind == "AWS::KMS::Key":
        return stack.property(logical_id, "KeyPolicy")
    if kind == "AWS::IAM::Role":
        return stack.property(logical_id, "AssumeRolePolicyDocument")
    if kind == "AWS::Lambda::Function":
        return _function_policy(stack, logical_id)
    found = [
        stack.property(name, "ResourcePolicy")
        for name in stack.of_type("AWS::SecretsManager::ResourcePolicy")
        if stack.property(name, "SecretId") == stack.arn(logical_id)
    ]
    assert len(found) <= 1, f"{logical_id} has two resource policies: the later one would replace the other"
    return found[0] if found else None


def _function_policy(stack: Stack, logical_id: str) -> Tree:
    """The policy Lambda writes from the permissions of a function."""
    statements = []
    for name in stack.of_type("AWS::Lambda::Permission"):
        if stack.property(name, "FunctionName") not in (stack.name(logical_id), stack.arn(logical_id)):
            continue
        caller = stack.property(name, "Principal")
        conditions = {
            operator: {key: value}
            for operator, key, given in (
                ("StringEquals", "aws:SourceAccount", "SourceAccount"),
                ("ArnLike", "aws:SourceArn", "SourceArn"),
            )
            if (value := stack.property(name, given)) is not None
        }
        statements.append(
            {
                "Sid": name,
                "Effect": "Allow",
                "Principal": {"Service" if "." in caller else "AWS": caller},
                "Action": stack.property(name, "Action"),
                "Resource": stack.arn(logical_id),
                "Condition": conditions,
            }
        )
    return {"Version": "2012-10-17", "Statement": statements} if statements else None


def policy_documents(stack: Stack) -> dict[str, Tree]:
    """Every policy document of the stack, by the name of the place it stands in."""
    found: dict[str, Tree] = {}
    for name in stack.of_type(*PRINCIPAL_TYPES):
        found |= {f"{name} {index}": document for index, document in enumerate(_inline(stack, name))}
        if trust := stack.property(name, "AssumeRolePolicyDocument"):
            found[f"{name} trust"] = trust
    for name in stack.of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
        found[name] = stack.property(name, "PolicyDocument")
    for name in stack.of_type("AWS::SecretsManager::ResourcePolicy"):
        found[name] = stack.property(name, "ResourcePolicy")
    for name in stack.of_type("AWS::KMS::Key"):
        found[name] = stack.property(name, "KeyPolicy")
    return found


def refuse_unjudged(stack: Stack) -> None:
    if strange := {name: kind for name, kind in stack.resources.items() if kind in UNJUDGED}:
        raise Unjudged(f"teach tests/proof to judge {strange}")


def _inline(stack: Stack, logical_id: str) -> list[Tree]:
    return [policy["PolicyDocument"] for policy in stack.property(logical_id, "Policies", [])]


def _attached(stack: Stack, logical_id: str) -> list[Tree]:
    """Documents of policy resources that name this principal."""
    kind = "Users" if stack.resources[logical_id] == "AWS::IAM::User" else "Roles"
    of_role = [
        stack.property(name, "PolicyDocument")
        for name in stack.of_type("AWS::IAM::RolePolicy")
        if kind == "Roles" and stack.property(name, "RoleName") == stack.name(logical_id)
    ]
    return of_role + [
        stack.property(name, "PolicyDocument")
        for name in stack.of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
        if stack.name(logical_id) in stack.property(name, kind, [])
    ]


def _managed(stack: Stack, logical_id: str) -> list[Tree]:
    return [_by_arn(stack, arn) for arn in stack.property(logical_id, "ManagedPolicyArns", [])]


def _boundary(stack: Stack, logical_id: str) -> tuple[Tree, ...]:
    arn = stack.property(logical_id, "PermissionsBoundary")
    return (_by_arn(stack, arn),) if arn else ()


def _by_arn(stack: Stack, arn: str) -> Tree:
    for name in stack.of_type("AWS::IAM::ManagedPolicy"):
        if stack.arn(name) == arn:
            return stack.property(name, "PolicyDocument")
    raise Unjudged(f"{arn} is not a policy of this stack: what it permits cannot be proven here")
