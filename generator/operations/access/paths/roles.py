"""Other roles of the account that let somebody in who is not the customer's own, or the support user or role.

A revocation says that somebody is out who may have been let in long ago, under a name that nothing records any more. So
everybody from outside counts, whoever it is (decision record 38).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from generator.gateway.aws import Gateway
from generator.model.access import AccountRole
from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.model.contract import Parameter
from generator.model.policy import PolicyPrincipal, PolicyStatement, PrincipalType, account_of
from generator.model.principal import Principal
from generator.model.reach import reaches, reaching
from generator.model.reading import Reading
from generator.operations.access.live_policies import NO_ROLE
from generator.operations.access.outsiders import admitted, is_outside
from generator.operations.access.own_accounts import revoked_accounts
from generator.operations.access.readings import absent, read
from generator.operations.access.stack_access import StackAccess

ASSUMING = ("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML")
BY_AWS = frozenset({PrincipalType.SERVICE, PrincipalType.FEDERATED})
"""Whom no grant can name: AWS's services, and the people of an identity provider, if it is not another account's."""
ANYWHERE = "rolesanywhere."


def every_role(gateway: Gateway) -> Reading[Sequence[AccountRole]]:
    """The account's roles, in one call."""
    return read(SEEN, gateway.iam.list_account_roles)


def roles(
    gateway: Gateway,
    access: StackAccess,
    resources: Reading[Mapping[str, str]],
    listed: Reading[Sequence[AccountRole]],
) -> PathReading:
    """A path for each other role and each principal it lets in (one call to the log, if there are any).

    `resources` are the stack's, their physical IDs by logical ID; `listed` are the account's roles.
    """
    if listed.value is None:
        return listed.unanswered()
    every = listed.value

    @cache
    def vendors() -> frozenset[str]:
        return revoked_accounts(gateway, resources).value or frozenset()

    def paths() -> tuple[AccessPath, ...]:
        opening = reaching(every, _resources(access))
        others = (role for role in every if role.arn != access.role_arn)
        pairs = ((role, path) for role in others for path in _paths(gateway, access, role, opening, vendors))
        own = frozenset((resources.value or {}).values())
        return tuple(_of_the_stack(gateway, path) if role.name in own and path.opens else path for role, path in pairs)

    return read(SEEN, paths)


SEEN = "iam:GetAccountAuthorizationDetails"


def known(access: StackAccess) -> tuple[Principal, ...]:
    """The principals of the grant, and the support user and role."""
    own = (Principal.from_pattern(arn) for arn in (access.user_arn, access.role_arn) if arn)
    return (*access.grant.principals, *own)


def _paths(
    gateway: Gateway,
    access: StackAccess,
    role: AccountRole,
    opening: frozenset[str],
    vendors: Callable[[], frozenset[str]],
) -> Iterator[AccessPath]:
    """Of those whom the stack knows, whatever the role may; of others from outside, if it reaches the stack."""
    opens = role.boundary is None or reaches(role.boundary, {*_resources(access), *opening})
    named = {principal.arn for principal in known(access)}
    for principal in known(access):
        trusts = [s.name for s in role.trust.statements if lets_in(s, principal, access)]
        if trusts or role.trust.problems:
            detail = f"trusts {principal.arn}: {', '.join([*trusts, *role.trust.problems])}"
            yield _path(gateway, role, principal.pattern, opens=opens, detail=detail)
    if not opens or (role.policies and role.arn not in opening):
        return
    may = "reaches this stack" if role.policies else "has no policy now, so nothing shows what it is for"
    for who, trusts in strangers(role, access).items():
        if who not in named:
            detail, yours = f"trusts {who}: {', '.join(trusts)}; {may}", if_yours(access, who, vendors)
            yield _path(gateway, role, who, detail=detail, yours=yours)
    if role.policies and (providers := _providers(role, access)):
        detail = f"trusts the people of {', '.join(providers)}, whom no grant can name; {may}"
        yield AccessPath(PathKind.ROLE, role.name, providers[0], SEEN, "", role.created, opens=False, detail=detail)


def _providers(role: AccountRole, access: StackAccess) -> list[str]:
    """The identity providers, of no other account, whose people may assume the role; and IAM Roles Anywhere."""
    admitting = (p for s in role.trust.statements if _assumes(s) for p in s.principals)
    providers = {p for p in admitting if p.type is PrincipalType.FEDERATED or p.value.startswith(ANYWHERE)}
    return sorted({p.value for p in providers if not _of_another_account(p, access)})


