"""From what was typed to a database, a user and a token."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from generator import directories
from generator.errors import AwsError, DeployerError, NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.host.download import fetch
from generator.model.contract import Parameter
from generator.model.database import (
    DEFAULT_LOCAL_PORT,
    SUPPORT_PERSON,
    Database,
    Engine,
    Grade,
    Login,
    Permission,
)
from generator.operations.database.error_messages import default_bundle
from generator.operations.database.jump_host import told
from generator.operations.database.user_names import grade_of, person_of, user_name
from generator.operations.sessions.targets import view_stack

BUNDLE_URL = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"  # RDS user guide, "Using SSL/TLS"


@dataclass(frozen=True)
class Wish:
    """What was asked for; empty means "find out". `name` is an identifier in RDS, `target` the instance to hop from,
    `support` the vendor's user of the grade in the place of the caller's own."""

    name: str = ""
    endpoint: str = ""
    port: int = 0
    engine: Engine | None = None
    dbname: str = ""
    grade: Grade = Grade.READ
    user: str = ""
    local_port: int = DEFAULT_LOCAL_PORT
    ca_bundle: str = ""
    target: str = ""
    document: str = ""
    reason: str = ""
    support: bool = False


def find_database(gateway: Gateway, wish: Wish) -> Database:
    """The database meant: the endpoint given, the one named, the stack's, or the only one there is.

    Raises NotFound, UsageError when several are there or RDS says another engine, AwsError where RDS may not be asked.
    """
    if wish.port and not wish.endpoint:
        raise UsageError("--port says which port of --endpoint, and no endpoint is given.", "Add --endpoint HOST.")
    found = _given(gateway, wish) if wish.endpoint else _looked_up(gateway, wish)
    if not found.endpoint:
        raise NotFound(f"{found.name} has no endpoint yet: it is being made.", "Wait until it is available.")
    if wish.engine and found.resource_id and wish.engine is not found.engine:
        raise UsageError(f"{found.name} is a {found.engine} database, not {wish.engine}.", "Leave --engine out.")
    return replace(found, database=wish.dbname or found.database, engine=wish.engine or found.engine)


def _given(gateway: Gateway, wish: Wish) -> Database:
    engine = wish.engine or (Engine.MYSQL if wish.port == Engine.MYSQL.default_port else Engine.POSTGRESQL)
    port = wish.port or engine.default_port
    return Database(wish.name or wish.endpoint, engine, wish.endpoint, port, region=gateway.region)


def _looked_up(gateway: Gateway, wish: Wish) -> Database:
    try:
        if wish.name:
            return gateway.rds.describe_database(wish.name)
        return _of_stack(gateway) or _only(gateway.rds.describe_databases(), gateway.region)
    except AwsError as error:
        if not _denied(error):
            raise
        raise AwsError(
            "These credentials may not ask RDS which databases there are.",
            "Say where it is: --endpoint HOST --port PORT",
            operation=error.operation,
            aws_code=error.aws_code,
            request_id=error.request_id,
        ) from error


def _denied(error: AwsError) -> bool:
    return "AccessDenied" in error.aws_code


def _of_stack(gateway: Gateway) -> Database | None:
    """The database the stack was told of; None without a stack, such parameters, or leave to read them.

    What RDS knows of that endpoint besides, like the id that policies name, is taken where RDS may be asked.
    """
    stack = view_stack(gateway).stack
    endpoint = told(stack, Parameter.DATABASE_ENDPOINT) if stack else ""
    if stack is None or not endpoint:
        return None
    port = told(stack, Parameter.DATABASE_PORT)
    engine = Engine.MYSQL if port == str(Engine.MYSQL.default_port) else Engine.POSTGRESQL
    known = Database(
        name=endpoint.split(".")[0],
        engine=engine,
        endpoint=endpoint,
        port=int(port) if port.isdigit() else engine.default_port,
        resource_id=told(stack, Parameter.DATABASE_RESOURCE_ID),
        region=stack.region,
        account=stack.account,
        partition=stack.partition,
    )
    return as_rds_knows(gateway, known)


def as_rds_knows(gateway: Gateway, database: Database) -> Database:
    """The same endpoint with all that RDS knows of it; as it is where RDS does not know it or may not be asked.

    A cluster's reader endpoint is its writer's with `-ro` (Aurora user guide, "Amazon Aurora endpoint connections").
    """
    writer = database.endpoint.replace(".cluster-ro-", ".cluster-")
    try:
        found = next((d for d in gateway.rds.describe_databases() if d.endpoint == writer), None)
    except AwsError as error:
        if not _denied(error):
            raise
        return database
    return replace(found, endpoint=database.endpoint) if found else database


def _only(found: Sequence[Database], region: str) -> Database:
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(
            f"There is no PostgreSQL or MySQL database in {region or 'this region'}.",
            "Check --region and --profile, or give --endpoint.",
            code="database-not-found",
        )
    listed = "\n    ".join(database.label for database in found)
    raise UsageError(
        f"There are {len(found)} databases in {region or 'this region'}, and nothing says which is meant.",
        f"Name one after the command:\n    {listed}",
        code="database-ambiguous",
    )


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
    if ":assumed-role/" in caller:
        head, _, rest = caller.partition(":assumed-role/")
        return f"{head.replace(':sts:', ':iam:')}:role/{rest.split('/')[0]}"
    return caller if ":user/" in caller else ""


def ca_bundle(given: str) -> str:
    """The authorities to trust: the file given, DEPLOYER_CA_BUNDLE, or what `db ca-bundle` fetched. Raises NotFound."""
    chosen = Path(given or os.environ.get("DEPLOYER_CA_BUNDLE") or default_bundle(directories.data()))
    if given == "system":  # RDS Proxy has public certificates; libpq 16 knows this word
        return given
    if not chosen.is_file():
        raise NotFound(
            f"There is no CA bundle {chosen}, and without RDS's authorities no server can be verified.",
            "Fetch it with: deployer db ca-bundle, or give one with --ca-bundle FILE.",
            code="ca-bundle-missing",
        )
    _see_certificates(chosen)
    return str(chosen.absolute())


def _see_certificates(bundle: Path) -> None:
    try:
        found = b"-BEGIN CERTIFICATE-" in bundle.read_bytes()
    except OSError as error:
        raise NotFound(
            f"The CA bundle {bundle} cannot be read: {error.strerror}.",
            "Make it readable, or fetch another with: deployer db ca-bundle",
            code="ca-bundle-missing",
        ) from None
    if not found:
        raise NotFound(
            f"The file {bundle} holds no certificate in PEM, so it is no CA bundle.",
            "Fetch RDS's with: deployer db ca-bundle",
            code="ca-bundle-empty",
        )


def fetch_bundle(source: str, sha256: str) -> Path:
    """Fetch RDS's authorities to where they are looked for. Raises Refused when their hash is not the one given."""
    return fetch(source or BUNDLE_URL, sha256, default_bundle(directories.data()))


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)
