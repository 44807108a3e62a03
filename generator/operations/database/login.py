"""The caller's user in a database, whether IAM allows it, and a token for it."""

from __future__ import annotations

from generator.errors import AwsError, DeployerError, NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.model.arn import Arn
from generator.model.database import SUPPORT_PERSON, Database, Engine, Grade, Login, Permission
from generator.operations.database.request import Wish
from generator.operations.database.user_names import grade_of, person_of, user_name


def login_for(gateway: Gateway, database: Database, wish: Wish) -> Login:
    """The caller's user of the grade asked for, with a fresh token; refused early where IAM is known to refuse.

    Raises DeployerError with code `iam-refused`, NotFound without IAM authentication, UsageError.
    """
    if not database.iam_enabled:
        kind = "cluster" if database.is_cluster else "instance"
        raise NotFound(
            f"{database.name} does not take IAM tokens: IAM database authentication is off.",
            f"Switch it on: aws rds modify-db-{kind} --db-{kind}-identifier {database.name} "
            "--enable-iam-database-authentication --apply-immediately",
            code="iam-authentication-off",
        )
    named = wish.user or wish.support
    caller = gateway.sts.get_caller_arn() if not named or database.resource_id else ""
    user = user_of(wish, wish.grade, database.engine, caller)
    if may_connect(gateway, database, user, caller) is False:
        raise DeployerError(
            f"The credentials in use ({caller}) may not do rds-db:connect on {database.user_arn(user)}.",
            "Use a grade they permit (deployer db whoami tells), or ask for this one: deployer db policy prints it.",
            code="iam-refused",
        )
    return Login(database, user, grade_of(user), sign(gateway, database, user))


def user_of(wish: Wish, grade: Grade, engine: Engine, caller: str) -> str:
    """The database user meant: the one named, the vendor's of that grade, or the caller's own. Raises UsageError."""
    if wish.support and wish.user:
        raise UsageError(
            f"--support means the user {user_name(SUPPORT_PERSON, grade, engine)}, and --user another one.",
            "Leave one of the two out.",
        )
    if wish.support:
        return user_name(SUPPORT_PERSON, grade, engine)
    return wish.user or user_name(person_of(caller), grade, engine)


def sign(gateway: Gateway, database: Database, user: str) -> str:
    """A fresh token; never a cached one, so each new connection has its own 15 minutes."""
    return gateway.rds.generate_db_auth_token(database.endpoint, database.port, user)


def may_connect(gateway: Gateway, database: Database, user: str, caller: str) -> bool | None:
    """What IAM says about rds-db:connect for this user; None where it may not be asked or the id is not known."""
    if not (database.resource_id and database.account):
        return None
    principal = _principal(caller)
    if not principal:
        return None
    try:
        return gateway.iam.simulate(principal, "rds-db:connect", database.user_arn(user), []) == "allowed"
    except (AwsError, NotFound):  # few may simulate; the database decides in any case
        return None


def who(gateway: Gateway, database: Database, wish: Wish) -> list[Permission]:
    """The caller's user of each grade, or the one user named, and what IAM says to each."""
    caller = gateway.sts.get_caller_arn() if not wish.user or database.resource_id else ""
    words = {True: "allowed", False: "denied", None: "unknown"}
    found = []
    named = [grade_of(wish.user) or wish.grade] if wish.user else list(Grade)
    for grade in named:
        user = user_of(wish, grade, database.engine, caller)
        permission = words[may_connect(gateway, database, user, caller)]
        meaning = grade.meaning if not wish.user or grade_of(user) else "of no grade"
        found.append(Permission(user, grade, permission, meaning))
    return found


def _principal(caller: str) -> str:
    """The IAM user or role behind a caller's ARN; "" for what IAM cannot simulate.

    The session's ARN does not hold the role's path, so a role with a path is not found, which answers "unknown".
    """
    arn = Arn.find(caller)
    found = arn.principal_arn if arn else None
    return str(found) if found and found.kind in ("user", "role") else ""
