"""The stack as the record of who may enter: its grant, and the names of what carries it out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from generator.errors import DeployerError, NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.model.command_line import CommandLine
from generator.model.contract import GRANT_PARAMETERS, NO_LEVEL, Output, Parameter
from generator.model.database import SUPPORT_DATABASE_USER
from generator.model.grant import Grant
from generator.model.stack import Stack


@dataclass(frozen=True)
class StackAccess:
    """What one stack says about access.

    `declared` are accounts and organizations that the customer says are its own, by their IDs; `undeclared` says why
    some that it named do not count.
    """

    stack: Stack
    grant: Grant
    declared: frozenset[str] = frozenset()
    undeclared: str = ""

    @property
    def own(self) -> frozenset[str]:
        """The accounts and organizations whose principals are the customer's: the stack's account among them."""
        return self.declared | {self.stack.account}

    @property
    def own_accounts(self) -> frozenset[str]:
        """The same without the organizations: somebody who has access is in none of these."""
        return frozenset(filter(str.isdecimal, self.own))

    def declaring(self, own: Iterable[str]) -> StackAccess:
        """The same with these accounts and organizations as the customer's own.

        Raises UsageError for the account of somebody who has access: that is the vendor's.
        """
        declared = frozenset(own)
        if vendors := declared & set(self.grant.accounts):
            raise UsageError(
                f"The account {min(vendors)} cannot be your own: the stack {self.stack.name} gives it access as the "
                "vendor's.",
                "Leave it out of --own, or of: deployer config get own",
                code="own",
            )
        return replace(self, declared=declared)

    @property
    def support_user(self) -> str:
        """Name of the support user; empty when the stack has none."""
        return self.stack.outputs.get(Output.SUPPORT_USER_NAME, "") or self._published_user

    @property
    def support_role(self) -> str:
        """Name of the support role; empty when the stack has none."""
        return self.role_arn.rpartition("/")[2]

    @property
    def role_arn(self) -> str:
        """ARN of the support role; empty when the stack has none."""
        return self.stack.outputs.get(Output.SUPPORT_ROLE_ARN, "")

    @property
    def user_arn(self) -> str:
        """ARN of the support user; empty when the stack has none."""
        user = self.support_user
        return str(self.stack.arn.in_iam(f"user/{user}")) if user else ""

    @property
    def holders(self) -> tuple[tuple[str, str], ...]:
        """The kinds of identity that support may have, each with its name; empty where the stack has none."""
        return ("user", self.support_user), ("role", self.support_role)

    @property
    def has_holder(self) -> bool:
        """Whether the stack has a support user or a support role."""
        return bool(self.support_user or self.support_role)

    @property
    def external_id(self) -> str:
        """What the vendor says to assume the role; empty when the stack has none."""
        return self.stack.outputs.get(Output.SUPPORT_ROLE_EXTERNAL_ID, "")

    @property
    def _published_user(self) -> str:
        """A stack of the vendor's published template has no such output, but a name that was given."""
        wanted = self.stack.parameters.get(Parameter.CREATE_SUPPORT_USER) == "Yes"
        return self.stack.parameters.get(Parameter.SUPPORT_USER_NAME, "") if wanted else ""

    @property
    def database_user(self) -> str:
        """Who support is in the stack's database (condition DatabaseAllowed); empty where it may not sign in."""
        known = self.stack.parameters
        level = known.get(Parameter.SUPPORT_DATABASE_LEVEL, NO_LEVEL)
        is_known = known.get(Parameter.DATABASE_ENDPOINT) and known.get(Parameter.DATABASE_RESOURCE_ID)
        return f"{SUPPORT_DATABASE_USER}_{level}" if is_known and level != NO_LEVEL else ""

    @property
    def database(self) -> str:
        """The same with where: deepsql-support_r at HOST:PORT."""
        known, user = self.stack.parameters, self.database_user
        at = f"{known.get(Parameter.DATABASE_ENDPOINT)}:{known.get(Parameter.DATABASE_PORT)}"
        return f"{user} at {at}" if user else ""

    @property
    def secret_arn(self) -> str:
        """ARN of the support secret; empty when the stack has none."""
        return self.stack.outputs.get(Output.SUPPORT_SECRET_ARN, "")

    @property
    def key_arn(self) -> str:
        """ARN of the stack's key; empty on a stack of the published template."""
        return self.stack.outputs.get(Output.STACK_KEY_ARN, "")

    @property
    def instance_id(self) -> str:
        """The instance."""
        return self.stack.outputs.get(Output.INSTANCE_ID, "")


def read_access(gateway: Gateway) -> StackAccess:
    """Describe the stack (one call). Raises StackNotFound."""
    return access_of(gateway.cloudformation.describe_stack(gateway.deployment.stack_name))


def access_of(stack: Stack) -> StackAccess:
    """The record a described stack holds."""
    return StackAccess(stack, Grant.of(stack.parameters))


def require_grantable(access: StackAccess, commands: CommandLine, via: str | None = None) -> None:
    """Raise a DeployerError unless the stack's template knows grants and it has the way in that is wanted."""
    stack = access.stack
    if any(key not in stack.parameters for key in GRANT_PARAMETERS):
        raise DeployerError(
            f"The stack {stack.name} was created from a template that has no grants.",
            f"Upgrade it first; its instance is not touched: {commands.deployer('upgrade')}",
            code="template-too-old",
        )
    user = stack.parameters.get(Parameter.CREATE_SUPPORT_USER) == "Yes"
    role = stack.parameters.get(Parameter.CREATE_SUPPORT_ROLE) == "Yes"
    if via == "role" and not role:
        raise NotFound(
            f"The stack {stack.name} has no support role.",
            f"Create it first: {commands.deployer('up', '--support-role=yes')}",
            code="no-support-role",
        )
    if not user and not (role and via != "secret"):
        raise NotFound(
            f"The stack {stack.name} has no support user, so there is no secret to share.",
            f"Create one first: {commands.deployer('up', '--support-user=yes')}",
            code="no-support-user",
        )


def require_secret(access: StackAccess, commands: CommandLine) -> str:
    """The support secret's ARN. Raises NotFound when the stack has none."""
    if not access.secret_arn:
        raise NotFound(
            f"The stack {access.stack.name} has no support secret.",
            f"Create the support user first: {commands.deployer('up', '--support-user=yes')}",
            code="no-support-user",
        )
    return access.secret_arn
