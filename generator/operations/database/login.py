"""`db token`, `db whoami`: the caller's user in a database, whether IAM allows it, and a token for it."""

from __future__ import annotations

import shlex
import time

from generator.errors import AwsError, DeployerError, NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.host.clipboard import on_clipboard
from generator.model.arn import Arn
from generator.model.caller import Caller
from generator.model.database import SUPPORT_DATABASE_USER, AccessLevel, Database, Engine, Login, Permission
from generator.model.database_client import DatabaseCaller
from generator.model.deployment import DEFAULT_STACK_NAME, Deployment
from generator.operations.database.lookup import find_database
from generator.operations.database.request import DatabaseRequest
from generator.operations.database.user_names import identity_of, level_of, user_name

DISCLOSURE = "a token that opens connections for 15 minutes"
CLIPBOARD_SECONDS = 45


def create_token(gateway: Gateway, request: DatabaseRequest, caller: DatabaseCaller, *, copy: bool = False) -> Login:
    """The caller's login with a new token, which the caller may print; with `copy` it is on the clipboard for a while.

    Raises what `find_database` and `login_for` raise, Declined, and NotFound without a clipboard.
    """
    if not copy:
        caller.allow_secret(DISCLOSURE)
    database = find_database(gateway, request)
    login = login_for(gateway, database, request)
    caller.say(f"{login.user} on {database.endpoint}:{database.port}")
    with on_clipboard(login.token if copy else "", caller.say):
        if copy:
            caller.say(f"The token is on the clipboard for {CLIPBOARD_SECONDS} seconds; Ctrl-C clears it at once.")
            time.sleep(CLIPBOARD_SECONDS)
    return login


def token_command(deployment: Deployment, request: DatabaseRequest, login: Login) -> str:
    """The command that prints another token of the same user, quoted for a shell."""
    words = ["--endpoint", request.endpoint, "--port", str(login.database.port)] if request.endpoint else [request.name]
    if request.user or login.level is None:
        words += ["--user", login.user]
    else:
        words += ["--permission", login.level.value, "--support" if request.support else ""]
    stack = "" if deployment.stack_name == DEFAULT_STACK_NAME else deployment.stack_name
    for option, value in (("--stack-name", stack), ("--profile", deployment.profile), ("--region", deployment.region)):
        words += [option, value] if value else []
    return shlex.join(["deployer", "db", "token", *filter(None, words)])


def login_for(gateway: Gateway, database: Database, request: DatabaseRequest) -> Login:
    """The caller's user of the requested access level, with a new token.

    Raises DeployerError (`iam-refused`) when IAM is known to refuse, NotFound without IAM authentication, UsageError.
    """
    if not database.iam_enabled:
        kind = "cluster" if database.is_cluster else "instance"
        named = (f"modify-db-{kind}", f"--db-{kind}-identifier", database.name)
        enable = ("--enable-iam-database-authentication", "--apply-immediately")
        raise NotFound(
            f"{database.name} does not accept IAM tokens: IAM database authentication is off.",
            f"Enable it: {gateway.commands.aws('rds', *named, *enable)}",
            code="iam-authentication-off",
        )
    given = request.user or request.support
    caller = gateway.sts.get_caller_arn() if not given or database.resource_id else ""
    user = user_of(request, request.level, database.engine, caller)
    if may_connect(gateway, database, user, caller) is False:
        raise DeployerError(
            f"The credentials in use ({caller}) may not use rds-db:connect on {database.user_arn(user)}.",
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


def whoami(gateway: Gateway, request: DatabaseRequest, caller: Caller) -> list[Permission]:
    """The caller's user for each access level, or the one user named, and whether IAM allows each.

    Raises what `find_database` and `user_of` raise.
    """
    permissions = _permissions(gateway, find_database(gateway, request), request)
    if any(each.permission == "unknown" for each in permissions):
        caller.say("unknown: these credentials may not query IAM; the database decides when you connect.")
    return permissions


def _permissions(gateway: Gateway, database: Database, request: DatabaseRequest) -> list[Permission]:
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
