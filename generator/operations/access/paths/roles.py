"""Other roles of the account: whose trust lets a principal of the grant in, or the support user or role."""

from __future__ import annotations

from collections.abc import Iterator

from generator.gateway.aws import Gateway
from generator.model.access import RoleTrust
from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.model.contract import Parameter
from generator.model.policy import PolicyPrincipal, PolicyStatement, PrincipalType
from generator.model.principal import Principal
from generator.model.reach import reaches
from generator.operations.access.live_policies import NO_ROLE
from generator.operations.access.outsiders import admitted
from generator.operations.access.readings import absent, read
from generator.operations.access.stack_access import StackAccess

ASSUMING = ("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML")


def roles(gateway: Gateway, access: StackAccess) -> PathReading:
    """A path for each other role and each principal it lets in. Absent where nobody is known who could come in."""
    asked = "iam:GetAccountAuthorizationDetails"
    if not known(access):
        return absent(asked, "the stack names nobody, and has neither a support user nor a support role")

    def paths() -> tuple[AccessPath, ...]:
        others = (role for role in gateway.iam.list_role_trusts() if role.arn != access.role_arn)
        return tuple(path for role in others for path in _paths(gateway, access, role, asked))

    return read(asked, paths)


def known(access: StackAccess) -> tuple[Principal, ...]:
    """The principals of the grant, and the support user and role."""
    own = (Principal.from_pattern(arn) for arn in (access.user_arn, access.role_arn) if arn)
    return (*access.grant.principals, *own)


def _paths(gateway: Gateway, access: StackAccess, role: RoleTrust, seen: str) -> Iterator[AccessPath]:
    look = gateway.commands.aws("iam", "get-role", "--role-name", role.name, "--query", "Role.AssumeRolePolicyDocument")
    for principal in known(access):
        names = [s.name for s in role.trust.statements if lets_in(s, principal, access.stack.account)]
        names += role.trust.problems
        if names:
            detail = f"trusts {principal.arn}: {', '.join(names)}"
            opens = role.boundary is None or reaches(role.boundary, _resources(access))
            if not opens:
                detail += "; its permissions boundary permits nothing of this stack"
            remove = (
                f"Take it out of the trust policy of {role.name}, or delete that role; if it is another stack's, "
                f"revoke access there: {look}"
            )
            yield AccessPath(
                PathKind.ROLE, role.name, principal.pattern, seen, remove, role.created, opens=opens, detail=detail
            )


def _resources(access: StackAccess) -> tuple[str, ...]:
    """The ARNs of what opens the stack to whoever may use it."""
    place = access.stack.arn
    own = [place.beside("ec2", f"instance/{access.instance_id}")]
    database = access.stack.parameters.get(Parameter.DATABASE_RESOURCE_ID, "")
    own += [place.beside("rds-db", f"dbuser:{database}/{access.database_user}")] if database else []
    named = (access.secret_arn, access.key_arn, access.user_arn, access.role_arn)
    return (*map(str, own), *filter(None, named))


def lets_in(statement: PolicyStatement, principal: Principal, account: str) -> bool:
    """Whether the statement may let the principal assume a role of `account`.

    A condition that is not read counts as met. A principal of the account itself has to be named: trust in its own
    account alone admits nobody whose own policies do not permit it (IAM user guide, "Policy evaluation logic").
    """
    assumes = any(statement.permits(action) for action in ASSUMING)
    return assumes and any(_is(who, principal, account) for who in admitted(statement))


def _is(who: PolicyPrincipal, principal: Principal, account: str) -> bool:
    if who.type is PrincipalType.UNKNOWN or who.value == "*":
        return True
    if who.type is not PrincipalType.AWS:
        return False
    named = Principal.from_pattern(who.value)
    if not named.account:
        return who.value == principal.account != account
    if principal.account == account and not named.name:
        return False
    return named.covers(principal) or principal.covers(named)


def instance_profiles(gateway: Gateway, access: StackAccess) -> PathReading:
    """The instance profiles with the support role: whoever is on such an instance has the role's permissions."""
    asked, role = "iam:ListInstanceProfilesForRole", access.support_role
    if not role:
        return absent(asked, NO_ROLE)

    def path(profile: str) -> AccessPath:
        words = ("--instance-profile-name", profile, "--role-name", role)
        remove = gateway.commands.aws("iam", "remove-role-from-instance-profile", *words)
        return AccessPath(PathKind.INSTANCE_PROFILE, profile, role, asked, remove)

    return read(asked, lambda: tuple(path(p) for p in gateway.iam.list_instance_profiles_for_role(role)))