def if_yours(access: StackAccess, who: str, vendors: Callable[[], frozenset[str]]) -> str:
    """How to say that an account is the customer's own; "" for one that it cannot be. `vendors` are such accounts."""
    account = account_of(who)
    is_other = account.isdecimal() and account not in access.own | set(access.grant.accounts)
    return f"if account {account} is your own, add --own {account}; " if is_other and account not in vendors() else ""


def _path(
    gateway: Gateway, role: AccountRole, who: str, *, opens: bool = True, detail: str, yours: str = ""
) -> AccessPath:
    if not opens:
        detail += "; its permissions boundary permits nothing of this stack"
    remove = (
        f"{_taken_out(role.name, who)}, or delete that role; {yours}"
        f"if it is another stack's, revoke access there: {_look(gateway, role.name)}"
    )
    return AccessPath(PathKind.ROLE, role.name, who, SEEN, remove, role.created, opens=opens, detail=detail)


def _of_the_stack(gateway: Gateway, path: AccessPath) -> AccessPath:
    """The same for a role that the stack cannot do without: nobody is told to delete it."""
    remove = f"{_taken_out(path.name, path.who)}; the role itself is the stack's: {_look(gateway, path.name)}"
    return replace(path, remove=remove)


def _taken_out(role: str, who: str) -> str:
    return (
        f"Take {who} out of the trust policy of {role} and refuse the credentials taken by it, which go on for up "
        "to 12 hours (IAM console: the role's Revoke sessions)"
    )


def _look(gateway: Gateway, role: str) -> str:
    return gateway.commands.aws("iam", "get-role", "--role-name", role, "--query", "Role.AssumeRolePolicyDocument")


def strangers(role: AccountRole, access: StackAccess) -> dict[str, list[str]]:
    """Who from outside may assume the role, by the statements that say so; a trust not understood is somebody too."""
    who: dict[str, list[str]] = {}
    for statement in role.trust.statements:
        if _assumes(statement) and not statement.limited_to(access.own):
            for principal in admitted(statement):
                if (principal.type not in BY_AWS and is_outside(principal, access)) or _of_another_account(
                    principal, access
                ):
                    who.setdefault(principal.value, []).append(statement.name)
    if role.trust.problems:
        who["somebody whom its trust policy does not name clearly"] = list(role.trust.problems)
    return who


def _of_another_account(principal: PolicyPrincipal, access: StackAccess) -> bool:
    """Whether it is an identity provider that another account has, so that its people are that account's."""
    account = account_of(principal.value) if principal.type is PrincipalType.FEDERATED else ""
    return account.isdecimal() and account not in access.own


def _resources(access: StackAccess) -> tuple[str, ...]:
    """The ARNs of what opens the stack to whoever may use it."""
    place = access.stack.arn
    own = [place, place.beside("ec2", f"instance/{access.instance_id}")]
    database = access.stack.parameters.get(Parameter.DATABASE_RESOURCE_ID, "")
    own += [place.beside("rds-db", f"dbuser:{database}/{access.database_user}")] if database else []
    named = (access.secret_arn, access.key_arn, access.user_arn, access.role_arn)
    return (*map(str, own), *filter(None, named))


def lets_in(statement: PolicyStatement, principal: Principal, access: StackAccess) -> bool:
    """Whether the statement may let the principal assume a role of the account.

    A condition that is not read counts as met; one that holds it to the customer's own accounts admits nobody from
    another. A principal of the account itself has to be named: trust in its own account alone, or in everybody of the
    customer's, admits nobody whose own policies do not permit it (IAM user guide, "Policy evaluation logic").
    """
    if not _assumes(statement):
        return False
    if principal.account not in access.own and statement.limited_to(access.own_accounts):
        return False
    if principal.account == access.stack.account and statement.limited_to(access.own):
        return any(_is(who, principal, access) for who in admitted(statement) if who.value != "*")
    return any(_is(who, principal, access) for who in admitted(statement))


def _assumes(statement: PolicyStatement) -> bool:
    return any(statement.permits(action) for action in ASSUMING)


def _is(who: PolicyPrincipal, principal: Principal, access: StackAccess) -> bool:
    account = access.stack.account
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
