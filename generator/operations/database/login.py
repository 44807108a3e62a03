"""The caller's user in a database, whether IAM allows it, and an authentication token for it."""

from __future__ import annotations

from generator.errors import AwsError, DeployerError, NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.model.arn import Arn
from generator.model.database import SUPPORT_DATABASE_USER, AccessLevel, Database, Engine, Login, Permission
from generator.operations.database.request import DatabaseRequest
from generator.operations.database.user_names import identity_of, level_of, user_name


def login_for(gateway: Gateway, database: Database, request: DatabaseRequest) -> Login:
    """The caller's user of the requested access level, with a new token.

    Raises DeployerError (`iam-refused`) when IAM is known to refuse, NotFound without IAM authentication, UsageError.
    """
    if not database.iam_enabled:
        kind = "cluster" if database.is_cluster else "instance"
        raise NotFound(
            f"{database.name} does not accept IAM tokens: IAM database authentication is off.",
            f"Enable it: aws rds modify-db-{kind} --db-{kind}-identifier {database.name} "
            "--enable-iam-database-authentication --apply-immediately",
            code="iam-authentication-off",
        )
    named = request.user or request.support
    caller = gateway.sts.get_caller_arn() if not named or database.resource_id else ""
    user = user_of(request, request.level, database.engine, caller)
    if may_connect(gateway, database, user, caller) is False:
        raise DeployerError(
            f"The credentials in use ({caller}) may not do rds-db:connect on {database.user_arn(user)}.",
            "Use an access level that they allow (deployer db whoami shows which), or ask for the policy that "
            "deployer db policy prints.",
            code="iam-refused",
        )
    return Login(database, user, level_of(user), sign(gateway, database, user))


def user_of(request: DatabaseRequest, level: AccessLevel, engine: Engine, caller: str) -> str:
    """The database user: the one named, the vendor's of that level, or the caller's own. Raises UsageError for two."""
    if request.support and request.user:
        raise UsageError(
            f"--support means the user {user_name(SUPPORT_DATABASE_USER, level, engine)}, and --user names another.",
            "Use only one of the two options.",
        )
    if request.support:
        return user_name(SUPPORT_DATABASE_USER, level, engine)
    return request.user or user_name(identity_of(caller), level, engine)


def sign(gateway: Gateway, database: Database, user: str) -> str:
    """A new token, never a cached one, so that each connection gets the full 15 minutes."""
    return gateway.rds.generate_db_auth_token(database.endpoint, database.port, user)


def may_connect(gateway: Gateway, database: Database, user: str, caller: str) -> bool | None:
    """Whether IAM allows rds-db:connect as this user; None if it cannot be asked or the resource ID is unknown."""
    if not (database.resource_id and database.account):
        return None
    principal = _principal(caller)
    if not principal:
        return None
    try:
        return gateway.iam.simulate(principal, "rds-db:connect", database.user_arn(user), []) == "allowed"
    except (AwsError, NotFound):  # few may simulate policies; the database decides in any case
        return None


def permissions_of(gateway: Gateway, database: Database, request: DatabaseRequest) -> list[Permission]:
    """The caller's user for each access level, or the one user named, and whether IAM allows each."""
    caller = gateway.sts.get_caller_arn() if not request.user or database.resource_id else ""
    words = {True: "allowed", False: "denied", None: "unknown"}
    permissions = []
    named = [level_of(request.user) or request.level] if request.user else list(AccessLevel)
    for level in named:
        user = user_of(request, level, database.engine, caller)
        permission = words[may_connect(gateway, database, user, caller)]
        meaning = level.meaning if not request.user or level_of(user) else "no access level"
        permissions.append(Permission(user, level, permission, meaning))
    return permissions


def _principal(caller: str) -> str:
    """The IAM user or role behind a caller's ARN; "" for principals that IAM cannot simulate.

    A session's ARN lacks the role's path, so a role with a path is not found, which leads to "unknown".
    """
    arn = Arn.find(caller)
    principal = arn.principal_arn if arn else None
    return str(principal) if principal and principal.kind in ("user", "role") else ""
